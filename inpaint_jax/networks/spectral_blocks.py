"""Residual blocks of spectrally normalised convolutions (Zheng et al. 2019)."""

from functools import partial

import flax.linen as nn
import jax

from inpaint_jax.networks.layers import InstanceNorm
from inpaint_jax.networks.spectral import SpectralConv, SpectralConvTranspose

leaky_relu = partial(nn.leaky_relu, negative_slope=0.1)


def channels(width: int, most: int, halvings: int) -> int:
    """Return the channels of a map after some halvings: doubled each time, up to ``most``."""
    return width * min(2**halvings, most // width)


class Residual(nn.Module):
    """Residual block: two 3x3 convolutions, added to a 1x1 convolution.

    Attributes:
      features: output channels.
      hidden: channels between the convolutions.
      down: halve the map by averages of 2x2.
    """

    features: int
    hidden: int
    down: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        y = SpectralConv(self.hidden, 3, name="conv1")(leaky_relu(x), train=train)
        y = SpectralConv(self.features, 3, name="conv2")(leaky_relu(y), train=train)
        y = y + SpectralConv(self.features, 1, name="bypass")(x, train=train)
        return halved(y) if self.down else y


class FirstResidual(nn.Module):
    """First block of encoder and discriminator: no leading activation; halves the map.

    Attributes:
      features: output channels.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        y = SpectralConv(self.features, 3, name="conv1")(x, train=train)
        y = SpectralConv(self.features, 3, name="conv2")(leaky_relu(y), train=train)
        return halved(y) + SpectralConv(self.features, 1, name="bypass")(halved(x), train=train)


class Doubling(nn.Module):
    """Residual block with instance norm that doubles the side of a map.

    Attributes:
      features: output channels.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        def up(x, name):
            geometry = {"strides": 2, "padding": ((1, 2), (1, 2))}
            return SpectralConvTranspose(self.features, 3, name=name, **geometry)(x, train=train)

        y = leaky_relu(InstanceNorm(name="norm1")(x))
        y = SpectralConv(self.features, 3, name="conv1")(y, train=train)
        return up(leaky_relu(InstanceNorm(name="norm2")(y)), "conv2") + up(x, "bypass")


def halved(x: jax.Array) -> jax.Array:
    """Average over 2x2 positions, ``[B, h, w, C]`` to ``[B, h/2, w/2, C]``."""
    batch, height, width, size = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, size).mean((2, 4))
