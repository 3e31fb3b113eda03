"""Generator and discriminators of Liu et al., generative inpainting with neural features.

One discriminator judges the whole image, another the area around the hole.
"""

from collections.abc import Sequence

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.networks.layers import BatchNorm, Conv, leaky_relu, max_pool


class Generator(nn.Module):
    """Map damaged images ``[B, S, S, 3]`` to complete images in [-1, 1] (Tables 1 and 2).

    S is a multiple of 16. The network has four convolutions with pooling, a fully connected
    bottleneck, and four enlargements with convolutions. The paper's last layer has 32 channels; the
    final convolution to three channels is our addition.

    Attributes:
      features: channels of the encoder.
      bottleneck: width of the fully connected layer.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    features: Sequence[int] = (32, 64, 128, 256)
    bottleneck: int = 1024
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        shrunk = 2 ** len(self.features)
        if images.shape[1] % shrunk or images.shape[2] % shrunk:
            raise InputError(
                f"this generator needs sides divisible by {shrunk}, got {images.shape[1:3]}"
            )

        def convolved(x, features):
            x = Conv(features, 3)(x)
            return nn.relu(BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train))

        x = images
        for features in self.features:
            x = max_pool(convolved(x, features), 2, stride=2)
        shape = x.shape
        x = nn.relu(nn.Dense(self.bottleneck)(x.reshape(len(x), -1)))
        x = nn.relu(nn.Dense(shape[1] * shape[2] * shape[3])(x)).reshape(shape)
        narrow, wide = self.features[0], self.features[1]
        for features in (wide, wide, narrow, narrow):
            x = convolved(x.repeat(2, 1).repeat(2, 2), features)
        return jnp.tanh(Conv(3, 3)(x))


class Discriminator(nn.Module):
    """Map images or crops ``[B, S, S, 3]`` to logits ``[B]``: positive means real (Tables 3 and 4).

    The network has no norm.

    Attributes:
      features: channels of the layers. The first layer keeps the side and each later layer halves
        it, so n layers take S = 2^n.
    """

    features: Sequence[int] = (32, 32, 64, 128, 256, 128)

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        del train
        if images.shape[1:3] != (2 ** len(self.features),) * 2:
            wanted = 2 ** len(self.features)
            raise InputError(
                f"a discriminator of {len(self.features)} layers needs sides of {wanted} px, "
                f"got {images.shape[1:3]}"
            )
        x = leaky_relu(Conv(self.features[0], 3)(images))
        for features in self.features[1:]:
            x = leaky_relu(Conv(features, 4, strides=2, padding=1)(x))
        return Conv(1, 4, padding=1)(x)[:, 0, 0, 0]
