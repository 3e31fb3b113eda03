"""Putting images and holes together: what a system is given, what it answers, and the two value ranges."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from inpaint_jax.types import Hole, Image, check_hole, check_same_shape

CAFFE_MEAN = (-0.082353, -0.184314, -0.035294)
"""Fill colour of the context encoder's released code: 2 (117, 104, 123) / 255 - 1 in channels 1, 2, 3.

It is a permutation of the usual ImageNet mean (123, 117, 104), kept because the published networks saw it."""


def fill(image: Image, hole: Hole, *, value: float | Sequence[float] | jax.Array = 0.0) -> Image:
    """The damaged picture: a constant colour inside the hole.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1]; what it holds inside the hole is discarded, NaN included.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      value: one number, or one per channel: 0 is mid-grey, -1 black, ``CAFFE_MEAN`` the context encoder's.

    Returns:
      ``[B, H, W, C]``; known pixels are bit-identical to ``image``.

    Raises:
      ValueError: where the shapes do not fit.
    """
    check_hole(hole, image)
    colour = jnp.broadcast_to(jnp.asarray(value, image.dtype), image.shape)
    return jnp.where(hole > 0.5, colour, image)


def composite(image: Image, generated: Image, hole: Hole) -> Image:
    """The completed picture: the given pixels outside the hole, generated ones inside.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1], known outside the hole.
      generated: a network's output, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``[B, H, W, C]``; known pixels are bit-identical to ``image``, missing ones to ``generated``.

    Raises:
      ValueError: where the shapes do not fit.
    """
    check_same_shape(image=image, generated=generated)
    check_hole(hole, image)
    return jnp.where(hole > 0.5, generated, image)


def to_unit_range(image: Image) -> Image:
    """From [-1, 1] to [0, 1]."""
    return (image + 1.0) / 2.0


def from_unit_range(image: Image) -> Image:
    """From [0, 1] to [-1, 1]."""
    return image * 2.0 - 1.0
