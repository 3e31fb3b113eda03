"""Contextual losses: errors over the known pixels, weighted towards the hole (Yeh et al.)."""

import jax.numpy as jnp
from jax import lax

from inpaint_jax.errors import InputError
from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_image, check_same_shape

COUNTED = ("missing", "known")


def importance_weight(hole: Hole, *, window: int = 7, counted: str = "missing") -> Image:
    """Weight each known pixel by the share of missing pixels around it (Yeh et al., eq. 3).

    The authors' first released code counts the known pixels instead. Its weights grow with the
    distance from the hole; for a centre hole their sum is 28 times as large. The window extends
    beyond the image border by reflection, edge pixel included. The divisor is always the area of
    the whole window, centre included.

    Args:
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      window: side of the window in pixels, odd.
      counted: which pixels of the window to count, "missing" or "known".

    Returns:
      ``[B, H, W, 1]`` in [0, 1], 0 inside the hole. More than ``window // 2`` pixels from any hole,
      the weight is 0 if missing pixels are counted and 1 if known pixels are counted.

    Raises:
      InputError: an even window, a window whose half exceeds the image side, unknown ``counted``,
        or a hole that is not float.
    """
    check_image("hole", hole)
    half = window // 2
    if window % 2 == 0 or half > min(hole.shape[1:3]):
        raise InputError(
            f"window must be odd and at most 2 * {min(hole.shape[1:3])} + 1, got {window}"
        )
    padded = jnp.pad(hole, ((0, 0), (half, half), (half, half), (0, 0)), mode="symmetric")
    if counted not in COUNTED:
        raise InputError(f"unknown pixels {counted!r} to count; known: {', '.join(COUNTED)}")
    missing = lax.reduce_window(padded, 0.0, lax.add, (1, window, window, 1), (1, 1, 1, 1), "VALID")
    return (1.0 - hole) * (missing if counted == "missing" else window**2 - missing) / window**2


def contextual_l1(prediction: Image, target: Image, importance: Image) -> PerExample:
    """Weighted absolute error over the known pixels (Yeh et al., eq. 4; Buchacek's released code).

    With ``importance = 1 - hole`` this is Sharma's context term.

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: the damaged image, same shape and range.
      importance: ``[B, H, W, 1]``, 0 inside the hole (see ``importance_weight``).

    Returns:
      ``[B]``, weighted absolute intensity summed over H, W and C. Pixels of weight 0 are ignored,
      even NaN.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    return (importance * jnp.abs(_weighed_difference(prediction, target, importance))).sum(
        (1, 2, 3)
    )


def contextual_l2(prediction: Image, target: Image, importance: Image) -> PerExample:
    """Squared weighted error over the known pixels (Buchacek, as printed).

    The weight is squared too.

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: the damaged image, same shape and range.
      importance: ``[B, H, W, 1]``, 0 inside the hole (see ``importance_weight``).

    Returns:
      ``[B]``, squared weighted intensity summed over H, W and C. Pixels of weight 0 are ignored,
      even NaN.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    return jnp.square(importance * _weighed_difference(prediction, target, importance)).sum(
        (1, 2, 3)
    )


def _weighed_difference(prediction: Image, target: Image, importance: Image) -> Image:
    check_same_shape(prediction=prediction, target=target)
    check_hole(importance, prediction, "prediction")
    # where, not *: a hole may hold anything, even NaN
    return jnp.where(importance > 0, prediction - target, 0.0)
