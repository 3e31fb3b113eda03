import jax.numpy as jnp
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from inpaint_jax.errors import InputError
from inpaint_jax.metrics import desai_legacy_sse, l1_pct, l2_pct, psnr, sse_hole, ssim


def stripes(shift):
    """Build ((7i + 13j + 29c + shift) mod 32) / 31 on [0, 1], 16 x 16 x 3, converted to [-1, 1]."""
    i, j, c = np.mgrid[:16, :16, :3]
    return (2.0 * ((7 * i + 13 * j + 29 * c + shift) % 32 / 31.0) - 1.0).astype(np.float32)[None]


A, B = stripes(0), stripes(4)


def noise(seed, shape=(2, 24, 20, 3)):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_a_constant_difference():
    a = np.full((1, 8, 8, 3), 0.1, np.float32)
    np.testing.assert_allclose(psnr(a, a + 0.2), [20.0], rtol=1e-5)
    np.testing.assert_allclose(l2_pct(a, a + 0.2), [1.0], rtol=1e-5)
    np.testing.assert_allclose(l1_pct(a, a + 0.2), [10.0], rtol=1e-5)


def test_hole_and_full():
    truth, hole = np.zeros((1, 4, 4, 3), np.float32), np.zeros((1, 4, 4, 1), np.float32)
    hole[:, 1:3, 1:3] = 1
    answer = truth + 0.4 * hole  # wrong by 0.2 on [0, 1]
    np.testing.assert_allclose(psnr(answer, truth), [20.0], rtol=1e-5)
    np.testing.assert_allclose(psnr(answer, truth, hole), [13.9794], rtol=1e-5)
    np.testing.assert_allclose(l1_pct(answer, truth, hole), [20.0], rtol=1e-5)
    np.testing.assert_allclose(l2_pct(answer, truth, hole), [4.0], rtol=1e-5)
    np.testing.assert_allclose(sse_hole(answer, truth, hole), [4 * 3 * 0.04], rtol=1e-5)


@pytest.mark.parametrize(
    "percent, decibel",
    [(0.79, 21.024), (1.96, 17.077), (2.00, 16.990), (2.21, 16.556), (3.19, 14.962)],
)
def test_l2_per_cent_and_decibel(percent, decibel):
    a = np.zeros((1, 4, 4, 3), np.float32)
    b = a + 2 * np.sqrt(percent / 100, dtype=np.float32)
    np.testing.assert_allclose(l2_pct(a, b), [percent], rtol=1e-5)
    np.testing.assert_allclose(psnr(a, b), [decibel], atol=5e-4)


def test_psnr_of_equal_images_is_infinite():
    assert psnr(A, A) == np.inf
    # nothing was missing: no error
    assert psnr(A, B, np.zeros((1, 16, 16, 1), np.float32)) == np.inf


def test_psnr_is_per_image():
    a = np.zeros((2, 4, 4, 3), np.float32)
    b = a + np.array([0.2, 2.0], np.float32)[:, None, None, None]
    np.testing.assert_allclose(psnr(a, b), [20.0, 0.0], atol=1e-5)


def test_psnr_of_the_stripes():
    np.testing.assert_allclose([A.mean(), B.mean()], [0.0, 2 * 0.4946237 - 1], atol=1e-6)
    np.testing.assert_allclose(psnr(A, B), [9.182654], rtol=1e-5)


@pytest.mark.parametrize("window, value", [("gauss11", 0.3944071), ("uniform7", 0.3505414)])
def test_ssim_of_the_stripes(window, value):
    np.testing.assert_allclose(ssim(A, B, window=window), [value], rtol=1e-5)


def test_ssim_of_equal_images():
    np.testing.assert_allclose(ssim(A, A), [1.0], rtol=1e-6)
    flat = np.full((1, 16, 16, 3), 0.3, np.float32)
    np.testing.assert_allclose(ssim(flat, flat), [1.0], rtol=1e-6)


