"""Sliced Wasserstein distance of Laplacian pyramid patches (Karras et al. 2018, section 5)."""

import functools
from collections.abc import Iterator

import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.types import check_image, check_same_shape

SMALLEST = 16  # side of the coarsest level
PATCH = 7  # side of a patch
PATCHES = 128  # per level and image
REPEATS, DIRECTIONS = 4, 128
GROUPS = 10  # jackknife groups of images
BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16


def sliced_wasserstein(
    prediction: np.ndarray, target: np.ndarray, hole: np.ndarray | None = None, *, seed: int = 0
) -> tuple[float, float]:
    """1000 times the sliced Wasserstein distance between the patches of two sets of images.

    The function compares texture at every level of a Laplacian pyramid, down to 16 pixels a side,
    and averages over the levels. Each image contributes 128 patches of 7 x 7 per level. Each
    channel is normalised over the set. The distance of the two point clouds is averaged over 4 x
    128 random directions. Unlike in Karras et al., patches lie at the same positions in both sets,
    because each completion corresponds to a ground truth. Equal sets have distance 0.

    Args:
      prediction: completed images, ``[N, H, W, C]`` in any range.
      target: ground truth, same shape and range.
      hole: ignored.
      seed: seed for the patch positions and the directions.

    Returns:
      The distance and the standard error over images. The error is a jackknife over 10 groups of
      images with the first 128 directions; NaN for a single image.

    Raises:
      InputError: the shapes differ, an array is not float, or images smaller than 16 pixels a side.
    """
    del hole
    check_image("prediction", prediction)
    check_same_shape(prediction=prediction, target=target)
    if min(prediction.shape[1:3]) < SMALLEST:
        raise InputError(
            f"the sliced Wasserstein distance needs images of {SMALLEST} pixels a side"
        )
    rng, count = np.random.default_rng(seed), len(prediction)
    groups = np.arange(count) % min(GROUPS, count)
    values, left_out = [], []
    for level_a, level_b in zip(
        laplacian_pyramid(prediction), laplacian_pyramid(target), strict=True
    ):
        places = rng.integers(np.array(level_a.shape[1:3]) - PATCH + 1, size=(count, PATCHES, 2))
        a, b = (normalised(patches(level, places)) for level in (level_a, level_b))
        value, without = distances(a, b, np.repeat(groups, PATCHES), rng)
        values.append(value)
        left_out.append(without)
    without = np.mean(left_out, axis=0)
    error = np.sqrt((len(without) - 1) * np.var(without)) if count > 1 else np.nan
    return 1000.0 * float(np.mean(values)), 1000.0 * float(error)


def laplacian_pyramid(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the band-pass levels of ``[N, H, W, C]`` from fine to coarse, then the low-pass."""
    level = np.asarray(images, np.float32)
    while min(level.shape[1:3]) // 2 >= SMALLEST:
        smaller = halve(level)
        yield level - double(smaller, level.shape)
        level = smaller
    yield level


def halve(images: np.ndarray) -> np.ndarray:
    """Smooth and drop every other row and column, like OpenCV's ``pyrDown``."""
    return _smooth(images, BINOMIAL)[:, ::2, ::2]


def double(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Insert zeros between rows and columns, smooth, and crop to the sides of ``shape``."""
    count, height, width, channels = images.shape
    spread = np.zeros((count, 2 * height, 2 * width, channels), np.float32)
    spread[:, ::2, ::2] = images
    return _smooth(spread, 2 * BINOMIAL)[:, : shape[1], : shape[2]]


def patches(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Cut patches out of images.

    Args:
      images: ``[N, H, W, C]``.
      places: top and left coordinates of the patches of each image, ``[N, P, 2]``.

    Returns:
      ``[N P, 7, 7, C]``, image by image.
    """
    image = np.arange(len(images))[:, None, None, None]
    rows, columns = places[..., 0, None, None], places[..., 1, None, None]
    cut = images[image, rows + np.arange(PATCH)[:, None], columns + np.arange(PATCH)]
    return cut.reshape(-1, *cut.shape[2:])


def normalised(cut: np.ndarray) -> np.ndarray:
    """Flatten patches to rows; normalise each channel to mean 0 and deviation 1 overall."""
    cut = cut - cut.mean((0, 1, 2), keepdims=True)
    cut /= np.maximum(cut.std((0, 1, 2), keepdims=True), 1e-8)
    return cut.reshape(len(cut), -1)


def distances(
    a: np.ndarray, b: np.ndarray, groups: np.ndarray, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    """Average the Wasserstein-1 distance of two clouds of points over random directions.

    Args:
      a, b: points, ``[P, F]``.
      groups: group of each point, 0 .. G - 1, ``[P]``. The groups apply to a and b alike.
      rng: draws the directions.

    Returns:
      The distance, and the leave-one-group-out distances ``[G]`` over the directions of the first
      repeat.
    """
    values, without = [], np.zeros(0)
    for repeat in range(REPEATS):
        directions = rng.standard_normal((a.shape[1], DIRECTIONS))
        directions = (directions / np.linalg.norm(directions, axis=0)).astype(np.float32)
        projected = [np.ascontiguousarray((points @ directions).T) for points in (a, b)]
        orders = [np.argsort(rows, axis=1) for rows in projected]
        x, y = (np.take_along_axis(*pair, axis=1) for pair in zip(projected, orders, strict=True))
        values.append(np.abs(x - y).mean(dtype=np.float64))
        if repeat == 0:
            kept = ([groups[order] != g for order in orders] for g in range(groups.max() + 1))
            without = np.array(
                [np.abs(x[i] - y[j]).mean(dtype=np.float64) for i, j in kept if i.any()]
            )
    return float(np.mean(values)), without


def _smooth(images: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Filter rows and columns; the border reflects at the outermost pixels."""
    for axis in (1, 2):
        length = images.shape[axis]
        padding = [(2, 2) if i == axis else (0, 0) for i in range(4)]
        padded = np.pad(images, padding, mode="reflect")
        views = (padded.take(range(i, i + length), axis) for i in range(len(taps)))
        images = functools.reduce(
            np.add, (tap * view for tap, view in zip(taps, views, strict=True))
        )
    return images
