"""Convolutions of VGG networks (Simonyan & Zisserman 2014) with any number of layers."""

from collections.abc import Sequence

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.networks.classified import ClassifierOutput
from inpaint_jax.networks.layers import Conv, max_pool

HE = nn.initializers.he_normal()
# ImageNet statistics of images in [0, 1], on which the published weights were trained
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Blocks = Sequence[tuple[int, int]]  # channels and convolutions between poolings


def layers(blocks: Blocks) -> tuple[str, ...]:
    """List the names of the maps, "relu1_1", "relu1_2", ..."""
    return tuple(
        f"relu{i}_{j}" for i, (_, count) in enumerate(blocks, 1) for j in range(1, count + 1)
    )


def normalise(images: jax.Array) -> jax.Array:
    """Normalise images in [-1, 1] by the ImageNet mean and deviation of each channel."""
    mean, deviation = (jnp.array(numbers)[None, None, None] for numbers in (MEAN, DEVIATION))
    return ((images + 1) / 2 - mean) / deviation


def feature_maps(images: jax.Array, blocks: Blocks, last: str, width: int) -> dict[str, jax.Array]:
    """Compute the maps up to ``last``; the convolutions belong to the calling module.

    Args:
      images: ``[B, H, W, 3]`` in [-1, 1].
      blocks: blocks of the network.
      last: name of the last map.
      width: channels of the first map; the other maps have up to eight times as many.

    Returns:
      ``{"relu1_1": [B, H, W, width], ...}``.

    Raises:
      InputError: the network has no such layer.
    """
    names = layers(blocks)
    if last not in names:
        raise InputError(f"VGG-{len(names) + 3} has no layer {last!r}; it has {', '.join(names)}")
    x, maps = normalise(images), {}
    for name in names[: names.index(last) + 1]:
        block, place = (int(number) for number in name.removeprefix("relu").split("_"))
        if place == 1 and block > 1:
            x = max_pool(x, 2, stride=2)
        features = blocks[block - 1][0] * width // blocks[0][0]
        x = maps[name] = nn.relu(
            Conv(features, 3, kernel_init=HE, name=name.replace("relu", "conv"))(x)
        )
    return maps


def classified(maps: dict[str, jax.Array], last: str, classes: int) -> ClassifierOutput:
    """Classify the mean of the last map; the dense layer belongs to the calling module."""
    return ClassifierOutput(nn.Dense(classes, name="classifier")(maps[last].mean((1, 2))), (), maps)
