import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.losses import reconstruction

ZERO = np.zeros((2, 2, 4, 3), np.float32)
# 24 values off by 1/2, and 24 by 1
STEP = ZERO + np.array([0.5, -1.0], np.float32)[:, None, None, None]


@pytest.mark.parametrize(
    "name, values",
    {
        "l2_mean": (0.25, 1.0),
        "l2_sum": (6.0, 24.0),
        "half_l2_sum": (3.0, 12.0),
        "l1": (0.5, 1.0),
    }.items(),
)
def test_by_hand(name, values):
    np.testing.assert_allclose(getattr(reconstruction, name)(STEP, ZERO), values, rtol=1e-6)


@pytest.mark.parametrize("name, values", [("pyramid_l1", (1.0, 2.0)), ("pyramid_l2", (0.5, 2.0))])
def test_a_pyramid_is_the_sum_over_its_scales(name, values):
    scales = STEP[:, ::2, ::2], STEP
    found = getattr(reconstruction, name)(scales, [np.zeros_like(scale) for scale in scales])
    np.testing.assert_allclose(found, values, rtol=1e-6)


def test_masked_l2_is_the_mean_over_the_missing_pixels():
    hole = np.zeros((2, 2, 4, 1), np.float32)
    hole[0, 0, :2] = 1
    prediction = ZERO.copy()
    prediction[0, 0, 0] = (1, 2, 0)  # 5 over 2 pixels of 3 values
    prediction[0, 1] = 7  # known: of no effect
    np.testing.assert_allclose(
        reconstruction.masked_l2(prediction, ZERO, hole), [5 / 6, 0], rtol=1e-6
    )


def test_weighted_l2_divides_by_the_number_of_values():
    weight = np.zeros((2, 2, 4, 1), np.float32)
    weight[:, 0, 0] = 8
    np.testing.assert_allclose(
        reconstruction.weighted_l2(STEP, ZERO, weight), [0.25, 1.0], rtol=1e-6
    )


def test_overlap_l2():
    """960 ring pixels of weight 10 and 3136 inside, over 4096.

    The last case is the joint loss of the context encoder at a squared error of 0.04.
    """
    truth = np.zeros((1, 64, 64, 3), np.float32)
    np.testing.assert_allclose(reconstruction.overlap_l2(truth + 1, truth), [3.109375], rtol=1e-6)
    ring = truth.copy()
    ring[:, 4:60, 4:60] = 1
    np.testing.assert_allclose(reconstruction.overlap_l2(truth + 1, ring), [9600 / 4096], rtol=1e-6)
    mse = reconstruction.overlap_l2(truth + 0.2, truth, ring_weight=1.0)
    np.testing.assert_allclose(0.999 * mse + 0.001 * np.log(2), [0.04065315], rtol=1e-5)


def test_shapes_that_differ_are_not_broadcast():
    with pytest.raises(
        ValueError, match=r"shapes differ: prediction \(2, 2, 4, 3\), target \(1, 2, 4, 3\)"
    ):
        reconstruction.l2_mean(ZERO, ZERO[:1])
    with pytest.raises(
        ValueError, match=r"prediction must have the shape \[B, H, W, C\], got \(2, 4, 3\)"
    ):
        reconstruction.l1(ZERO[0], ZERO[0])
    with pytest.raises(ValueError, match="hole must have the shape"):
        reconstruction.masked_l2(ZERO, ZERO, jnp.ones_like(ZERO))
