"""Losses on a variational latent."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import PerExample, check_same_shape


def gaussian_kl(mean: jax.Array, log_variance: jax.Array) -> PerExample:
    """KL divergence of N(mean, exp(log_variance)) from N(0, 1), summed over the latent.

    Source: Desai & Ghosal, eq. 1 and 2. Their eq. 1 prints the logarithm inverted, which would make
    the divergence negative. Their code divides the divergence by the 12,288 values of the block,
    like the squared error, and weights it by 0.1.

    Args:
      mean: ``[B, N]``.
      log_variance: ``[B, N]``, natural logarithm.

    Returns:
      ``[B]`` in nats, at least 0.

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    check_same_shape(mean=mean, log_variance=log_variance)
    return 0.5 * (jnp.square(mean) + jnp.exp(log_variance) - 1.0 - log_variance).sum(-1)
