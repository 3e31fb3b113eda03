"""Per-pixel errors of a completed image, in the hole or over the full image."""

import jax.numpy as jnp

from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_image, check_same_shape


def psnr(prediction: Image, target: Image, hole: Hole | None = None) -> PerExample:
    """Peak signal-to-noise ratio, peak 1.

    Args:
      prediction: completed image, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, the region to measure in; None: the full image.

    Returns:
      ``[B]`` in dB; ``inf`` for equal images, which a mean must exclude and count.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    return -10.0 * jnp.log10(_region_mean(jnp.square(_unit_difference(prediction, target)), hole))


def l1_pct(prediction: Image, target: Image, hole: Hole | None = None) -> PerExample:
    """Mean absolute error in per cent of the range (Pathak et al., table 1).

    Args:
      prediction: completed image, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, the region to measure in; None: the full image.

    Returns:
      ``[B]``, 100 times the mean absolute difference on [0, 1].

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    return 100.0 * _region_mean(jnp.abs(_unit_difference(prediction, target)), hole)


def l2_pct(prediction: Image, target: Image, hole: Hole | None = None) -> PerExample:
    """Mean squared error in per cent of the squared range.

    Source: Pathak et al., table 1; Salem et al., table I.

    Args:
      prediction: completed image, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, the region to measure in; None: the full image.

    Returns:
      ``[B]``, 100 times the mean squared difference on [0, 1]; a value of 1 corresponds to 20 dB if
      the mean is taken before the logarithm.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    return 100.0 * _region_mean(jnp.square(_unit_difference(prediction, target)), hole)


def sse_hole(prediction: Image, target: Image, hole: Hole) -> PerExample:
    """Sum of squared errors on [0, 1] over the missing values, as Desai & Ghosal meant to report.

    Args:
      prediction: completed image, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``[B]``.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    check_hole(hole, prediction, "prediction")
    return (hole * jnp.square(_unit_difference(prediction, target))).sum((1, 2, 3))


def _unit_difference(prediction: Image, target: Image) -> Image:
    check_image("prediction", prediction)
    check_same_shape(prediction=prediction, target=target)
    return (prediction - target) / 2.0


def _region_mean(values: Image, hole: Hole | None) -> PerExample:
    if hole is None:
        return values.mean((1, 2, 3))
    check_hole(hole, values, "prediction")
    missing = hole.sum((1, 2, 3)) * values.shape[-1]
    return (hole * values).sum((1, 2, 3)) / jnp.maximum(missing, 1.0)  # no hole, no error
