"""The variational autoencoder of Desai & Ghosal: a trunk, two heads, a sample, a decoder."""

import flax.linen as nn
import jax
from jax import numpy as jnp


class Autoencoder(nn.Module):
    """Damaged pictures ``[B, H, W, C]`` and noise ``[B, N]`` to ``(block, mean, log_variance)``.

    The block ``[B, S, S, C]`` in [-1, 1] is decoded from ``mean + exp(log_variance / 2) * noise``, ``[B, N]`` each:
    noise of zeros gives the most likely block, noise from N(0, 1) a sample.

    Attributes:
      trunk: picture -> feature map ``[B, h, w, C]``.
      decoder: code ``[B, hidden]`` -> block.
      bottleneck: N, the size of the latent.
      hidden: features on both sides of the latent, 500 in the paper: for N >= 500 they are the narrowest point.
    """

    trunk: nn.Module
    decoder: nn.Module
    bottleneck: int = 4000
    hidden: int = 500

    @nn.compact
    def __call__(self, damaged: jax.Array, noise: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
        features = self.trunk(damaged, train=train)
        code = nn.Dense(self.hidden)(features.reshape(len(damaged), -1))
        mean, log_variance = nn.Dense(self.bottleneck)(code), nn.Dense(self.bottleneck)(code)
        latent = mean + jnp.exp(0.5 * log_variance) * noise
        return self.decoder(nn.Dense(self.hidden)(latent), train=train), mean, log_variance
