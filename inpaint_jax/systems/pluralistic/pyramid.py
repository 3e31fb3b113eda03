"""Image pyramids for the losses of pluralistic completion."""

import jax.numpy as jnp
import numpy as np

from inpaint_jax.types import Image


def pyramid(image: Image, scales: int) -> tuple[Image, ...]:
    """Scale images down by powers of two.

    Args:
      image: ``[B, S, S, C]``.
      scales: number of sizes, including the size of the image.

    Returns:
      Images ``[B, s, s, C]``, smallest first.
    """
    side = image.shape[1]
    return tuple(scaled(image, side >> i) for i in reversed(range(scales)))


def scaled(image: Image, side: int) -> Image:
    """Resize square images linearly with aligned corners (torch's ``align_corners``).

    Args:
      image: ``[B, S, S, C]``.
      side: side of the result.

    Returns:
      ``[B, side, side, C]``.
    """
    if image.shape[1] == side:
        return image
    rows = jnp.asarray(interpolation(image.shape[1], side))
    return jnp.einsum("yh,xw,bhwc->byxc", rows, rows, image)


def interpolation(length: int, side: int) -> np.ndarray:
    """Compute weights ``[side, length]`` of linear interpolation; rows sum to 1."""
    at = np.linspace(0, length - 1, side)
    return np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(length)[None])).astype(np.float32)
