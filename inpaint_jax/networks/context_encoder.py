"""Context encoder (Pathak et al. 2016) as its authors released it: a trunk, one narrow waist, 4x4 kernels upwards."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import GRID, BatchNorm, Conv, ConvTranspose, doublings, leaky_relu

KERNEL = 4


def _widths(size: int, width: int) -> list[int]:
    """Channels at sides size/2, size/4, ..., 4: 8 times ``width`` at the last, halved outwards, never below width."""
    count = doublings(size)
    return [max(width, width * 8 >> (count - i)) for i in range(1, count + 1)]


def middle(maps: jax.Array, side: int) -> jax.Array:
    """Cut the middle of maps ``[B, H, W, C]``: ``[B, side, side, C]``."""
    top, left = ((length - side) // 2 for length in maps.shape[1:3])
    return maps[:, top : top + side, left : left + side]


class Generator(nn.Module):
    """Damaged pictures ``[B, H, W, C]`` to the predicted block ``[B, size, size, channels]`` in [-1, 1].

    Pictures of side 128 and a block of 64 are the published centre model, a block of 128 the one for random holes.

    Attributes:
      trunk: picture -> feature map ``[B, h, w, C]``; the waist's kernel covers the whole map.
      size: side of the block, 4 * 2^m.
      bottleneck: channels of the 1x1 waist.
      width: of the decoder: 8 times as many channels at 4x4, halved at every doubling, but never below it.
      slope: of the waist's leaky ReLU; 0: a ReLU.
      use_bias: whether the waist's and the decoder's convolutions have biases.
      channels: of the block.
      skips: whether every map of the decoder is joined by the middle of the trunk's map of the same scale
        (Ronneberger et al. 2015), so that what is known need not pass through the waist.
      axis_name: mapped axis over which the statistics of batch norm are taken.
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
            scale = images.shape[1] // self.size * x.shape[1]  # side of the map whose middle this one shows
            same = [middle(wide, x.shape[1]) for wide in maps[:-1] if wide.shape[1] == scale]
            return jnp.concatenate([x, *same], axis=-1)

        maps = self.trunk.maps(images, train=train) if self.skips else [self.trunk(images, train=train)]
        x = maps[-1]
        waist = Conv(self.bottleneck, x.shape[1:3], padding="VALID", use_bias=self.use_bias)
        x = nn.leaky_relu(norm(waist(x)), self.slope)
        outwards = _widths(self.size, self.width)[::-1]
        x = joined(nn.relu(norm(up(x, outwards[0], padding="VALID"))))
        for features in outwards[1:]:
            x = joined(nn.relu(norm(up(x, features, strides=2))))
        return jnp.tanh(up(x, self.channels, strides=2))


class Discriminator(nn.Module):
    """Blocks ``[B, S, S, C]``, S = 4 * 2^n, to logits ``[B]``: positive means real.

    Attributes:
      width: 8 times as many channels at 4x4, half of them at twice the side and so on, but never below it.
      use_bias: whether the convolutions have biases.
      axis_name: mapped axis over which the statistics of batch norm are taken.
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
