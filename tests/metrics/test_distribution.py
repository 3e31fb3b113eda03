"""Kernel distance against the definition, and the standard error against repeated draws."""

import itertools

import jax
import numpy as np
import pytest

from inpaint_jax import metrics
from inpaint_jax.errors import InputError
from inpaint_jax.metrics.distribution import kid_vgg16
from inpaint_jax.metrics.perceptual import FeatureNetwork


def kernel(x, y):
    return (float(np.dot(x, y)) / len(x) + 1) ** 3


def mean(values):
    return sum(values := list(values)) / len(values)


def test_constant_features():
    """k(0, .) = 1, k(1, 1) = 8: the distance is 1 + 8 - 2, and no single image changes it."""
    for paired in (False, True):
        value, error = metrics.kid(np.zeros((4, 2)), np.ones((4, 2)), paired=paired)
        np.testing.assert_allclose([value, error], [7, 0], atol=1e-12)


def test_unbiased_estimate():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(7, 3))
    expected = (
        mean(itertools.starmap(kernel, itertools.permutations(a, 2)))
        + mean(itertools.starmap(kernel, itertools.permutations(b, 2)))
        - 2 * mean(itertools.starmap(kernel, itertools.product(a, b)))
    )
    np.testing.assert_allclose(metrics.kid(a, b)[0], expected, rtol=1e-10)


def test_paired_estimate():
    """Gretton et al. 2012, equation 4."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    expected = mean(
        kernel(a[i], a[j]) + kernel(b[i], b[j]) - kernel(a[i], b[j]) - kernel(a[j], b[i])
        for i, j in itertools.permutations(range(5), 2)
    )
    np.testing.assert_allclose(metrics.kid(a, b, paired=True)[0], expected, rtol=1e-10)


@pytest.mark.parametrize("paired", [False, True])
def test_standard_error_is_the_jackknife(paired):
    """Recompute the distance without each image or pair in turn."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)) + 1

    def variance(values):
        return 5 / 6 * np.sum((np.array(values) - np.mean(values)) ** 2)

    def without(i, x):
        return np.delete(x, i, axis=0)

    if paired:
        expected = variance(
            [metrics.kid(without(i, a), without(i, b), paired=True)[0] for i in range(6)]
        )
    else:
        expected = variance([metrics.kid(without(i, a), b)[0] for i in range(6)])
        expected += variance([metrics.kid(a, without(i, b))[0] for i in range(6)])
    np.testing.assert_allclose(metrics.kid(a, b, paired=paired)[1], np.sqrt(expected), rtol=1e-9)


@pytest.mark.parametrize("paired", [False, True])
def test_the_same_distribution_is_at_distance_0_within_the_error(paired):
    """The error holds even if images share most features, as completions and ground truth do."""
    rng, values = np.random.default_rng(3), []
    for _ in range(200):
        shared, *own = rng.normal(size=(3, 40, 4))
        a, b = (0.9 * shared + 0.4359 * x for x in own) if paired else own  # correlation 0.81, or 0
        values.append(metrics.kid(a, b, paired=paired)[0])
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)


def test_standard_error_is_the_deviation_of_repeated_draws():
    rng = np.random.default_rng(4)
    draws = [
        metrics.kid(rng.normal(size=(60, 4)), rng.normal(size=(60, 4)) + 0.7) for _ in range(200)
    ]
    values, errors = np.array(draws).T
    np.testing.assert_allclose(errors.mean(), values.std(), rtol=0.15)


def test_features_that_do_not_fit():
    with pytest.raises(InputError, match=r"features do not fit: \(3, 2\) and \(3, 4\)"):
        metrics.kid(np.zeros((3, 2)), np.zeros((3, 4)))
    with pytest.raises(InputError, match="features do not fit"):
        metrics.kid(np.zeros((3, 2)), np.zeros((4, 2)), paired=True)
    with pytest.raises(InputError, match="at least 3 images in a set, got 2 and 3"):
        metrics.kid(np.zeros((2, 2)), np.zeros((3, 2)))


def test_features_are_means_of_the_last_map_of_every_image():
    """Batches of 64 and a padded rest: 1000 times the distance of the mean features."""
    rng = np.random.default_rng(5)
    a, b = rng.uniform(-1, 1, (2, 70, 4, 4, 3)).astype(np.float32)
    maps = jax.tree_util.Partial(lambda scale, images: {"relu5_3": scale * images}, np.float32(2))
    value, error = kid_vgg16(a, b, np.ones((70, 4, 4, 1)), vgg16=FeatureNetwork(maps, {}))
    expected = metrics.kid(2 * a.mean((1, 2)), 2 * b.mean((1, 2)), paired=True)
    np.testing.assert_allclose([value, error], 1000 * np.array(expected), rtol=1e-3, atol=1e-4)
