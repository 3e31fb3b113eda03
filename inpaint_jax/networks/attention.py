"""Attention of a feature map to itself and to an earlier map (Zheng et al., section 3.4)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from inpaint_jax.networks.layers import Conv

orthogonal = nn.initializers.orthogonal(0.02)


class SelfAttention(nn.Module):
    """Add self-attention to a map, times a learnt gain that starts at 0.

    Called on ``[B, h, w, C]``, it returns the new map and the attention ``[B, N, N]``, N = h w,
    whose rows sum to 1. Queries and keys are one projection to C / 4 channels; the values are the
    map itself.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        query = Conv(x.shape[-1] // 4, 1, kernel_init=orthogonal, name="query")(x)
        flat = query.reshape(len(x), -1, query.shape[-1])
        weights = jax.nn.softmax(jnp.einsum("bic,bjc->bij", flat, flat), axis=-1)
        gain = self.param("gamma", nn.initializers.zeros, ())
        return gain * attended(weights, x) + x, weights


class ContextFlow(nn.Module):
    """Carry features of an earlier map from its known part into the hole, by a given attention.

    Called as ``(weights [B, N, N], earlier [B, h, w, C], hole [B, h, w, 1])``, it returns ``[B, h,
    w, C]``: the earlier map at known pixels, and the attended map, times a learnt gain that starts
    at 0, at missing pixels. A hole that was scaled down has values between 0 and 1, which mix the
    two maps.
    """

    @nn.compact
    def __call__(self, weights: jax.Array, earlier: jax.Array, hole: jax.Array) -> jax.Array:
        gain = self.param("alpha", nn.initializers.zeros, ())
        return gain * hole * attended(weights, earlier) + (1.0 - hole) * earlier


def attended(weights: jax.Array, x: jax.Array) -> jax.Array:
    """Average a map over the positions that each position attends to.

    Args:
      weights: ``[B, N, N]``; row i has the weights of all positions for position i.
      x: ``[B, h, w, C]``, N = h w.

    Returns:
      ``[B, h, w, C]``.
    """
    return jnp.einsum("bij,bjc->bic", weights, x.reshape(len(x), -1, x.shape[-1])).reshape(x.shape)