def test_ssim_of_constants():
    half = np.zeros((1, 16, 16, 3), np.float32)
    np.testing.assert_allclose(ssim(half, half + 0.2), [0.9836092], rtol=1e-5)


def test_ssim_of_lower_contrast():
    np.testing.assert_allclose(ssim(A, 0.5 * A), [0.8011632], rtol=1e-5)  # 0.5 A + 0.25 on [0, 1]


def test_ssim_without_the_range_conversion_is_another_number():
    """SSIM of 2A - 1 and 2B - 1 with range 2 is -0.2074043, so ``ssim`` must convert to [0, 1]."""
    wrong = structural_similarity(
        A[0],
        B[0],
        data_range=2.0,
        channel_axis=-1,
        gaussian_weights=True,
        use_sample_covariance=False,
    )
    np.testing.assert_allclose(wrong, -0.2074043, rtol=1e-5)
    assert abs(float(ssim(A, B)[0]) - wrong) > 0.5


@pytest.mark.parametrize(
    "window, options",
    [("gauss11", {"gaussian_weights": True, "sigma": 1.5}), ("uniform7", {"win_size": 7})],
)
def test_ssim_agrees_with_skimage(window, options):
    a, b = noise(0), noise(1)
    b = (0.7 * a + 0.3 * b).astype(np.float32)
    expected = [
        structural_similarity(
            (x + 1) / 2,
            (y + 1) / 2,
            data_range=1.0,
            channel_axis=-1,
            use_sample_covariance=False,
            **options,
        )
        for x, y in zip(a, b, strict=True)
    ]
    np.testing.assert_allclose(ssim(a, b, window=window), expected, rtol=2e-5)


def legacy(error, energy, batch):
    """Build images of one missing pixel with squared errors and black-hole energies on [0, 1]."""
    truth = np.sqrt(np.asarray(energy, np.float64))
    answer = truth - np.sqrt(np.asarray(error, np.float64))

    def to_images(values):
        return jnp.asarray(2 * values - 1, jnp.float32)[:, None, None, None]

    return desai_legacy_sse(
        to_images(answer), to_images(truth), jnp.ones((len(truth), 1, 1, 1)), batch=batch
    )


def test_desai_legacy_sse():
    # one batch of 2: after the first paste 1 + 20, after the second 1 + 2; the divisor stays 32
    np.testing.assert_allclose(legacy([1, 2], [10, 20], 32), [21 / 32, 3 / 32], rtol=1e-5)
    assert np.isclose(legacy([1, 2], [10, 20], 32).mean(), 0.375)


def test_desai_legacy_sse_of_a_whole_batch():
    np.testing.assert_allclose(legacy([372] * 32, [3320] * 32, 32).mean(), 1799.9375, rtol=1e-5)
    perfect = legacy([0] * 40, [3320] * 40, 32)
    np.testing.assert_allclose(perfect[:32].mean(), 15.5 * 3320 / 32, rtol=1e-5)
    np.testing.assert_allclose(perfect[32:].mean(), 3.5 * 3320 / 32, rtol=1e-5)  # a last batch of 8


@pytest.mark.parametrize("metric", [psnr, l1_pct, l2_pct, sse_hole, desai_legacy_sse, ssim])
def test_docstrings(metric):
    for part in ("Args:", "Returns:", "[B"):
        assert part in metric.__doc__


def test_bad_input():
    with pytest.raises(InputError, match="unknown SSIM window 'box'; known: gauss11, uniform7"):
        ssim(A, B, window="box")
    with pytest.raises(InputError, match="SSIM gauss11 needs images of 11 pixels"):
        ssim(A[:, :8], B[:, :8])
    with pytest.raises(ValueError, match="shapes differ: prediction"):
        psnr(A, B[:, :8])
    with pytest.raises(ValueError, match="hole must have the shape"):
        psnr(A, B, np.ones((1, 8, 8, 1), np.float32))
