"""Reconstruction losses: per-pixel errors of a prediction, one number per image, ``[B]``.

Images are ``[B, H, W, C]`` in [-1, 1]. Compared to errors on [0, 1], squared errors are 4 times and
absolute errors 2 times as large.
"""

from collections.abc import Callable, Sequence

import jax.numpy as jnp

from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_image, check_same_shape


def l2_mean(prediction: Image, target: Image) -> PerExample:
    """Mean squared error (Gao & Grauman; Salem et al., eq. 1).

    Salem et al. call this L2 "normalised" and state no divisor.

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.

    Returns:
      ``[B]``, mean squared intensity over H, W and C.

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    return jnp.square(_difference(prediction, target)).mean((1, 2, 3))


def l2_sum(prediction: Image, target: Image) -> PerExample:
    """Sum of squared errors over the image.

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.

    Returns:
      ``[B]``, squared intensity summed over H, W and C.

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    return jnp.square(_difference(prediction, target)).sum((1, 2, 3))


def half_l2_sum(prediction: Image, target: Image) -> PerExample:
    """Half the sum of squared errors, the scale for the weights of Liu et al. (200, 200, 0.05).

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.

    Returns:
      ``[B]``, half the squared intensity summed over H, W and C.

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    return 0.5 * l2_sum(prediction, target)


def l1(prediction: Image, target: Image) -> PerExample:
    """Mean absolute error (Zheng et al., Pluralistic Image Completion, section 3.3).

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.

    Returns:
      ``[B]``, mean absolute intensity over H, W and C.

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    return jnp.abs(_difference(prediction, target)).mean((1, 2, 3))


def pyramid_l1(predictions: Sequence[Image], targets: Sequence[Image]) -> PerExample:
    """Mean absolute error of an image, summed over scales (Zheng et al., section 3.3).

    Args:
      predictions: generator outputs, ``[B, h, w, C]`` each in [-1, 1].
      targets: ground truth at the same scales.

    Returns:
      ``[B]``, mean absolute intensity over h, w and C, summed over scales.

    Raises:
      InputError: where the shapes differ, or an array is not float.
    """
    return _over_scales(l1, predictions, targets)


def pyramid_l2(predictions: Sequence[Image], targets: Sequence[Image]) -> PerExample:
    """Mean squared error of an image, summed over scales.

    Args:
      predictions: generator outputs, ``[B, h, w, C]`` each in [-1, 1].
      targets: ground truth at the same scales.

    Returns:
      ``[B]``, mean squared intensity over h, w and C, summed over scales.

    Raises:
      InputError: where the shapes differ, or an array is not float.
    """
    return _over_scales(l2_mean, predictions, targets)


def known_pyramid_l1(
    predictions: Sequence[Image], targets: Sequence[Image], holes: Sequence[Hole]
) -> PerExample:
    """``pyramid_l1`` over the known pixels; pixels inside the holes are free.

    Source: Zheng et al., section 3.3.

    Args:
      predictions: generator outputs, ``[B, h, w, C]`` each in [-1, 1].
      targets: ground truth at the same scales.
      holes: ``[B, h, w, 1]`` each, 1 where pixels are missing; between 0 and 1 for a partly missing
        scaled pixel.

    Returns:
      ``[B]``, absolute intensity times the known share of the pixel, mean over h, w and C, summed
      over scales.

    Raises:
      InputError: where the shapes do not fit, or an array is not float.
    """
    total = jnp.zeros(())
    for prediction, target, hole in zip(predictions, targets, holes, strict=True):
        check_hole(hole, prediction, "prediction")
        total = total + (jnp.abs(_difference(prediction, target)) * (1.0 - hole)).mean((1, 2, 3))
    return total


def masked_l2(prediction: Image, target: Image, hole: Hole) -> PerExample:
    """Mean squared error over the missing pixels (Desai & Ghosal, eq. 5; Pathak et al., eq. 1).

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``[B]``, mean squared intensity per missing value; 0 if nothing is missing. The papers sum
      instead of averaging: multiply by ``hole.sum((1, 2, 3)) * C`` to get their scale.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    check_hole(hole, prediction, "prediction")
    error = jnp.square(_difference(prediction, target)) * hole
    missing = hole.sum((1, 2, 3)) * target.shape[-1]
    return error.sum((1, 2, 3)) / jnp.maximum(missing, 1.0)  # no hole, no error


def weighted_l2(prediction: Image, target: Image, importance: Image) -> PerExample:
    """Mean squared error with a weight per pixel (Pathak et al.).

    As in the released code, the divisor is the number of values, not the sum of the weights.

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      importance: weight per pixel, ``[B, H, W, 1]``.

    Returns:
      ``[B]``, mean of the weighted squared intensity over H, W and C.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    check_hole(importance, prediction, "prediction")
    return (importance * jnp.square(_difference(prediction, target))).mean((1, 2, 3))


def overlap_l2(
    prediction: Image, target: Image, *, overlap: int = 4, ring_weight: float = 10.0
) -> PerExample:
    """Weighted squared error of a block whose outer ring overlaps known pixels (Pathak et al.).

    Args:
      prediction: the predicted block, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth of the block, same shape and range.
      overlap: width of the ring in pixels: 4 in the released code, 7 in the paper.
      ring_weight: weight of the ring; the inside has weight 1.

    Returns:
      ``[B]``, mean of the weighted squared intensity over H, W and C, not divided by the sum of the
      weights.

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    check_image("prediction", prediction)
    _, height, width, _ = prediction.shape
    row, column = jnp.arange(height), jnp.arange(width)
    inside_row = (row >= overlap) & (row < height - overlap)
    inside_column = (column >= overlap) & (column < width - overlap)
    inside = inside_row[None, :, None, None] & inside_column[None, None, :, None]
    weight = jnp.where(inside, 1.0, ring_weight).astype(prediction.dtype)
    return (weight * jnp.square(_difference(prediction, target))).mean((1, 2, 3))


def _over_scales(
    loss: Callable[[Image, Image], PerExample],
    predictions: Sequence[Image],
    targets: Sequence[Image],
) -> PerExample:
    return sum((loss(*pair) for pair in zip(predictions, targets, strict=True)), jnp.zeros(()))


def _difference(prediction: Image, target: Image) -> Image:
    check_image("prediction", prediction)
    check_same_shape(prediction=prediction, target=target)
    return prediction - target
