"""Convolutions of VGG-19 (Simonyan & Zisserman 2014), as features for comparing images."""

import flax.linen as nn
import jax

from inpaint_jax.networks import vgg
from inpaint_jax.networks.classified import ClassifierOutput

# channels and convolutions between poolings
BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
LAYERS = vgg.layers(BLOCKS)


class VGG19(nn.Module):
    """Map images ``[B, H, W, 3]`` in [-1, 1] to the maps "relu1_1", "relu1_2", ... up to ``last``.

    Attributes:
      last: name of the last map; later layers are not computed and have no parameters.
      width: channels of the first map; the other maps have up to eight times as many.
    """

    last: str = "relu3_1"
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        del train
        return vgg.feature_maps(images, BLOCKS, self.last, self.width)


class Classifier(nn.Module):
    """Map images ``[B, H, W, 3]`` in [-1, 1] to ``ClassifierOutput`` with ``VGG19`` features.

    The mean of the last map replaces three fully connected layers, whose 120 million parameters
    need many training images. The network accepts any side and has no dropout. The convolutions
    have the names of ``VGG19``, "conv1_1", ...; the dense layer is "classifier".

    Attributes:
      classes: number of classes.
      last: name of the last map, which is classified.
      width: channels of the first map; the other maps have up to eight times as many.
    """

    classes: int = 1000
    last: str = LAYERS[-1]
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> ClassifierOutput:
        del train
        return vgg.classified(
            vgg.feature_maps(images, BLOCKS, self.last, self.width), self.last, self.classes
        )
