"""One sweep of a method that completes an image from its own patches: input and rules."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import patches
from inpaint_jax.systems.exemplar.nearest_field import Comparison, Field

ENOUGH = 64  # with fewer fully known patches, every patch becomes a source
FEWEST = 5  # least number of known pixels in such a source


class Sweep(NamedTuple):
    """The input of the painting step."""

    image: jax.Array  # [H, W, C], the estimate so far
    depth: jax.Array  # [H, W], 0 where a pixel is known, else the distance to known pixels
    wanted: jax.Array  # bool [rows, columns], patches that overlap the hole
    field: Field
    stack: jax.Array  # [V, H, W, C], the images that contain the sources
    known: jax.Array  # [V, H, W], 1 where their pixels are known
    patch: int
    trust: jax.Array  # [rows, columns], weights of the patches' votes
    last: jax.Array  # bool [], true in the sweep that produces the answer


class Method(NamedTuple):
    """The functions that differ between methods.

    Attributes:
      planes: ``[H, W, C] -> [H, W, P]``, the compared values of an image.
      comparison: comparison of two patches of planes.
      paint: ``Sweep -> [H, W, C]``; only pixels inside the hole are used.
      copies: ``(image [H, W, C], known [H, W]) -> ([V, H, W, C], [V, H, W])``, the source images;
        the first is the image itself.
      extend: ``(image [H, W, C], known [H, W]) -> [H, W, C + extra]``, appends planes that are
        processed like colours, and removed from the answer.
      extra: number of appended planes.
    """

    planes: Callable[[jax.Array], jax.Array]
    comparison: Comparison
    paint: Callable[[Sweep], jax.Array]
    copies: Callable[..., tuple[jax.Array, jax.Array]] = lambda image, known: (
        image[None],
        known[None],
    )
    extend: Callable[..., jax.Array] = lambda image, known: image
    extra: int = 0


def is_complete(known: jax.Array, patch: int) -> jax.Array:
    """Test whether ``[H, W]`` has enough fully known patches as sources, bool ``[]``."""
    return (patches.counts(known, patch) == patch * patch).sum() >= ENOUGH


def usable(known: jax.Array, patch: int) -> jax.Array:
    """Mark the patches that may be sources: fully known ones, or partly known ones if few exist.

    Args:
      known: ``[V, H, W]``, 1 where a pixel is known; the first image decides.
      patch: side of a patch.

    Returns:
      bool ``[V, rows, columns]``.
    """
    counts = patches.counts(known, patch)
    return counts >= jnp.where(is_complete(known[0], patch), patch * patch, FEWEST)


def variance_of(sweep: Sweep, share: float = 0.75) -> jax.Array:
    """Compute a percentile of distances, the variance of votes (Wexler et al. 2007, 3.2)."""
    found = sweep.wanted & jnp.isfinite(sweep.field.distance)
    return jnp.nan_to_num(jnp.nanquantile(jnp.where(found, sweep.field.distance, jnp.nan), share))


def enlarge_field(coarse: Sweep, shape: tuple[int, ...], patch: int) -> Field:
    """Carry a field to the next finer scale: the same displacement, in twice as many pixels.

    Args:
      coarse: the sweep that found the field.
      shape: rows and columns of anchors at the finer scale.
      patch: side of a patch at the finer scale.

    Returns:
      The displaced sources, with the distances of the coarser scale.
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
