"""The shape of a hole: in one piece, or scattered over the image."""

import jax
import jax.numpy as jnp
from jax import lax

from inpaint_jax.types import Hole, check_image

WINDOW, SCATTERED = 3, 0.6  # side; share of the windows from which on a hole is scattered


def is_scattered(hole: Hole) -> jax.Array:
    """Find the holes of scattered pixels, such as those of ``pixels``, at any size of the image.

    A hole is one where more than 60 % of all 3x3 windows hold known pixels and missing ones. At 64 px
    these are 96 % under ``pixels`` with 70 % missing, 87 % with 80 %, 34 to 57 % under ``irregular``
    strokes, 7 % under ``center``.

    Args:
      hole: ``[B, H, W, 1]``, 1 = missing, at least 3 px a side.

    Returns:
      bool ``[B]``.

    Raises:
      InputError: a hole that is not float, or not four-dimensional.
    """
    check_image("hole", hole)
    window, ones = (1, WINDOW, WINDOW, 1), (1, 1, 1, 1)
    missing = lax.reduce_window((hole > 0.5).astype(jnp.float32), 0.0, lax.add, window, ones, "VALID")
    mixed = (missing > 0.5) & (missing < WINDOW**2 - 0.5)
    return mixed.mean((1, 2, 3)) > SCATTERED
