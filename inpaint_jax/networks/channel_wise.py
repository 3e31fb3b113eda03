"""Encoder-decoder with a channel-wise fully connected bottleneck.

The bottleneck mixes positions, not channels. Source: Pathak et al. 2016, section 3.1; Gao & Grauman
2017.
"""

from collections.abc import Sequence

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.networks.layers import BatchNorm, Conv, ConvTranspose, leaky_relu

KERNEL = 4


class ChannelWise(nn.Module):
    """Apply a fully connected layer to each channel separately (Pathak et al. 2016).

    Input and output have the shape ``[B, h, w, C]``. Each channel has a separate affine map from h
    w positions to h w positions. Initial weights are uniform within 1 / sqrt(h w).
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        _, height, width, channels = x.shape
        places = height * width

        def uniform(key, shape, dtype="float32"):
            return jax.random.uniform(
                key, shape, dtype, minval=-(places**-0.5), maxval=places**-0.5
            )

        kernel = self.param("kernel", uniform, (channels, places, places))
        bias = self.param("bias", uniform, (places, channels))
        mixed = jnp.einsum("bpc,cpq->bqc", x.reshape(-1, places, channels), kernel) + bias[None]
        return mixed.reshape(x.shape)


class EncoderDecoder(nn.Module):
    """Map damaged images ``[B, S, S, C]`` to a block ``[B, size, size, channels]`` in [-1, 1].

    Attributes:
      features: channels of the encoder, one number per halving. The decoder mirrors the encoder
        until the side reaches ``size``.
      size: side of the block: the side of the images, or a smaller side for their centre.
      channels: channels of the block.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    features: Sequence[int] = (64, 128, 256, 512)
    size: int = 64
    channels: int = 3
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        def norm(x):
            return BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)

        halvings, side = len(self.features), images.shape[1]
        smallest = side >> halvings
        if side % (1 << halvings) or self.size not in [
            smallest << count for count in range(1, halvings + 1)
        ]:
            raise InputError(
                f"{halvings} halvings of a side of {side} pixels do not lead to "
                f"a block of {self.size}"
            )
        x = images
        for features in self.features:
            x = leaky_relu(norm(Conv(features, KERNEL, strides=2, use_bias=False)(x)))
        x = ChannelWise()(x)
        for features in tuple(self.features)[-2::-1]:
            if 2 * x.shape[1] < self.size:
                x = nn.relu(norm(ConvTranspose(features, KERNEL, strides=2, use_bias=False)(x)))
        return jnp.tanh(ConvTranspose(self.channels, KERNEL, strides=2, use_bias=False)(x))
