"""Sharma's autoencoder for refining GAN images: four halvings, four doublings, batch norm."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import BatchNorm, Conv, doublings, leaky_relu

HE = nn.initializers.he_normal()


class Autoencoder(nn.Module):
    """Map images ``[B, S, S, C]``, S = 4 * 2^n, to images of the same shape in [-1, 1].

    The bottleneck is a map of side 4. At 64 px the code has 4 * 4 * 8 ``width`` = 8,192 features
    for the published width. Doublings repeat pixels.

    Attributes:
      width: channels of the largest map; each halving of the side doubles them.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    width: int = 64
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        def convolved(x, features, strides):
            x = Conv(features, 3, strides=strides, kernel_init=HE)(x)
            return BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)

        x, count = images, doublings(images.shape[1])
        for i in range(count):
            x = leaky_relu(convolved(x, self.width << i, 2))
        for i in reversed(range(count - 1)):
            x = nn.relu(convolved(doubled(x), self.width << i, 1))
        return jnp.tanh(
            Conv(images.shape[-1], 3, kernel_init=nn.initializers.lecun_normal())(doubled(x))
        )


def doubled(x: jax.Array) -> jax.Array:
    """Repeat every pixel 2 x 2 times: ``[B, H, W, C]`` to ``[B, 2 H, 2 W, C]``."""
    return x.repeat(2, axis=1).repeat(2, axis=2)
