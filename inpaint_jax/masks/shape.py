"""Classify the shape of a hole: contiguous, or scattered over the image."""

import jax
import jax.numpy as jnp
from jax import lax

from inpaint_jax.types import Hole, check_image

WINDOW, SCATTERED = 3, 0.6  # window side; share of mixed windows above which a hole is scattered


def is_scattered(hole: Hole) -> jax.Array:
    """Detect holes of scattered pixels, such as ``pixels`` draws, at any image size.

    A hole is scattered if more than 60 % of all 3x3 windows contain both known and missing pixels.
    At 64 px the share is 96 % for ``pixels`` with 70 % missing, 87 % with 80 % missing, 34 to 57 %
    for ``irregular`` strokes, and 7 % for ``center``.

    Args:
      hole: ``[B, H, W, 1]``, 1 = missing, at least 3 px a side.

    Returns:
      bool ``[B]``.

    Raises:
      InputError: a hole that is not float, or not four-dimensional.
    """
    check_image("hole", hole)
    window, ones = (1, WINDOW, WINDOW, 1), (1, 1, 1, 1)
    missing = lax.reduce_window(
        (hole > 0.5).astype(jnp.float32), 0.0, lax.add, window, ones, "VALID"
    )
    mixed = (missing > 0.5) & (missing < WINDOW**2 - 0.5)
    return mixed.mean((1, 2, 3)) > SCATTERED
