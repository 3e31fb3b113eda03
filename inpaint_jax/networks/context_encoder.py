"""Context encoder (Pathak et al. 2016), as released: trunk, bottleneck, 4x4 decoder kernels."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import GRID, BatchNorm, Conv, ConvTranspose, doublings, leaky_relu

KERNEL = 4


def _widths(size: int, width: int) -> list[int]:
    """List the channels at sides size/2, size/4, ..., 4.

    Side 4 has 8 times ``width`` channels. Each doubling of the side halves them, but not below
    ``width``.
    """
    count = doublings(size)
    return [max(width, width * 8 >> (count - i)) for i in range(1, count + 1)]


def middle(maps: jax.Array, side: int) -> jax.Array:
    """Crop maps ``[B, H, W, C]`` to the central ``[B, side, side, C]``."""
    top, left = ((length - side) // 2 for length in maps.shape[1:3])
    return maps[:, top : top + side, left : left + side]


class Generator(nn.Module):
    """Map damaged images ``[B, H, W, C]`` to a block ``[B, size, size, channels]`` in [-1, 1].

    The published centre model predicts a block of 64 from images of side 128. The published model
    for random holes predicts a block of 128.

    Attributes:
      trunk: module from images to a feature map ``[B, h, w, C]``; the kernel of the bottleneck
        covers the whole map.
      size: side of the block, 4 * 2^m.
      bottleneck: channels of the 1x1 bottleneck.
      width: least channels of the decoder. The 4x4 map has 8 times as many; each doubling halves
        them.
      slope: slope of the leaky ReLU after the bottleneck; 0 gives a ReLU.
      use_bias: add biases to the convolutions of the bottleneck and the decoder.
      channels: channels of the block.
      skips: concatenate each decoder map with the centre of the trunk's map of the same scale
        (Ronneberger et al. 2015), so that known content can bypass the bottleneck.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    trunk: nn.Module
    size: int = 64
    bottleneck: int = 4000
    width: int = 64
    slope: float = 0.2
    use_bias: bool = False
    channels: int = 3
    skips: bool = False
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        def norm(x):
            return BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)

        def up(x, features, **geometry):
            return ConvTranspose(features, KERNEL, use_bias=self.use_bias, **geometry)(x)

        def joined(x):
            scale = images.shape[1] // self.size * x.shape[1]  # side of the trunk map at this scale
            same = [middle(wide, x.shape[1]) for wide in maps[:-1] if wide.shape[1] == scale]
            return jnp.concatenate([x, *same], axis=-1)

        maps = (
            self.trunk.maps(images, train=train)
            if self.skips
            else [self.trunk(images, train=train)]
        )
        x = maps[-1]
        bottleneck = Conv(self.bottleneck, x.shape[1:3], padding="VALID", use_bias=self.use_bias)
        x = nn.leaky_relu(norm(bottleneck(x)), self.slope)
        outwards = _widths(self.size, self.width)[::-1]
        x = joined(nn.relu(norm(up(x, outwards[0], padding="VALID"))))
        for features in outwards[1:]:
            x = joined(nn.relu(norm(up(x, features, strides=2))))
        return jnp.tanh(up(x, self.channels, strides=2))


class Discriminator(nn.Module):
    """Map blocks ``[B, S, S, C]``, S = 4 * 2^n, to logits ``[B]``: positive means real.

    Attributes:
      width: least channels. The 4x4 map has 8 times as many; each doubling of the side halves them.
      use_bias: add biases to the convolutions.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    width: int = 64
    use_bias: bool = False
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = images
        for i, features in enumerate(_widths(images.shape[1], self.width)):
            x = Conv(features, KERNEL, strides=2, use_bias=self.use_bias)(x)
            if i > 0:
                x = BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)
            x = leaky_relu(x)
        return Conv(1, GRID, padding="VALID", use_bias=self.use_bias)(x)[:, 0, 0, 0]
