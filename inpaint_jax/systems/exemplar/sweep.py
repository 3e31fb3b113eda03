"""One sweep of a method that completes an image from its own patches: what it sees and does."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import patches
from inpaint_jax.systems.exemplar.nearest_field import Comparison, Field

ENOUGH = 64  # fully known patches, below which every patch is a source
FEWEST = 5  # known pixels of such a source


class Sweep(NamedTuple):
    """What the neighbours paint with."""

    image: jax.Array  # [H, W, C], the estimate so far
    depth: jax.Array  # [H, W], 0 where a pixel is known, else its distance to the known ones
    wanted: jax.Array  # bool [rows, columns], patches that overlap the hole
    field: Field
    stack: jax.Array  # [V, H, W, C], the images that hold the sources
    known: jax.Array  # [V, H, W], 1 where they are known
    patch: int
    trust: jax.Array  # [rows, columns], what the votes of a patch are weighted with
    last: jax.Array  # bool [], the sweep whose image is the answer


class Method(NamedTuple):
    """What differs between methods.

    Attributes:
      planes: ``[H, W, C] -> [H, W, P]``, the values of an image that are compared.
      comparison: of two patches of planes.
      paint: ``Sweep -> [H, W, C]``; only what it paints in the hole is used.
      copies: ``(image [H, W, C], known [H, W]) -> ([V, H, W, C], [V, H, W])``, the images to take
        sources from; the first is the image itself.
      extend: ``(image [H, W, C], known [H, W]) -> [H, W, C + extra]``, appends planes that are
        handled as colours are, and left out of the answer.
      extra: how many planes it appends.
    """

    planes: Callable[[jax.Array], jax.Array]
    comparison: Comparison
    paint: Callable[[Sweep], jax.Array]
    copies: Callable[..., tuple[jax.Array, jax.Array]] = lambda image, known: (image[None], known[None])
    extend: Callable[..., jax.Array] = lambda image, known: image
    extra: int = 0


def is_complete(known: jax.Array, patch: int) -> jax.Array:
    """Whether ``[H, W]`` has enough fully known patches to take sources from, bool ``[]``."""
    return (patches.counts(known, patch) == patch * patch).sum() >= ENOUGH


def usable(known: jax.Array, patch: int) -> jax.Array:
    """The patches that may be sources: fully known, or, where such are few, known in part.

    Args:
      known: ``[V, H, W]``, 1 where a pixel is known; the first image decides.
      patch: side of a patch.

    Returns:
      bool ``[V, rows, columns]``.
    """
    counts = patches.counts(known, patch)
    return counts >= jnp.where(is_complete(known[0], patch), patch * patch, FEWEST)


def variance_of(sweep: Sweep, share: float = 0.75) -> jax.Array:
    """A percentile of the distances, the variance of a vote's weight (Wexler et al. 2007, 3.2)."""
    found = sweep.wanted & jnp.isfinite(sweep.field.distance)
    return jnp.nan_to_num(jnp.nanquantile(jnp.where(found, sweep.field.distance, jnp.nan), share))


def enlarge_field(coarse: Sweep, shape: tuple[int, ...], patch: int) -> Field:
    """Carry a field to the next finer scale: the same displacement, in twice as many pixels.

    Args:
      coarse: the sweep that found it.
      shape: rows and columns of anchors at the finer scale.
      patch: side of a patch there.

    Returns:
      The sources that lie there, with the coarser scale's distances.
    """
    before, middle, middle_before = coarse.field.source.shape, patch // 2, coarse.patch // 2
    row, column = jnp.mgrid[: shape[0], : shape[1]]
    y = jnp.clip((row + middle) // 2 - middle_before, 0, before[0] - 1)
    x = jnp.clip((column + middle) // 2 - middle_before, 0, before[1] - 1)
    image, source_y, source_x = patches.split(coarse.field.source[y, x], before)
    source_y = jnp.clip(row + 2 * (source_y - y), 0, shape[0] - 1)
    source_x = jnp.clip(column + 2 * (source_x - x), 0, shape[1] - 1)
    distance = jnp.where(coarse.wanted[y, x], coarse.field.distance[y, x], jnp.inf)
    return Field(patches.join(image, source_y, source_x, shape), distance)
