"""Patches of feature maps, matched by normalised cross-correlation.

Source: Li & Wand 2016, section 3.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar.distances import product
from inpaint_jax.systems.exemplar.turned import turned

FEWEST = 64  # with fewer known patches, the patches of the filled hole are sources too
ANGLE, SCALE = math.pi / 24, 1.05  # steps between two copies of the sources


def cut(maps: jax.Array, side: int, stride: int = 1) -> jax.Array:
    """Cut square patches out of maps.

    Args:
      maps: ``[H, W, C]``.
      side: side of a patch.
      stride: distance between neighbouring patches, in positions.

    Returns:
      ``[N, side * side * C]``, row by row, the values of a patch likewise.
    """
    height, width, _ = maps.shape
    rows, columns = ((length - side) // stride + 1 for length in (height, width))
    shifted = [
        maps[i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        for i in range(side)
        for j in range(side)
    ]
    return jnp.stack(shifted, 2).reshape(rows * columns, -1)


def touching(mask: jax.Array, shape: tuple[int, ...], side: int, stride: int = 1) -> jax.Array:
    """Mark the patches of a map that touch marked pixels of the image.

    Args:
      mask: ``[H, W]``, 1 marks a pixel.
      shape: shape of the map, ``H // n`` by ``W // n``; a position covers n x n pixels.
      side: side of a patch.
      stride: as in ``cut``.

    Returns:
      ``[N]``, 1 or 0.
    """
    factor = mask.shape[0] // shape[0]
    blocks = mask[: factor * shape[0], : factor * shape[1]].reshape(
        shape[0], factor, shape[1], factor
    )
    return cut(blocks.max((1, 3))[..., None], side, stride).max(1)


def copies(
    image: jax.Array, known: jax.Array, *, rotations: int, scales: int
) -> tuple[jax.Array, jax.Array]:
    """Make turned and scaled copies of an image.

    Args:
      image: ``[H, W, C]``.
      known: ``[H, W]``, 1 where a pixel may belong to a source.
      rotations: number of steps of 7.5 degrees either way; 0: no rotation.
      scales: number of steps of 5 % either way; 0: no scaling.

    Returns:
      ``[V, H, W, C]`` and ``[V, H, W]``, see ``turned``.
    """
    angles = [n * ANGLE for n in range(-rotations, rotations + 1)]
    factors = [SCALE**n for n in range(-scales, scales + 1)]
    return turned(image, known, angles=angles, scales=factors)


def matches(
    targets: jax.Array,
    images: jax.Array,
    known: jax.Array,
    maps_of: Callable[[jax.Array], jax.Array],
    *,
    side: int,
) -> jax.Array:
    """Find the source patch of the greatest normalised cross-correlation for every target.

    Args:
      targets: patches ``[N, D]``.
      images: ``[V, H, W, C]``, whose patches are the sources.
      known: ``[V, H, W]``, 1 where a pixel may belong to a source. If no patch consists of such
        pixels alone, all patches are sources.
      maps_of: image ``[H, W, C]`` -> maps ``[h, w, C']``.
      side: side of a patch.

    Returns:
      ``[N, D]``, the matches.
    """
    found = jax.eval_shape(maps_of, images[0]).shape[:2]
    valid = jax.vmap(lambda mask: touching(1.0 - mask, found, side) == 0)(known)
    valid = valid | ~valid.any()

    def better(best, source):
        image, valid = source
        patches = cut(maps_of(image), side)
        length = jnp.sqrt(jnp.square(patches).sum(1))
        score = product(targets, patches) / jnp.maximum(length, 1e-12)[None]
        score = jnp.where(valid[None], score, -jnp.inf)
        chosen = score.argmax(1)
        top = jnp.take_along_axis(score, chosen[:, None], 1)
        wins = top > best[0]
        return (jnp.maximum(top, best[0]), jnp.where(wins, patches[chosen], best[1])), None

    nothing = (jnp.full((len(targets), 1), -jnp.inf), jnp.zeros_like(targets))
    # The carry must vary over devices as the sources do.
    nothing = jax.tree.map(lambda leaf: leaf + 0.0 * targets[:, :1], nothing)
    return jax.lax.scan(better, nothing, (images, valid))[0][1]
