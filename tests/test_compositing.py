import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.compositing import (
    CAFFE_MEAN,
    composite,
    fill,
    from_uint8,
    from_unit,
    quantise,
    round_to_uint8,
    to_255,
    to_uint8,
    to_unit,
)

IMAGE = np.random.default_rng(0).uniform(-1, 1, (2, 4, 5, 3)).astype(np.float32)
GENERATED = np.random.default_rng(1).uniform(-1, 1, (2, 4, 5, 3)).astype(np.float32)
HOLE = np.zeros((2, 4, 5, 1), np.float32)
HOLE[0, 1:3, 2:] = 1
KNOWN = np.broadcast_to(HOLE == 0, IMAGE.shape)


@pytest.mark.parametrize("value", [0.0, -1.0, CAFFE_MEAN])
def test_fill(value):
    damaged = np.asarray(jax.jit(lambda image, hole: fill(image, hole, value=value))(IMAGE, HOLE))
    np.testing.assert_array_equal(damaged[KNOWN], IMAGE[KNOWN])
    np.testing.assert_array_equal(damaged[0, 1, 2], np.broadcast_to(np.float32(value), (3,)))
    assert damaged.dtype == np.float32


def test_fill_discards_what_the_hole_holds():
    poisoned = np.where(HOLE > 0.5, np.float32(np.nan), IMAGE)
    np.testing.assert_array_equal(fill(poisoned, HOLE), fill(IMAGE, HOLE))


def test_composite_is_bit_identical_on_both_sides():
    completed = np.asarray(jax.jit(composite)(IMAGE, GENERATED, HOLE))
    np.testing.assert_array_equal(completed[KNOWN], IMAGE[KNOWN])
    np.testing.assert_array_equal(completed[~KNOWN], GENERATED[~KNOWN])


@pytest.mark.parametrize("array", [jnp.array, np.array])
def test_ranges(array):
    image, unit = array([-1.0, 0.0, 1.0]), array([0.0, 0.5, 1.0])
    np.testing.assert_array_equal(to_unit(image), [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(from_unit(unit), [-1.0, 0.0, 1.0])
    np.testing.assert_array_equal(to_255(image), [0.0, 127.5, 255.0])
    assert all(
        isinstance(result, type(image))
        for result in (to_unit(image), from_unit(unit), to_255(image))
    )


def test_levels_there_and_back():
    levels = np.arange(256, dtype=np.uint8)
    image = from_uint8(levels)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[[0, 255]], [-1, 1])
    np.testing.assert_allclose(from_uint8(np.uint8([51])), [-0.6], rtol=1e-6)
    np.testing.assert_array_equal(to_uint8(image), levels)
    np.testing.assert_array_equal(
        to_uint8(np.array([-3.0, -1, 0, 1, 2, np.nan])), [0, 0, 128, 255, 255, 128]
    )
    np.testing.assert_array_equal(
        round_to_uint8(np.array([-1.0, 0.4, 0.6, 254.6, 300.0])), [0, 0, 1, 255, 255]
    )


def test_quantise():
    image = from_uint8(np.arange(256, dtype=np.uint8))
    np.testing.assert_allclose(quantise(image), image, atol=2e-7)
    np.testing.assert_allclose(quantise(image + 0.4 / 127.5), image, atol=2e-7)
    np.testing.assert_array_equal(quantise(jnp.array([-1.5, 1.5])), [-1, 1])


def test_caffe_mean_is_117_104_123():
    np.testing.assert_allclose(127.5 * (1 + np.array(CAFFE_MEAN)), [117, 104, 123], atol=1e-4)


def test_shapes_that_do_not_fit():
    with pytest.raises(
        ValueError,
        match=r"hole must have the shape \(2, 4, 5, 1\) for image \(2, 4, 5, 3\), got \(2, 4, 5\)",
    ):
        fill(IMAGE, HOLE[..., 0])
    with pytest.raises(
        ValueError, match=r"shapes differ: image \(2, 4, 5, 3\), generated \(2, 4, 4, 3\)"
    ):
        composite(IMAGE, GENERATED[:, :, :4], HOLE)
