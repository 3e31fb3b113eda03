"""The first guess for a hole, peeled like an onion: fill every pixel from the best patch."""

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import nearest_field, patches
from inpaint_jax.systems.exemplar.distances import squared_difference
from inpaint_jax.systems.exemplar.nearest_field import Sources, Target


def onion(image: jax.Array, known: jax.Array, *, patch: int) -> jax.Array:
    """Fill a hole layer by layer from its border.

    Args:
      image: ``[H, W, C]``.
      known: ``[H, W]``, 1 outside the hole; some patch must be fully known.
      patch: side of a patch.

    Returns:
      ``[H, W, C]``. Every missing pixel is the centre of the nearest fully known patch. The
      distance uses the pixels that are known or already filled.
    """
    height, width, planes = image.shape
    middle = patch // 2
    frame = ((middle, middle), (middle, middle))
    sources = Sources(image[None], known[None], patches.counts(known, patch)[None] == patch * patch)
    colours = image[middle : height - middle, middle : width - middle].reshape(-1, planes)
    comparison = squared_difference()

    def unfinished(carry):
        _, filled = carry
        return ~filled.all() & filled.any()

    def peel(carry):
        painted, filled = carry
        border = ~filled & (patches.counts(jnp.pad(filled, 1), 3) > 0)
        target = Target(
            jnp.pad(painted, (*frame, (0, 0))), jnp.pad(filled, frame).astype(jnp.float32), border
        )
        field = nearest_field.exact(target, sources, comparison, patch=patch, chunk=(128, 1024))
        return jnp.where(border[..., None], colours[field.source], painted), filled | border

    return jax.lax.while_loop(unfinished, peel, (image, known > 0.5))[0]
