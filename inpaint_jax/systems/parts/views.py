"""What a validation shows of a batch: several images of every picture, side by side."""

import jax.numpy as jnp

from inpaint_jax.types import Image

SHOWN = 16  # pictures


def rows(*images: Image) -> Image:
    """Interleave batches, so that a grid has everything of one picture next to each other.

    Args:
      *images: N batches ``[B, H, W, C]``, such as true, damaged and completed pictures.

    Returns:
      ``[N * min(B, SHOWN), H, W, C]``: all N of the first picture, then all of the second, ...
    """
    first = jnp.stack([image[:SHOWN] for image in images], axis=1)
    return first.reshape(-1, *first.shape[2:])
