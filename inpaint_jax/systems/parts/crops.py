"""Pieces of pictures around their holes, each wherever its own hole is: what a local critic sees."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import Hole, Image, check_hole


def at_hole(images: Image, hole: Hole, side: int) -> Image:
    """The square around each picture's hole, resized where it has another side than ``side``.

    A square of that side is copied, pixel by pixel. Another one is resized as ``jax.image.resize`` does it with
    "bilinear": pixels outside the square do not count, and several that become one are averaged.

    Args:
      images: ``[B, H, W, C]``.
      hole: ``[B, H, W, 1]``, 1 = missing. Its square is as wide as the wider of the hole's extents, the hole in its
        middle, moved into the picture where it would reach out of it. Without a hole it is the picture's largest, at
        the top left.
      side: of what is returned, in pixels.

    Returns:
      ``[B, side, side, C]``, differentiable in ``images``.

    Raises:
      ValueError: where the shapes do not fit.
    """
    check_hole(hole, images, "images")
    top, left, extent = jax.vmap(square_around)(hole)
    rows, columns = (
        jax.vmap(lambda first, count, length=length: _weights(first, count, side, length))(start, extent)
        for start, length in ((top, images.shape[1]), (left, images.shape[2]))
    )
    # A product with ones and zeros copies bit for bit, as long as no factor is rounded before it.
    return jnp.einsum("bih,bhwc,bjw->bijc", rows, images, columns, precision=jax.lax.Precision.HIGHEST)


def square_around(hole: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Top, left and side of the square around one hole ``[H, W, 1]``, in pixels, all ``int32 []``."""
    most = min(hole.shape[:2])
    (top, height), (left, width) = (_extent((hole > 0.5).any((axis, 2))) for axis in (1, 0))
    side = jnp.where(height > 0, jnp.minimum(jnp.maximum(height, width), most), most)

    def inside(first, count, length):
        return jnp.clip(first - (side - count) // 2, 0, length - side)

    return inside(top, height, hole.shape[0]), inside(left, width, hole.shape[1]), side


def _extent(missing: jax.Array) -> tuple[jax.Array, jax.Array]:
    """First of the True in bool ``[N]``, and how many it is to the last of them, that included; 0, 0 without any."""
    first, last = jnp.argmax(missing), len(missing) - 1 - jnp.argmax(missing[::-1])
    there = missing.any()
    return jnp.where(there, first, 0).astype(jnp.int32), jnp.where(there, last - first + 1, 0).astype(jnp.int32)


def _weights(first: jax.Array, count: jax.Array, side: int, length: int) -> jax.Array:
    """How much of each of ``length`` pixels is in each of ``side``, that stand for ``count`` from ``first`` on."""
    scale = count / side  # 1 exactly where nothing is resized, and then all below is exact
    pixel = jnp.arange(length)
    at = first + (jnp.arange(side) + 0.5) * scale - 0.5
    weights = jnp.maximum(1 - jnp.abs(at[:, None] - pixel[None]) / jnp.maximum(scale, 1), 0)
    weights = jnp.where(((pixel >= first) & (pixel < first + count))[None], weights, 0)
    return weights / weights.sum(1, keepdims=True)
