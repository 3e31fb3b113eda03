"""Convolutions of torchvision's AlexNet (Krizhevsky 2014), as features for comparing images."""

import flax.linen as nn
import jax

from inpaint_jax.errors import InputError
from inpaint_jax.networks.layers import Conv, max_pool
from inpaint_jax.networks.vgg import HE, normalise

LAYERS = {  # channels, kernel, stride, padding
    "relu1": (64, 11, 4, 2),
    "relu2": (192, 5, 1, 2),
    "relu3": (384, 3, 1, 1),
    "relu4": (256, 3, 1, 1),
    "relu5": (256, 3, 1, 1),
}
POOLED = ("relu1", "relu2")
LEAST_SIDE = 31  # pixels; leaves one value after the second pooling


class AlexNet(nn.Module):
    """Map images ``[B, H, W, 3]`` in [-1, 1] to the feature maps "relu1" to "relu5".

    The convolutions are "conv1" to "conv5". At 64 pixels the maps have sides of 15, 7, 3, 3 and 3.

    Raises:
      InputError: images smaller than 31 pixels a side.
    """

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        del train
        if min(images.shape[1:3]) < LEAST_SIDE:
            raise InputError(
                f"AlexNet needs images of {LEAST_SIDE} pixels a side, got {images.shape[1:3]}"
            )
        x, maps = normalise(images), {}
        for name, (channels, kernel, stride, padding) in LAYERS.items():
            convolution = Conv(
                channels,
                kernel,
                strides=stride,
                padding=padding,
                kernel_init=HE,
                name=name.replace("relu", "conv"),
            )
            maps[name] = nn.relu(convolution(x))
            x = max_pool(maps[name], 3, stride=2) if name in POOLED else maps[name]
        return maps
