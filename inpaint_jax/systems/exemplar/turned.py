"""Turned and scaled copies of an image: more patches to choose from."""

import itertools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates


def turned(
    image: jax.Array, known: jax.Array, *, angles: Sequence[float], scales: Sequence[float]
) -> tuple[jax.Array, jax.Array]:
    """Turn and scale an image about its middle, in every combination.

    Args:
      image: ``[H, W, C]``.
      known: ``[H, W]``, 1 where a pixel is known.
      angles: in radians, anticlockwise to the eye.
      scales: factors; factors above 1 enlarge.

    Returns:
      ``[V, H, W, C]``, linearly interpolated; and ``[V, H, W]``, 1 where all contributing pixels
      are known. The first copy is the image itself, whether or not it is among the combinations.
    """
    height, width, channels = image.shape
    row, column = jnp.mgrid[:height, :width]
    y, x = row - (height - 1) / 2, column - (width - 1) / 2
    images, masks = [image], [known]
    for angle, scale in itertools.product(angles, scales):
        if angle == 0 and scale == 1:
            continue
        cosine, sine = math.cos(angle) / scale, math.sin(angle) / scale
        # The source position of every pixel: the inverse motion.
        at = [cosine * y + sine * x + (height - 1) / 2, cosine * x - sine * y + (width - 1) / 2]
        planes = [map_coordinates(image[..., n], at, order=1) for n in range(channels)]
        images.append(jnp.stack(planes, -1))
        masks.append((map_coordinates(known, at, order=1) > 0.999).astype(jnp.float32))
    return jnp.stack(images), jnp.stack(masks)
