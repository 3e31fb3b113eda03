"""Decoders of variational inpainting (Desai & Ghosal), from a code to the missing block.

Each is a Linen module whose ``__call__(code [B, N], *, train)`` returns ``[B, size, size, C]`` in
[-1, 1], or in [0, 1] if ``rectified``. The layers follow the released code, including the negative
paddings. A block of 32 omits the second-to-last layer.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.networks.layers import BatchNorm, ConvTranspose, GroupNorm

LECUN = nn.initializers.lecun_normal()


class Up(NamedTuple):
    """Transposed convolution of stride 2 in PyTorch's terms.

    n pixels become 2 (n - 1) - 2 padding + kernel.
    """

    features: int
    kernel: int
    padding: int


def _up(x: jax.Array, up: Up) -> jax.Array:
    padding = up.kernel - 1 - up.padding
    return ConvTranspose(up.features, up.kernel, strides=2, padding=padding, kernel_init=LECUN)(x)


def _start(code: jax.Array, grid: int, channels: int) -> jax.Array:
    return nn.Dense(grid * grid * channels)(code).reshape(-1, grid, grid, channels)


def _layers(size: int, ups: list[Up]) -> list[Up]:
    """Select the layers before the output layer; a block of 32 omits the last of them."""
    if size not in (32, 64):
        raise InputError(f"a variational decoder paints blocks of side 64 or 32, not {size}")
    return ups if size == 64 else ups[:-1]


class AlexNet(nn.Module):
    """Six transposed convolutions from a 6x6 map, with batch norm.

    Attributes:
      size: side of the block, 64 or 32.
      width: channels of the 6x6 map.
      channels: channels of the block.
      rectified: end with a ReLU and a sigmoid instead of a tanh, as in the released code, which
        cannot paint below mid-grey.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    size: int = 64
    width: int = 64
    channels: int = 3
    rectified: bool = False
    axis_name: str | None = None

    @nn.compact
    def __call__(self, code: jax.Array, *, train: bool) -> jax.Array:
        w = self.width
        ups = [
            Up(4 * w, 3, 0),
            Up(4 * w, 3, 8),
            Up(2 * w, 5, 9),
            Up(w, 11, 4),
            Up(self.channels, 5, 0),
        ]
        x = _start(code, 6, w)
        for up in _layers(self.size, ups):  # 6 -> 13 -> 11 -> 7 -> 15 -> 33
            x = nn.relu(
                BatchNorm(axis_name=self.axis_name)(_up(x, up), use_running_average=not train)
            )
        x = _up(x, Up(self.channels, 4, 2 if self.size == 64 else 0))
        return nn.sigmoid(nn.relu(x)) if self.rectified else jnp.tanh(x)


class VGG(nn.Module):
    """Four transposed convolutions from a 3x3 map, with group norm, for the VGG and ResNet trunks.

    Attributes:
      size: side of the block, 64 or 32.
      width: channels of the second-to-last feature map; the 3x3 map has 4 times as many.
      channels: channels of the block.
      slope: slope of the leaky ReLUs; 1 in the released code, which makes them linear.
      rectified: end with the leaky ReLU and a sigmoid instead of a tanh, as in the released code.
      output_norm: normalise the block before the output activation, as in the released code. The
        norm has one group over all pixels and channels, so every block gets the same mean and
        contrast, regardless of the surrounding image.
    """

    size: int = 64
    width: int = 64
    channels: int = 3
    slope: float = 0.2
    rectified: bool = False
    output_norm: bool = True

    @nn.compact
    def __call__(self, code: jax.Array, *, train: bool) -> jax.Array:
        def act(x: jax.Array) -> jax.Array:
            return nn.leaky_relu(x, self.slope)

        w = self.width
        ups = [Up(2 * w, 7, 1), Up(w, 7, 4), Up(w // 2, 5, 1)]
        x = _start(code, 3, 4 * w)
        # 3 -> 9 -> 15 -> 31
        for up, groups in zip(_layers(self.size, ups), (8, 8, 4), strict=False):
            x = act(GroupNorm(groups)(_up(x, up)))
        x = _up(x, Up(self.channels, 6, 1))
        x = GroupNorm(1)(x) if self.output_norm else x
        return nn.sigmoid(act(x)) if self.rectified else jnp.tanh(x)
