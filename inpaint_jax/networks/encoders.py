"""Encoders: from a damaged image to the latent of a generator."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.layers import GRID, BatchNorm, Conv, leaky_relu, truncated_normal_init


class Encoder(nn.Module):
    """Map damaged images and holes to latents ``[B, latent_size]`` in [-1, 1].

    Images are ``[B, H, W, C]`` and holes ``[B, H, W, 1]``. The network is the discriminator of
    Radford et al. 2016 with a different head. It reads the hole as an extra channel, because
    mid-grey can be a colour or a missing pixel. The tanh keeps the latent within the support of the
    prior U(-1, 1).

    Attributes:
      width: channels after the first convolution; each halving of the side doubles them.
      latent_size: length of the generator's latent.
      kernel: side of the kernels.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    width: int = 64
    latent_size: int = 100
    kernel: int = 5
    axis_name: str | None = None

    @nn.compact
    def __call__(self, damaged: jax.Array, hole: jax.Array, *, train: bool) -> jax.Array:
        x, features = jnp.concatenate([damaged, hole], axis=-1), self.width
        while max(x.shape[1:3]) > GRID:  # halve until no side exceeds GRID
            x = Conv(features, self.kernel, strides=2, kernel_init=truncated_normal_init)(x)
            if features > self.width:
                x = BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)
            x, features = leaky_relu(x), 2 * features
        head = nn.Dense(self.latent_size, kernel_init=nn.initializers.xavier_uniform())
        return jnp.tanh(head(x.reshape(x.shape[0], -1)))
