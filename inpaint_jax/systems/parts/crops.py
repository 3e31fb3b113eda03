"""Crops around the hole of each image, the input of a local critic."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import Hole, Image, check_hole


def at_hole(images: Image, hole: Hole, side: int) -> Image:
    """Cut the square around each image's hole, and resize it to ``side`` if necessary.

    A square of side ``side`` is copied, pixel by pixel. Other squares are resized as by
    ``jax.image.resize`` with "bilinear": pixels outside the square do not count, and reduction
    averages.

    Args:
      images: ``[B, H, W, C]``.
      hole: ``[B, H, W, 1]``, 1 = missing. The side of the square is the larger extent of the hole.
        The hole lies in the middle. A square that would leave the image is moved inside. Without a
        hole the square is the largest in the image, at the top left.
      side: side of the result, in pixels.

    Returns:
      ``[B, side, side, C]``, differentiable in ``images``.

    Raises:
      ValueError: shapes that do not fit.
    """
    check_hole(hole, images, "images")
    top, left, extent = jax.vmap(square_around)(hole)
    rows, columns = (
        jax.vmap(lambda first, count, length=length: _weights(first, count, side, length))(
            start, extent
        )
        for start, length in ((top, images.shape[1]), (left, images.shape[2]))
    )
    # A product with ones and zeros copies bit for bit if no factor is rounded first.
    return jnp.einsum(
        "bih,bhwc,bjw->bijc", rows, images, columns, precision=jax.lax.Precision.HIGHEST
    )


def square_around(hole: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Find top, left and side of the square around one hole ``[H, W, 1]``, each ``int32 []``."""
    most = min(hole.shape[:2])
    (top, height), (left, width) = (_extent((hole > 0.5).any((axis, 2))) for axis in (1, 0))
    side = jnp.where(height > 0, jnp.minimum(jnp.maximum(height, width), most), most)

    def inside(first, count, length):
        return jnp.clip(first - (side - count) // 2, 0, length - side)

    return inside(top, height, hole.shape[0]), inside(left, width, hole.shape[1]), side


def _extent(missing: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Find the first True in bool ``[N]``, and the length up to the last True; 0, 0 if none."""
    first, last = jnp.argmax(missing), len(missing) - 1 - jnp.argmax(missing[::-1])
    found = missing.any()
    return jnp.where(found, first, 0).astype(jnp.int32), jnp.where(
        found, last - first + 1, 0
    ).astype(jnp.int32)


def _weights(first: jax.Array, count: jax.Array, side: int, length: int) -> jax.Array:
    """Compute weights ``[side, length]`` that resize ``count`` pixels from ``first`` on."""
    scale = count / side  # exactly 1 without resizing; then everything below is exact
    pixel = jnp.arange(length)
    at = first + (jnp.arange(side) + 0.5) * scale - 0.5
    weights = jnp.maximum(1 - jnp.abs(at[:, None] - pixel[None]) / jnp.maximum(scale, 1), 0)
    weights = jnp.where(((pixel >= first) & (pixel < first + count))[None], weights, 0)
    return weights / weights.sum(1, keepdims=True)
