"""How far two sets of images are from each other, as distributions of a network's features."""

from collections.abc import Callable

import jax
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.metrics.perceptual import FeatureNetwork

BATCH = 64  # images whose features are computed at once
ROWS = 1024  # of a matrix of kernel values that is held at once


def kid(features_a: np.ndarray, features_b: np.ndarray, *, paired: bool = False) -> tuple[float, float]:
    """Kernel inception distance: squared maximum mean discrepancy under ``(x.y / F + 1)^3``, without bias.

    Bińkowski et al. 2018 average this estimate over random subsets. Here it is taken once over the whole set, which
    has the same expectation and the least variance, and its standard error is found by leaving out one image at a
    time (jackknife), so that nothing is random.

    Args:
      features_a: one row of features per image, ``[N, F]``.
      features_b: the same of the other set, ``[M, F]``.
      paired: row i of both belongs together, as a completion does to its ground truth. Then a pair is the unit that
        is independent of the others, and kernel values within pairs are left out (Gretton et al. 2012, eq. 4); with
        them the distance of sets that share pixels would come out too small.

    Returns:
      The distance, which may be slightly negative where the sets do not differ, and its standard error.

    Raises:
      InputError: fewer than 3 images in a set, or features that are not matrices of equal width, or, if paired, of
        equal length.
    """
    a, b = (np.asarray(features, np.float64) for features in (features_a, features_b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or (paired and len(a) != len(b)):
        raise InputError(f"features do not fit: {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 3:
        raise InputError(f"the kernel distance needs at least 3 images in a set, got {len(a)} and {len(b)}")
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
        without = distance(total_a - 2 * within_a, n - 1, total_b - 2 * within_b, n - 1, left_out_sum)
        variance = _jackknife(without)
    else:
        variance = _jackknife(distance(total_a - 2 * within_a, n - 1, total_b, m, across - across_a))
        variance += _jackknife(distance(total_a, n, total_b - 2 * within_b, m - 1, across - across_b))
    return float(distance(total_a, n, total_b, m, across)), float(np.sqrt(variance))


def kid_vgg16(
    prediction: np.ndarray, target: np.ndarray, hole: np.ndarray, *, vgg16: FeatureNetwork
) -> tuple[float, float]:
    """1000 times the kernel distance of completions and ground truth, on features of VGG-16 trained on ImageNet.

    Args:
      prediction: completed images, ``[N, H, W, 3]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: not used.
      vgg16: the network; features are the mean of its map "relu5_3" over positions, 512 per image.

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
    """Evaluate a jitted function of a network and images; the last batch is padded, so that it compiles once."""
    parts = []
    for first in range(0, len(images), BATCH):
        batch = images[first : first + BATCH]
        padding = ((0, BATCH - len(batch)), *((0, 0),) * (images.ndim - 1))
        parts.append(np.asarray(function(network, np.pad(batch, padding)))[: len(batch)])
    return np.concatenate(parts)


def _row_sums(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sums over y of the kernel of every x, without the whole matrix."""
    blocks = (x[first : first + ROWS] for first in range(0, len(x), ROWS))
    return np.concatenate([((block @ y.T / x.shape[1] + 1.0) ** 3).sum(1) for block in blocks])


def _kernel_of_pairs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return ((x * y).sum(1) / x.shape[1] + 1.0) ** 3


def _jackknife(without: np.ndarray) -> float:
    """The variance of an estimate, from its values without one image each."""
    return (len(without) - 1) * float(np.var(without))
