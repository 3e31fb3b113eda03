"""Kernel distance between two sets of images, as distributions of network features."""

from collections.abc import Callable

import jax
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.metrics.perceptual import FeatureNetwork

BATCH = 64  # images per feature batch
ROWS = 1024  # rows of the kernel matrix in memory at once


def kid(
    features_a: np.ndarray, features_b: np.ndarray, *, paired: bool = False
) -> tuple[float, float]:
    """Kernel inception distance: unbiased squared MMD with the kernel ``(x.y / F + 1)^3``.

    MMD is the maximum mean discrepancy. Bińkowski et al. 2018 average this estimate over random
    subsets. This function evaluates it once over the whole set, which has the same expectation and
    the least variance. The standard error comes from the jackknife over images, so nothing is
    random.

    Args:
      features_a: one row of features per image, ``[N, F]``.
      features_b: features of the other set, ``[M, F]``.
      paired: row i of ``features_a`` corresponds to row i of ``features_b``, as a completion
        corresponds to a ground truth. Pairs are then the independent units, and the estimate omits
        kernel values within pairs (Gretton et al. 2012, eq. 4). Including them would underestimate
        the distance of sets that share pixels.

    Returns:
      The distance and the standard error. The distance can be slightly negative if the sets do not
      differ.

    Raises:
      InputError: fewer than 3 images in a set, features that are not matrices of equal width, or
        paired features of unequal length.
    """
    a, b = (np.asarray(features, np.float64) for features in (features_a, features_b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or (paired and len(a) != len(b)):
        raise InputError(f"features do not fit: {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 3:
        raise InputError(
            f"the kernel distance needs at least 3 images in a set, got {len(a)} and {len(b)}"
        )
    within_a, within_b = (_row_sums(x, x) - _kernel_of_pairs(x, x) for x in (a, b))
    across_a, across_b = _row_sums(a, b), _row_sums(b, a)
    if paired:
        same = _kernel_of_pairs(a, b)
        across_a, across_b = across_a - same, across_b - same

    def distance(sum_a, n, sum_b, m, sum_across):
        pairs = n * (n - 1) if paired else n * m
        return sum_a / (n * (n - 1)) + sum_b / (m * (m - 1)) - 2.0 * sum_across / pairs

    n, m, total_a, total_b, across = len(a), len(b), within_a.sum(), within_b.sum(), across_a.sum()
    if paired:
        left_out_sum = across - across_a - across_b
        without = distance(
            total_a - 2 * within_a, n - 1, total_b - 2 * within_b, n - 1, left_out_sum
        )
        variance = _jackknife(without)
    else:
        variance = _jackknife(
            distance(total_a - 2 * within_a, n - 1, total_b, m, across - across_a)
        )
        variance += _jackknife(
            distance(total_a, n, total_b - 2 * within_b, m - 1, across - across_b)
        )
    return float(distance(total_a, n, total_b, m, across)), float(np.sqrt(variance))


def kid_vgg16(
    prediction: np.ndarray, target: np.ndarray, hole: np.ndarray, *, vgg16: FeatureNetwork
) -> tuple[float, float]:
    """1000 times the kernel distance of completions and ground truth, on ImageNet VGG-16 features.

    Args:
      prediction: completed images, ``[N, H, W, 3]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ignored.
      vgg16: the network. Features are the means of the map "relu5_3" over positions, 512 per image.

    Returns:
      The distance and its standard error.

    Raises:
      InputError: fewer than 3 images, or images below 16 pixels a side.
    """
    del hole
    network: Callable = vgg16.maps
    features = (_in_batches(_pooled, network, images) for images in (prediction, target))
    value, error = kid(*features, paired=True)
    return 1000.0 * value, 1000.0 * error


@jax.jit
def _pooled(maps, images):
    return maps(images)["relu5_3"].mean((1, 2))


def _in_batches(function: Callable, network: Callable, images: np.ndarray) -> np.ndarray:
    """Evaluate a jitted function in batches, padding the last one so that it compiles once."""
    parts = []
    for first in range(0, len(images), BATCH):
        batch = images[first : first + BATCH]
        padding = ((0, BATCH - len(batch)), *((0, 0),) * (images.ndim - 1))
        parts.append(np.asarray(function(network, np.pad(batch, padding)))[: len(batch)])
    return np.concatenate(parts)


def _row_sums(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sum the kernel of each x over all y without building the whole matrix."""
    blocks = (x[first : first + ROWS] for first in range(0, len(x), ROWS))
    return np.concatenate([((block @ y.T / x.shape[1] + 1.0) ** 3).sum(1) for block in blocks])


def _kernel_of_pairs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return ((x * y).sum(1) / x.shape[1] + 1.0) ** 3


def _jackknife(without: np.ndarray) -> float:
    """Compute the variance of an estimate from its leave-one-out values."""
    return (len(without) - 1) * float(np.var(without))
