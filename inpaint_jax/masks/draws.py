"""Integers from random bits, by arithmetic that is the same on every machine and in every release of jax."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import Key


def integers(key: Key, shape: tuple[int, ...], low, high) -> jax.Array:
    """Uniform integers in ``low <= i < high``; ``low`` where the range is empty.

    Args:
      key: typed key.
      shape: of the result.
      low: least value, a scalar or of the result's shape; can be traced.
      high: above the greatest value, likewise. Over a range of n values the bias is below n / 2^32.

    Returns:
      ``int32``, of the shape.
    """
    bits = jax.random.bits(key, shape, jnp.uint32)
    span = jnp.maximum(jnp.asarray(high, jnp.int32) - jnp.asarray(low, jnp.int32), 1).astype(jnp.uint32)
    return jnp.asarray(low, jnp.int32) + (bits % jnp.broadcast_to(span, shape)).astype(jnp.int32)


def coins(key: Key, shape: tuple[int, ...], probability: float) -> jax.Array:
    """Independent booleans, True with the given probability (to within 2^-25)."""
    bits = jax.random.bits(key, shape, jnp.uint32) >> 8
    return bits < jnp.uint32(round(probability * 2**24))
