"""The least-squares GAN of Sharma: DCGAN's shapes, but no norm, dropout after every leaky ReLU, and scores.

Weights begin at N(0, 0.02). With larger ones (He's) the critic wins in a few hundred steps, and all pictures are one.
"""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import GRID, Conv, ConvTranspose, Dropout, doublings, leaky_relu, normal_init


class Generator(nn.Module):
    """Latents ``[B, Z]`` to pictures ``[B, size, size, channels]`` in [-1, 1].

    Attributes:
      size: side of the picture, 4 * 2^n.
      width: channels of the 4x4 map; each doubling of the side halves them.
      kernel: side of the kernels. The paper's table fits none; 3 is what it names.
      dropout: share of the values dropped in training.
      channels: of the picture.
      axis_name: mapped axis over which the batch is shared.
    """

    size: int = 64
    width: int = 1024
    kernel: int = 3
    dropout: float = 0.3
    channels: int = 3
    axis_name: str | None = None

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        def activated(x):
            return Dropout(self.dropout, axis_name=self.axis_name)(leaky_relu(x), train=train)

        count = doublings(self.size)
        x = activated(nn.Dense(GRID * GRID * self.width, kernel_init=normal_init)(z)).reshape(
            -1, GRID, GRID, self.width
        )
        for i in range(1, count):
            x = activated(ConvTranspose(self.width >> i, self.kernel, strides=2)(x))
        return jnp.tanh(ConvTranspose(self.channels, self.kernel, strides=2)(x))


class Discriminator(nn.Module):
    """Pictures ``[B, S, S, C]``, S = 4 * 2^n, to scores ``[B]``: 1 means real, 0 generated, without a sigmoid.

    Attributes:
      width: channels after the first convolution; each halving of the side doubles them.
      dropout: share of the values dropped in training.
      axis_name: mapped axis over which the batch is shared.
    """

    width: int = 64
    dropout: float = 0.3
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = images
        for i in range(doublings(images.shape[1])):
            x = leaky_relu(Conv(self.width << i, 4, strides=2)(x))
            x = Dropout(self.dropout, axis_name=self.axis_name)(x, train=train)
        return nn.Dense(1, kernel_init=normal_init)(x.reshape(x.shape[0], -1))[:, 0]
