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


def gaussian_kl_between(
    mean: jax.Array,
    deviation: jax.Array,
    other_mean: jax.Array,
    other_deviation: jax.Array,
    *,
    frozen: bool = False,
) -> PerExample:
    """KL divergence between two Gaussians, averaged over the latent (Zheng et al.).

    The divergence is that of N(mean, deviation^2) from N(other_mean, other_deviation^2).

    Args:
      mean: mean of the first distribution, ``[B, ...]``.
      deviation: standard deviation of the first distribution, same shape, positive.
      other_mean: mean of the second distribution, same shape.
      other_deviation: standard deviation of the second distribution, same shape, positive.
      frozen: stop the gradient through the first distribution, so that only the second one moves.

    Returns:
      ``[B]`` in nats per value of the latent, at least 0.

    Raises:
      InputError: where the shapes differ, or an array is not float.
    """
    check_same_shape(
        mean=mean, deviation=deviation, other_mean=other_mean, other_deviation=other_deviation
    )
    if frozen:
        mean, deviation = jax.lax.stop_gradient((mean, deviation))
    ratio = jnp.square(deviation / other_deviation)
    shift = jnp.square((mean - other_mean) / other_deviation)
    return 0.5 * (ratio + shift - 1.0 - jnp.log(ratio)).reshape(len(mean), -1).mean(1)
