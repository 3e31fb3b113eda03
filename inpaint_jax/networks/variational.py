"""Variational autoencoder of Desai & Ghosal: trunk, two heads, sample, decoder."""

import flax.linen as nn
import jax
from jax import numpy as jnp


class Autoencoder(nn.Module):
    """Map damaged images ``[B, H, W, C]`` and noise ``[B, N]`` to ``(block, mean, log_variance)``.

    The decoder maps ``mean + exp(log_variance / 2) * noise``, ``[B, N]`` each, to the block
    ``[B, S, S, C]`` in [-1, 1]. Zero noise gives the most likely block. Noise from N(0, 1) gives a
    sample.

    Attributes:
      trunk: module from images to a feature map ``[B, h, w, C]``.
      decoder: module from a code ``[B, hidden]`` to a block.
      bottleneck: N, the size of the latent.
      hidden: features before and after the latent, 500 in the paper. For N >= 500 these layers are
        the narrowest point.
    """

    trunk: nn.Module
    decoder: nn.Module
    bottleneck: int = 4000
    hidden: int = 500

    @nn.compact
    def __call__(
        self, damaged: jax.Array, noise: jax.Array, *, train: bool
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        features = self.trunk(damaged, train=train)
        code = nn.Dense(self.hidden)(features.reshape(len(damaged), -1))
        mean, log_variance = nn.Dense(self.bottleneck)(code), nn.Dense(self.bottleneck)(code)
        latent = mean + jnp.exp(0.5 * log_variance) * noise
        return self.decoder(nn.Dense(self.hidden)(latent), train=train), mean, log_variance
