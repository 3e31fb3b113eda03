"""Least-squares GAN of Sharma: DCGAN shapes, no norm, dropout after every leaky ReLU, scores.

Weights start at N(0, 0.02). With larger initial weights (He), the critic wins within a few hundred
steps, and the generator collapses to one image.
"""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import (
    GRID,
    Conv,
    ConvTranspose,
    Dropout,
    doublings,
    leaky_relu,
    normal_init,
)


class Generator(nn.Module):
    """Map latents ``[B, Z]`` to images ``[B, size, size, channels]`` in [-1, 1].

    Attributes:
      size: side of the image, 4 * 2^n.
      width: channels of the 4x4 map; each doubling of the side halves them.
      kernel: side of the kernels. No kernel fits the paper's table; 3 is the kernel that the paper
        names.
      dropout: share of the values dropped in training.
      channels: channels of the image.
      axis_name: mapped axis over which the batch is split.
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
    """Map images ``[B, S, S, C]``, S = 4 * 2^n, to scores ``[B]``: 1 means real, 0 generated.

    The scores have no sigmoid.

    Attributes:
      width: channels after the first convolution; each halving of the side doubles them.
      dropout: share of the values dropped in training.
      axis_name: mapped axis over which the batch is split.
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
