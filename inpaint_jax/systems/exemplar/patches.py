"""Square patches: positions in an image, and contents.

The *anchor* of a patch of side n is the row-major index of its top left pixel among the
(H - n + 1) x (W - n + 1) positions inside the image. In a stack of V images, the anchors of the
second image follow the anchors of the first.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def grid(shape: tuple[int, ...], patch: int) -> tuple[int, int]:
    """Return the rows and columns of anchors in an image of shape ``(H, W)``."""
    height, width = shape
    return height - patch + 1, width - patch + 1


def split(anchors: jax.Array, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Split anchors into image number, row and column, on a grid of the given shape."""
    rows, columns = shape
    inside = anchors % (rows * columns)
    return anchors // (rows * columns), inside // columns, inside % columns


def join(image: jax.Array, row: jax.Array, column: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Combine image number, row and column to anchors: the inverse of ``split``."""
    rows, columns = shape
    return (image * rows + row) * columns + column


def gather(stack: jax.Array, anchors: jax.Array, patch: int) -> jax.Array:
    """Cut patches out of images.

    Args:
      stack: ``[V, H, W, P]``.
      anchors: int32 ``[T]``.
      patch: side of a patch, n.

    Returns:
      ``[T, n * n, P]``, row by row.
    """
    _, height, width, planes = stack.shape
    image, row, column = split(anchors, grid((height, width), patch))

    def cut(image, row, column):
        return jax.lax.dynamic_slice(stack, (image, row, column, 0), (1, patch, patch, planes))

    return jax.vmap(cut)(image, row, column).reshape(-1, patch * patch, planes)


def counts(mask: jax.Array, patch: int) -> jax.Array:
    """Count the marked pixels of every patch.

    Args:
      mask: ``[..., H, W]``, 0 or 1.
      patch: side of a patch.

    Returns:
      int32 ``[..., rows, columns]``.
    """
    ones = (1,) * (mask.ndim - 2)
    window = (*ones, patch, patch)
    start = jnp.zeros((), jnp.int32)
    return jax.lax.reduce_window(
        mask.astype(jnp.int32), start, jax.lax.add, window, (1,) * mask.ndim, "VALID"
    )


def listed(mask: jax.Array, chunk: int) -> tuple[jax.Array, jax.Array]:
    """List the true positions of a mask, in an array whose length does not depend on the values.

    Args:
      mask: bool, of any shape.
      chunk: the length is a multiple of it.

    Returns:
      int32 ``[N]``, the row-major positions, padded with ``mask.size``; and their number.
    """
    size = -(-mask.size // chunk) * chunk
    positions = jnp.nonzero(mask.ravel(), size=size, fill_value=mask.size)[0]
    return positions.astype(jnp.int32), mask.sum(dtype=jnp.int32)


def chunked(
    function: Callable[[jax.Array, jax.Array], jax.Array | tuple],
    start,
    positions: jax.Array,
    count,
    chunk: int,
):
    """Compute ``function`` of listed positions, a chunk at a time, up to the end of the list.

    Args:
      function: ``(number of the chunk, positions [chunk]) -> arrays [chunk, ...]``.
      start: arrays ``[N, ...]``, the result for positions beyond the list.
      positions: int32 ``[N]``, from ``listed``.
      count: number of valid positions.
      chunk: positions at a time.

    Returns:
      Arrays like ``start``.
    """

    def step(number, whole):
        part = function(number, jax.lax.dynamic_slice_in_dim(positions, number * chunk, chunk))
        put = lambda old, new: jax.lax.dynamic_update_slice_in_dim(old, new, number * chunk, 0)  # noqa: E731
        return jax.tree.map(put, whole, part)

    return jax.lax.fori_loop(0, (count + chunk - 1) // chunk, step, start)
