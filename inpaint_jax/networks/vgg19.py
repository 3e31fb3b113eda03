"""The convolutions of VGG-19 (Simonyan & Zisserman 2014): features in which pictures are compared."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.networks.classified import Classified
from inpaint_jax.networks.layers import Conv, max_pool

HE = nn.initializers.he_normal()
BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels and convolutions between poolings
LAYERS = tuple(f"relu{i}_{j}" for i, (_, count) in enumerate(BLOCKS, 1) for j in range(1, count + 1))
# of ImageNet's pictures in [0, 1], which the published weights were trained on
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG19(nn.Module):
    """Pictures ``[B, H, W, 3]`` in [-1, 1] to the maps "relu1_1", "relu1_2", ... as far as ``last``.

    Attributes:
      last: name of the last map; nothing behind it is computed, or has parameters.
      width: channels of the first map, of which the others have up to eight times as many.
    """

    last: str = "relu3_1"
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        del train
        return feature_maps(images, self.last, self.width)


class Classifier(nn.Module):
    """Pictures ``[B, H, W, 3]`` in [-1, 1] to ``Classified``, whose features are those of ``VGG19``.

    The mean of the last map takes the place of three fully connected layers, whose 120 million parameters few pictures
    can teach: any side will do, and there is no dropout. The convolutions have the names of ``VGG19``, "conv1_1", ...;
    behind them is "classifier".

    Attributes:
      classes: number of them.
      last: name of the last map, the one that is classified.
      width: channels of the first map, of which the others have up to eight times as many.
    """

    classes: int = 1000
    last: str = LAYERS[-1]
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> Classified:
        del train
        maps = feature_maps(images, self.last, self.width)
        return Classified(nn.Dense(self.classes, name="classifier")(maps[self.last].mean((1, 2))), (), maps)


def feature_maps(images: jax.Array, last: str, width: int) -> dict[str, jax.Array]:
    """The maps as far as ``last``; the convolutions belong to the module that calls.

    Raises:
      InputError: for a layer that is not there.
    """
    if last not in LAYERS:
        raise InputError(f"VGG-19 has no layer {last!r}; it has {', '.join(LAYERS)}")
    mean, deviation = (jnp.array(numbers)[None, None, None] for numbers in (MEAN, DEVIATION))
    x, maps = ((images + 1) / 2 - mean) / deviation, {}
    for name in LAYERS[: LAYERS.index(last) + 1]:
        block, place = (int(number) for number in name.removeprefix("relu").split("_"))
        if place == 1 and block > 1:
            x = max_pool(x, 2, stride=2)
        features = BLOCKS[block - 1][0] * width // BLOCKS[0][0]
        x = maps[name] = nn.relu(Conv(features, 3, kernel_init=HE, name=name.replace("relu", "conv"))(x))
    return maps
