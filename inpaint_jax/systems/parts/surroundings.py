"""Fill a hole with copies of the bands above and below, as textures for patches."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import Hole, Image


def surrounded(image: Image, hole: Hole, guess: Image) -> Image:
    """Fill the upper half of a hole from the band above it, and the lower half from the band below.

    The released code of Yang et al. does this before it takes patches. This version accepts any
    hole: pixels that one band lacks come from the other band, and pixels that both lack from a
    guess.

    Args:
      image: ``[B, H, W, C]``, known outside the hole.
      hole: ``[B, H, W, 1]``, 1 = missing.
      guess: ``[B, H, W, C]``, for pixels that neither band knows.

    Returns:
      ``[B, H, W, C]`` with unchanged known pixels.
    """

    def one(image, hole, guess):
        height = len(hole)
        rows = jnp.arange(height)
        touched = (hole[..., 0] > 0.5).any(1)
        top = jnp.argmax(touched)
        length = height - jnp.argmax(touched[::-1]) - top
        upper = (length + 1) // 2
        in_upper = rows < top + upper
        near = jnp.where(in_upper, -upper, length - upper)
        far = jnp.where(in_upper, length, -length)
        filled = guess
        for shift in (far, near):  # the nearer band wins
            source = rows + shift
            at = jnp.clip(source, 0, height - 1)
            known = (hole[at] < 0.5) & ((source >= 0) & (source < height))[:, None, None]
            filled = jnp.where(known, image[at], filled)
        return jnp.where(hole > 0.5, filled, image)

    return jax.vmap(one)(image, hole, guess)
