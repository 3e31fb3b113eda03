"""Damaged images at a coarser scale, and stages that learn from coarser images."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.systems.interface import Stage
from inpaint_jax.types import Hole, Image


def reduced(image: Image, hole: Hole, shape: tuple[int, ...]) -> tuple[Image, Hole]:
    """Reduce a damaged image; no pixel depends on values inside the hole.

    Args:
      image: ``[B, H, W, C]``; finite inside the hole.
      hole: ``[B, H, W, 1]``, 1 = missing.
      shape: height and width.

    Returns:
      The image, antialiased over known pixels, 0 inside the hole; and the hole, where more than
      half of the area of a pixel is missing.
    """
    if image.shape[1:3] == shape:
        return jnp.where(hole > 0.5, 0.0, image), hole
    known = 1.0 - hole
    share = resized(known, shape)
    missing = share < 0.5 - 1e-4  # half of an odd hole is known
    small = resized(known * image, shape) / jnp.maximum(share, 0.25)
    return jnp.where(missing, 0.0, small), missing.astype(hole.dtype)


def resized(image: Image, shape: tuple[int, ...]) -> Image:
    """Resize images to ``[B, h, w, C]``: bilinear, antialiased for reduction."""
    if image.shape[1:3] == shape:
        return image
    return jax.image.resize(image, (len(image), *shape, image.shape[-1]), "linear")


def reducing(stage: Stage, side: int) -> Stage:
    """Wrap a stage so that it sees the images of its batches resized to ``side``."""

    def seen(batch: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**batch, "image": resized(jnp.asarray(batch["image"]), (side, side))}

    def init(key, batch, earlier):
        return stage.init(key, seen(batch), earlier)

    def step(state, batch, earlier, *, axis_name=None):
        return stage.step(state, seen(batch), earlier, axis_name=axis_name)

    def validate(state, batch, key, earlier):
        assert stage.validate
        return stage.validate(state, seen(batch), key, earlier)

    return stage._replace(init=init, step=step, validate=validate if stage.validate else None)
