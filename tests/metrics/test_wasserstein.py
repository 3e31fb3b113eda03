"""Sliced Wasserstein distance, part by part."""

import numpy as np
import pytest
from scipy import ndimage

from inpaint_jax import metrics
from inpaint_jax.errors import InputError
from inpaint_jax.metrics import wasserstein
from inpaint_jax.metrics.wasserstein import (
    distances,
    double,
    halve,
    laplacian_pyramid,
    normalised,
    patches,
)


def noise(seed, shape):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_filters_are_those_of_karras():
    """The authors filter with the outer product of (1, 4, 6, 4, 1) / 16, reflected at borders."""
    image = noise(0, (2, 16, 18, 3))
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, :, :, None] / 256
    down = ndimage.convolve(image, kernel, mode="mirror")[:, ::2, ::2]
    np.testing.assert_allclose(halve(image), down, atol=1e-6)
    spread = np.zeros((2, 16, 18, 3))
    spread[:, ::2, ::2] = down
    np.testing.assert_allclose(
        double(down, image.shape), ndimage.convolve(spread, 4 * kernel, mode="mirror"), atol=1e-6
    )


@pytest.mark.parametrize(
    "size, sides", [((64, 64), [64, 32, 16]), ((31, 40), [31]), ((33, 47), [33, 17])]
)
def test_a_pyramid_sums_up_to_the_image(size, sides):
    image = noise(1, (1, *size, 2))
    levels = list(laplacian_pyramid(image))
    assert [level.shape[1] for level in levels] == sides
    whole = levels[-1]
    for level in levels[-2::-1]:
        whole = level + double(whole, level.shape)
    np.testing.assert_allclose(whole, image, atol=1e-5)
    flat = list(laplacian_pyramid(np.full((1, 64, 64, 1), 0.5)))
    assert all(np.abs(level).max() < 1e-6 for level in flat[:-1])
    np.testing.assert_allclose(flat[-1], 0.5, atol=1e-6)


def test_patches():
    image = np.arange(2 * 9 * 10, dtype=np.float32).reshape(2, 9, 10, 1)
    places = np.array([[[0, 0], [2, 3]], [[1, 2], [0, 1]]])
    cut = patches(image, places)
    assert cut.shape == (4, 7, 7, 1)
    np.testing.assert_array_equal(cut[1], image[0, 2:9, 3:10])
    np.testing.assert_array_equal(cut[2], image[1, 1:8, 2:9])


def test_channels_are_normalised_over_all_patches():
    cut = noise(2, (50, 7, 7, 3)) * np.array([1, 5, 0.1], np.float32) + np.array(
        [0, 3, -1], np.float32
    )
    rows = normalised(cut).reshape(50, 7, 7, 3)
    np.testing.assert_allclose(rows.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(rows.std((0, 1, 2)), 1, rtol=1e-4)
    assert not normalised(np.ones((4, 7, 7, 1), np.float32)).any()


def test_a_shift_is_its_mean_projection():
    """Clouds differ by a vector of length L, whose mean projection in 2 dimensions is 2 L / pi."""
    rng = np.random.default_rng(3)
    cloud = rng.normal(size=(40, 2)).astype(np.float32)
    value, without = distances(cloud, cloud + np.float32([3, 4]), np.arange(40) % 4, rng)
    np.testing.assert_allclose(value, 10 / np.pi, rtol=0.06)
    assert without.shape == (4,) and np.ptp(without) < 1e-5


def test_order_does_not_count():
    rng = np.random.default_rng(4)
    cloud = rng.normal(size=(30, 5)).astype(np.float32)
    value, _ = distances(cloud, cloud[::-1], np.zeros(30, int), rng)
    assert value < 1e-6


def test_groups_are_left_out():
    """One of two groups of points differs: without that group the clouds are equal."""
    a = np.random.default_rng(5).normal(size=(20, 3)).astype(np.float32)
    groups = np.arange(20) % 2
    b = a + groups[:, None].astype(np.float32)
    _, without = distances(a, b, groups, np.random.default_rng(0))
    assert without[1] < 1e-6
    _, other = distances(
        a[groups == 1], b[groups == 1], np.zeros(10, int), np.random.default_rng(0)
    )
    expected, _ = distances(a[1::2], b[1::2], np.zeros(10, int), np.random.default_rng(0))
    np.testing.assert_allclose(without[0], expected, rtol=0.1)


def test_distance_of_sets():
    images = noise(6, (12, 32, 32, 3))
    smooth = ndimage.gaussian_filter(images, (0, 1, 1, 0))
    smoother = ndimage.gaussian_filter(images, (0, 2, 2, 0))
    assert metrics.sliced_wasserstein(images, images) == (0, 0)
    near, error = metrics.sliced_wasserstein(smooth, images)
    far, _ = metrics.sliced_wasserstein(smoother, images)
    assert 1 < 3 * error < near < far
    assert (near, error) == metrics.sliced_wasserstein(smooth, images)
    assert near != metrics.sliced_wasserstein(smooth, images, seed=1)[0]
    # The channels are normalised: brightness and contrast of a whole set do not count.
    np.testing.assert_allclose(
        metrics.sliced_wasserstein(0.5 * images + 0.2, images)[0], 0, atol=0.1
    )


def test_one_image_has_no_error():
    value, error = metrics.sliced_wasserstein(noise(7, (1, 16, 16, 3)), noise(8, (1, 16, 16, 3)))
    assert value > 0 and np.isnan(error)


def test_what_does_not_fit():
    with pytest.raises(InputError, match="needs images of 16 pixels a side"):
        metrics.sliced_wasserstein(noise(0, (2, 15, 20, 3)), noise(1, (2, 15, 20, 3)))
    with pytest.raises(InputError, match="shapes differ"):
        metrics.sliced_wasserstein(noise(0, (2, 16, 16, 3)), noise(1, (1, 16, 16, 3)))
    assert wasserstein.PATCHES == 128
