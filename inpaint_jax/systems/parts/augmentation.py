"""Random rotations and shifts of training images, per image on the device: less overfitting."""

from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

from inpaint_jax.types import Image, Key


def draw_moves(key: Key, count: int, *, rotation: float, shift: float) -> jax.Array:
    """Draw angles and shifts of images.

    Args:
      key: typed key.
      count: number of images B.
      rotation: largest angle either way, in degrees.
      shift: largest shift either way, as a share of the side.

    Returns:
      ``[B, 3]``, uniformly distributed: radians, and shares of the side downwards and to the right.
    """
    most = jnp.array([jnp.deg2rad(rotation), shift, shift])
    return most[None] * jax.random.uniform(key, (count, 3), minval=-1.0, maxval=1.0)


def moved(images: Image, moves: jax.Array) -> Image:
    """Turn images about their centres, then shift them; pixels from outside repeat the edge.

    Args:
      images: ``[B, H, W, C]``.
      moves: ``[B, 3]``, from ``draw_moves``.

    Returns:
      ``[B, H, W, C]``, bilinearly interpolated.
    """
    height, width = images.shape[1:3]
    rows, columns = jnp.meshgrid(
        jnp.arange(height) - (height - 1) / 2, jnp.arange(width) - (width - 1) / 2, indexing="ij"
    )

    def one(image, move):
        y, x = rows - move[1] * height, columns - move[2] * width
        sine, cosine = jnp.sin(move[0]), jnp.cos(move[0])
        at = [cosine * y - sine * x + (height - 1) / 2, sine * y + cosine * x + (width - 1) / 2]
        sample = partial(map_coordinates, coordinates=at, order=1, mode="nearest")
        return jax.vmap(sample, in_axes=-1, out_axes=-1)(image)

    return jax.vmap(one)(jnp.asarray(images), moves)
