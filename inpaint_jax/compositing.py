"""Combine images and holes; convert between the three value ranges.

Arrays of the package are float32 in [-1, 1]. Some networks and all metrics work in [0, 1] ("unit").
Image files hold integers from 0 to 255. Only these functions convert between the three ranges.
"""

from collections.abc import Sequence
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from inpaint_jax.types import Hole, Image, check_hole, check_same_shape

__all__ = [
    "CAFFE_MEAN",
    "composite",
    "fill",
    "from_uint8",
    "from_unit",
    "quantise",
    "round_to_uint8",
    "to_255",
    "to_uint8",
    "to_unit",
]

Array = TypeVar("Array", jax.Array, np.ndarray)

CAFFE_MEAN = (-0.082353, -0.184314, -0.035294)
"""Fill colour of the context encoder's released code, 2 (117, 104, 123) / 255 - 1.

The values are those of channels 1, 2 and 3. They are a permutation of the usual ImageNet mean
(123, 117, 104). They are kept because the published networks were trained with them.
"""


def fill(image: Image, hole: Hole, *, value: float | Sequence[float] | jax.Array = 0.0) -> Image:
    """Fill the hole with a constant colour to get the damaged image.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1]; values inside the hole are discarded, including NaN.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      value: one number, or one per channel: 0 is mid-grey, -1 black, ``CAFFE_MEAN`` the context
        encoder's colour.

    Returns:
      ``[B, H, W, C]``; known pixels are bit-identical to ``image``.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    check_hole(hole, image)
    colour = jnp.broadcast_to(jnp.asarray(value, image.dtype), image.shape)
    return jnp.where(hole > 0.5, colour, image)


def composite(image: Image, generated: Image, hole: Hole) -> Image:
    """Combine known pixels outside the hole and generated pixels inside to a completed image.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1], known outside the hole.
      generated: a network's output, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``[B, H, W, C]``; known pixels are bit-identical to ``image``, missing ones to ``generated``.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    check_same_shape(image=image, generated=generated)
    check_hole(hole, image)
    return jnp.where(hole > 0.5, generated, image)


def to_unit(image: Array) -> Array:
    """Convert from [-1, 1] to [0, 1].

    Args:
      image: any shape, JAX or NumPy; the result is of the same kind.

    Returns:
      Same shape and dtype, ``(image + 1) / 2``; not clipped.
    """
    return (image + 1.0) / 2.0


def from_unit(image: Array) -> Array:
    """Convert from [0, 1] to [-1, 1].

    Args:
      image: any shape, JAX or NumPy; the result is of the same kind.

    Returns:
      Same shape and dtype, ``2 image - 1``; not clipped.
    """
    return image * 2.0 - 1.0


def to_255(image: Array) -> Array:
    """Convert from [-1, 1] to the range of image files, [0, 255], without rounding.

    Args:
      image: any shape, JAX or NumPy; the result is of the same kind.

    Returns:
      Same shape and dtype, ``127.5 (image + 1)``; not clipped.
    """
    return (image + 1.0) * 127.5


def quantise(image: Image) -> Image:
    """Round to the 256 values of an image file, within [-1, 1].

    Args:
      image: any shape, in [-1, 1]; other values are clipped.

    Returns:
      Same shape; the nearest of the values ``value / 127.5 - 1``, value 0 to 255.
    """
    return jnp.clip(jnp.round(to_255(image)), 0.0, 255.0) / 127.5 - 1.0


def to_uint8(image: ArrayLike) -> np.ndarray:
    """Convert from [-1, 1] to the uint8 values of an image file, on the host.

    Args:
      image: any shape, in [-1, 1]; other values are clipped, and NaN becomes mid-grey (128).

    Returns:
      uint8, same shape.
    """
    return round_to_uint8(to_255(np.nan_to_num(np.asarray(image, np.float32))))


def from_uint8(image: ArrayLike) -> np.ndarray:
    """Convert from the uint8 values of an image file to [-1, 1], on the host.

    Args:
      image: uint8, any shape.

    Returns:
      float32, same shape; 0 and 255 become exactly -1 and 1, and ``to_uint8`` restores ``image``.
    """
    converted = np.asarray(image).astype(np.float32)
    converted /= 127.5
    converted -= 1.0
    return converted


def round_to_uint8(values: np.ndarray) -> np.ndarray:
    """Round and clip numbers in [0, 255] to uint8, on the host.

    Args:
      values: any shape, finite.

    Returns:
      uint8, same shape.
    """
    return np.rint(values).clip(0, 255).astype(np.uint8)
