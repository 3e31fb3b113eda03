"""Image rows of a validation: several versions of every image, side by side."""

import jax.numpy as jnp

from inpaint_jax.types import Image

SHOWN = 16  # images


def rows(*images: Image) -> Image:
    """Interleave batches, so that a grid shows all versions of an image next to each other.

    Args:
      *images: N batches ``[B, H, W, C]``, such as true, damaged and completed images.

    Returns:
      ``[N * min(B, SHOWN), H, W, C]``: all N versions of the first image, then of the second, ...
    """
    first = jnp.stack([image[:SHOWN] for image in images], axis=1)
    return first.reshape(-1, *first.shape[2:])
