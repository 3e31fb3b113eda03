"""The convolutions of VGG-16 (Simonyan & Zisserman 2014): features in which images are compared."""

import flax.linen as nn
import jax

from inpaint_jax.networks import vgg
from inpaint_jax.networks.classified import ClassifierOutput

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions between poolings
LAYERS = vgg.layers(BLOCKS)


class VGG16(nn.Module):
    """Images ``[B, H, W, 3]`` in [-1, 1] to the maps "relu1_1", "relu1_2", ... as far as ``last``.

    Attributes:
      last: name of the last map; nothing behind it is computed, or has parameters.
      width: channels of the first map, of which the others have up to eight times as many.
    """

    last: str = "relu3_1"
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        del train
        return vgg.feature_maps(images, BLOCKS, self.last, self.width)


class Classifier(nn.Module):
    """Images ``[B, H, W, 3]`` in [-1, 1] to ``ClassifierOutput``, whose features are those of ``VGG16``.

    The mean of the last map takes the place of three fully connected layers, whose 120 million parameters few images
    can teach: any side will do, and there is no dropout. The convolutions have the names of ``VGG16``, "conv1_1", ...;
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
    def __call__(self, images: jax.Array, *, train: bool) -> ClassifierOutput:
        del train
        return vgg.classified(vgg.feature_maps(images, BLOCKS, self.last, self.width), self.last, self.classes)
