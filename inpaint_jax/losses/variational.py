"""What keeps a variational latent near its prior."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import PerExample, check_same_shape


def gaussian_kl(mean: jax.Array, log_variance: jax.Array) -> PerExample:
    """Divergence of N(mean, exp(log_variance)) from N(0, 1), summed over the latent (Desai & Ghosal, eq. 1 and 2).

    Their eq. 1 prints the logarithm the other way round, which would make it negative. Their code divides by the
    12,288 values of the block, as its squared error does, and weighs it 0.1.

    Args:
      mean: ``[B, N]``.
      log_variance: ``[B, N]``, natural logarithm.

    Returns:
      ``[B]`` in nats, at least 0.

    Raises:
      InputError: where the shapes differ, or an array is not float.
    """
    check_same_shape(mean=mean, log_variance=log_variance)
    return 0.5 * (jnp.square(mean) + jnp.exp(log_variance) - 1.0 - log_variance).sum(-1)
