"""Harmonic filling of a hole: the starting point of residual networks."""

import jax
import jax.numpy as jnp

from inpaint_jax.blending import poisson_blend
from inpaint_jax.compositing import fill
from inpaint_jax.types import Hole, Image

TOLERANCE = 1e-5  # of the residual: the error is far below one of 256 grey values


def harmonic(image: Image, hole: Hole) -> Image:
    """Fill a hole with the smoothest surface through its border, like the baseline "harmonic".

    Args:
      image: ``[B, H, W, C]`` in [-1, 1]; values inside the hole do not matter.
      hole: ``[B, H, W, 1]``, 1 = missing.

    Returns:
      ``[B, H, W, C]``; known pixels are bit-identical to ``image``. No gradient passes.
    """
    image = jax.lax.stop_gradient(fill(jnp.asarray(image), hole))
    return poisson_blend(image, jnp.zeros_like(image), hole, tolerance=TOLERANCE)
