"""DCGAN (Radford et al. 2015) with the sizes of Buchacek 2020, the prior for latent inpainting."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import (
    GRID,
    BatchNorm,
    Conv,
    ConvTranspose,
    doublings,
    leaky_relu,
    normal_init,
    truncated_normal_init,
)


class Generator(nn.Module):
    """Map latents ``[B, Z]`` to images ``[B, size, size, channels]`` in [-1, 1].

    Attributes:
      size: side of the image, 4 * 2^n.
      width: channels of the 4x4 map; each doubling of the side halves them.
      kernel: side of the kernels: 5 in Radford et al., 3 in the code behind Buchacek's results.
      channels: channels of the image.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    size: int = 64
    width: int = 1024
    kernel: int = 3
    channels: int = 3
    axis_name: str | None = None

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        count = doublings(self.size)
        x = nn.Dense(GRID * GRID * self.width, kernel_init=nn.initializers.xavier_uniform())(z)
        x = x.reshape(-1, GRID, GRID, self.width)
        for i in range(1, count + 1):
            x = nn.relu(BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train))
            features = self.channels if i == count else self.width >> i
            x = ConvTranspose(features, self.kernel, strides=2, kernel_init=normal_init)(x)
        return jnp.tanh(x)


class Discriminator(nn.Module):
    """Map images ``[B, S, S, C]``, S = 4 * 2^n, to logits ``[B]``: positive means real.

    Attributes:
      width: channels after the first convolution; each halving of the side doubles them.
      kernel: side of the kernels.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    width: int = 64
    kernel: int = 5
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = images
        for i in range(doublings(images.shape[1])):
            x = Conv(self.width << i, self.kernel, strides=2, kernel_init=truncated_normal_init)(x)
            if i > 0:
                x = BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)
            x = leaky_relu(x)
        logits = nn.Dense(1, kernel_init=nn.initializers.xavier_uniform())(
            x.reshape(x.shape[0], -1)
        )
        return logits[:, 0]
