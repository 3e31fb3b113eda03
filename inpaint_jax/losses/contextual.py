"""How well a generated picture agrees with the known pixels, those near the hole first (Yeh et al.)."""

import jax.numpy as jnp
from jax import lax

from inpaint_jax.errors import InputError
from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_image, check_same_shape

COUNTED = ("missing", "known")


def importance_weight(hole: Hole, *, window: int = 7, counted: str = "missing") -> Image:
    """Weight of every known pixel: the share of missing pixels in the window around it (Yeh et al., eq. 3).

    The first code that the authors released counts the known pixels instead, so that its weights grow
    away from the hole, and sum to 28 times as much for a centre hole. The window continues across the
    image's edge by reflection, edge included; the divisor is always the whole window, its centre
    counted.

    Args:
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      window: side of the window in pixels, odd.
      counted: "missing" pixels of the window, or "known" ones.

    Returns:
      ``[B, H, W, 1]`` in [0, 1]: 0 inside the hole and, where missing pixels are counted, 0 more than
      ``window // 2`` pixels from any hole; 1 there where known ones are.

    Raises:
      InputError: for an even window, one whose half is wider than the picture, another ``counted``, or a
        hole that is not float.
    """
    check_image("hole", hole)
    half = window // 2
    if window % 2 == 0 or half > min(hole.shape[1:3]):
        raise InputError(f"window must be odd and at most 2 * {min(hole.shape[1:3])} + 1, got {window}")
    padded = jnp.pad(hole, ((0, 0), (half, half), (half, half), (0, 0)), mode="symmetric")
    if counted not in COUNTED:
        raise InputError(f"unknown pixels {counted!r} to count; known: {', '.join(COUNTED)}")
    missing = lax.reduce_window(padded, 0.0, lax.add, (1, window, window, 1), (1, 1, 1, 1), "VALID")
    return (1.0 - hole) * (missing if counted == "missing" else window**2 - missing) / window**2


def contextual_l1(prediction: Image, target: Image, importance: Image) -> PerExample:
    """Weighted absolute error over the known pixels (Yeh et al., eq. 4; the released code of Buchacek).

    With ``importance = 1 - hole`` it is the context term of Sharma.

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: the damaged picture, same shape and range.
      importance: ``[B, H, W, 1]``, 0 inside the hole (see ``importance_weight``).

    Returns:
      ``[B]``, weighted absolute intensity summed over H, W and C. What lies at weight 0 is ignored.

    Raises:
      InputError: where the shapes do not fit, or an array is not float.
    """
    return (importance * jnp.abs(_weighed_difference(prediction, target, importance))).sum((1, 2, 3))


def contextual_l2(prediction: Image, target: Image, importance: Image) -> PerExample:
    """Weighted squared error over the known pixels, the weight squared too (Buchacek, as printed).

    Args:
      prediction: generator output, ``[B, H, W, C]`` in [-1, 1].
      target: the damaged picture, same shape and range.
      importance: ``[B, H, W, 1]``, 0 inside the hole (see ``importance_weight``).

    Returns:
      ``[B]``, squared weighted intensity summed over H, W and C. What lies at weight 0 is ignored.

    Raises:
      InputError: where the shapes do not fit, or an array is not float.
    """
    return jnp.square(importance * _weighed_difference(prediction, target, importance)).sum((1, 2, 3))


def _weighed_difference(prediction: Image, target: Image, importance: Image) -> Image:
    check_same_shape(prediction=prediction, target=target)
    check_hole(importance, prediction, "prediction")
    return jnp.where(importance > 0, prediction - target, 0.0)  # where, not *: a hole may hold anything, even NaN
