"""Context encoder (Pathak et al. 2016) as its authors released it: 4x4 kernels without biases, one narrow waist."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import BatchNorm, Conv, ConvTranspose, leaky_relu

GRID = 4  # side of the smallest feature map
KERNEL = 4


def _widths(size: int, width: int) -> list[int]:
    """Channels at sides size/2, size/4, ..., 4: 8 times ``width`` at the last, halved outwards, never below width."""
    count = (size // GRID).bit_length() - 1
    if count < 1 or GRID << count != size:
        raise ValueError(f"a context encoder's picture has a side of {GRID} times a power of two, got {size}")
    return [max(width, width * 8 >> (count - i)) for i in range(1, count + 1)]


class Generator(nn.Module):
    """Damaged pictures ``[B, S, S, C]``, S = 4 * 2^n, to the predicted block ``[B, size, size, channels]`` in [-1, 1].

    Pictures of side 128 and a block of 64 are the published centre model, a block of 128 the one for random holes.

    Attributes:
      size: side of the block, 4 * 2^m.
      bottleneck: channels of the 1x1 waist.
      width: channels of the outermost feature maps.
      channels: of the block.
      axis_name: mapped axis over which the statistics of batch norm are taken.
    """

    size: int = 64
    bottleneck: int = 4000
    width: int = 64
    channels: int = 3
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        def norm(x):
            return BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)

        x = images
        for i, features in enumerate(_widths(images.shape[1], self.width)):
            x = Conv(features, KERNEL, strides=2, use_bias=False)(x)
            x = leaky_relu(norm(x) if i > 0 else x)
        x = leaky_relu(norm(Conv(self.bottleneck, KERNEL, padding="VALID", use_bias=False)(x)))
        outwards = _widths(self.size, self.width)[::-1]
        x = nn.relu(norm(ConvTranspose(outwards[0], KERNEL, padding="VALID", use_bias=False)(x)))
        for features in outwards[1:]:
            x = nn.relu(norm(ConvTranspose(features, KERNEL, strides=2, use_bias=False)(x)))
        return jnp.tanh(ConvTranspose(self.channels, KERNEL, strides=2, use_bias=False)(x))


class Discriminator(nn.Module):
    """Blocks ``[B, S, S, C]``, S = 4 * 2^n, to logits ``[B]``: positive means real.

    Attributes:
      width: channels after the first convolution.
      axis_name: mapped axis over which the statistics of batch norm are taken.
    """

    width: int = 64
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = images
        for i, features in enumerate(_widths(images.shape[1], self.width)):
            x = Conv(features, KERNEL, strides=2, use_bias=False)(x)
            if i > 0:
                x = BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)
            x = leaky_relu(x)
        return Conv(1, GRID, padding="VALID", use_bias=False)(x)[:, 0, 0, 0]
