"""Image pyramids with holes: factor 2, the mean over the known pixels."""

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import patches

SMALLEST = 12


def levels(height: int, width: int) -> int:
    """Count the scales down to a shorter side of 16 pixels, or 12 for 12 times a power of 2."""
    count, side = 1, min(height, width)
    while side // 2 >= SMALLEST:
        count, side = count + 1, -(-side // 2)
    return count


def halve(image: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Compute the next coarser scale.

    A coarse pixel is known if any of its pixels is known. Holes shrink, and thin holes close.
    Pixels far from known ones are thus first painted at a scale where the distance is a few pixels.

    Args:
      image: ``[H, W, C]``.
      known: ``[H, W]``, 1 where a pixel is known.

    Returns:
      ``[ceil(H / 2), ceil(W / 2), C]``, the mean over known pixels, 0 at unknown pixels; and the
      coarse ``known [ceil(H / 2), ceil(W / 2)]``.
    """
    height, width, _ = image.shape
    pad = ((0, height % 2), (0, width % 2))
    weight = jnp.pad(known, pad)[..., None]
    share = _blocks(weight)
    mean = _blocks(weight * jnp.pad(image, (*pad, (0, 0)))) / jnp.maximum(share, 1.0)
    return mean, jnp.minimum(share[..., 0], 1.0)


def halve_whole(known: jax.Array) -> jax.Array:
    """Mark coarse pixels whose pixels are all known, ``[ceil(H / 2), ceil(W / 2)]``.

    A source of such pixels is still a source at the finer scale.
    """
    height, width = known.shape
    known = jnp.pad(known, ((0, height % 2), (0, width % 2)), constant_values=1)
    return (_blocks(known[..., None])[..., 0] == 4).astype(known.dtype)


def enlarge(image: jax.Array, height: int, width: int) -> jax.Array:
    """Repeat every pixel four times, up to the finer scale ``[height, width, C]``."""
    return image.repeat(2, 0).repeat(2, 1)[:height, :width]


def depth(known: jax.Array) -> jax.Array:
    """Measure how far a missing pixel is from the known ones, in steps to one of 8 neighbours.

    Args:
      known: ``[H, W]``, 1 where a pixel is known.

    Returns:
      ``[H, W]``, 0 at known pixels, 1 beside them. If no pixel is known, the longer side.
    """

    def unfinished(carry):
        missing, steps, _ = carry
        return missing.any() & (steps < max(known.shape))

    def step(carry):
        missing, steps, total = carry
        total = total + missing
        missing = patches.counts(jnp.pad(~missing, 1), 3) == 0
        return missing, steps + 1, total

    missing = known <= 0.5
    return jax.lax.while_loop(
        unfinished, step, (missing, jnp.zeros((), jnp.int32), jnp.zeros(known.shape))
    )[2]


def _blocks(values: jax.Array) -> jax.Array:
    height, width, planes = values.shape
    return values.reshape(height // 2, 2, width // 2, 2, planes).sum((1, 3))
