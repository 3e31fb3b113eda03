"""Random integers and booleans that are the same on every machine and in every JAX release."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import Key


def integers(key: Key, shape: tuple[int, ...], low, high) -> jax.Array:
    """Draw uniform integers ``low <= i < high``; ``low`` if the range is empty.

    Args:
      key: typed key.
      shape: shape of the result.
      low: least value, a scalar or an array of ``shape``; can be traced.
      high: exclusive upper bound, of the same form. For a range of n values the bias is below n /
        2^32.

    Returns:
      ``int32``, of shape ``shape``.
    """
    bits = jax.random.bits(key, shape, jnp.uint32)
    span = jnp.maximum(jnp.asarray(high, jnp.int32) - jnp.asarray(low, jnp.int32), 1).astype(
        jnp.uint32
    )
    return jnp.asarray(low, jnp.int32) + (bits % jnp.broadcast_to(span, shape)).astype(jnp.int32)


def coins(key: Key, shape: tuple[int, ...], probability: float) -> jax.Array:
    """Draw independent booleans, True with the given probability (to within 2^-25)."""
    bits = jax.random.bits(key, shape, jnp.uint32) >> 8
    return bits < jnp.uint32(round(probability * 2**24))
