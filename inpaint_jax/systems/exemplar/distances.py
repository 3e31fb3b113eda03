"""Distances between patches, for nearest-neighbour fields."""

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar.nearest_field import Comparison

FLAT = 1e-4  # variance of a patch without texture: about the square of one of 256 grey values


def squared_difference() -> Comparison:
    """Compare by the mean squared difference over pixels valid in both patches, summed over planes.

    The distance is infinite if no pixel is valid in both.
    """

    def pairs(target, weight, source, known):
        weighted, marked = weight[..., None] * target, known[..., None] * source
        squares = (weighted * target).sum(-1), (marked * source).sum(-1)
        of_targets = jnp.concatenate([squares[0], weight, -2.0 * _flat(weighted)], -1)
        of_sources = jnp.concatenate([known, squares[1], _flat(marked)], -1)
        total = product(of_targets, of_sources)
        return _mean(jnp.maximum(total, 0.0), product(weight, known))

    def each(target, weight, source, known):
        both = weight * known
        return _mean((both[..., None] * jnp.square(target - source)).sum((1, 2)), both.sum(1))

    return Comparison(pairs, each)


def with_gain_and_bias(gain: tuple[float, float], bias: tuple[float, float]) -> Comparison:
    """Compare by the mean squared difference after fitting each source channel to the target.

    The planes are C channels, and the derivatives of luma along x and y. ``fitted`` defines the
    fit; the derivatives are multiplied by the luma of the channels' gains. All pixels of the target
    count.

    Args:
      gain: least and greatest factor.
      bias: least and greatest addend.
    """

    def pairs(target, weight, source, known):
        del weight
        channels = target.shape[-1] - 2
        count = known.sum(1)
        total, brightness = 0.0, 0.0
        for channel, share in enumerate(luma_weights(channels)):
            t, s = target[..., channel], known * source[..., channel]
            t1, t2, ts = product(t, known), product(t * t, known), product(t, s)
            s1, s2 = s.sum(1)[None], (s * s).sum(1)[None]
            factor, addend = _fit(t1, t2, s1, s2, count[None], gain, bias)
            # sum (t - factor s - addend)^2, multiplied out
            total += t2 - 2.0 * (factor * ts + addend * t1)
            total += factor * factor * s2 + addend * (2.0 * factor * s1 + addend * count[None])
            brightness += share * factor
        t, s = target[..., channels:], known[..., None] * source[..., channels:]
        total += product((t * t).sum(-1), known) - 2.0 * brightness * product(_flat(t), _flat(s))
        total += brightness * brightness * (s * s).sum((1, 2))[None]
        return _mean(jnp.maximum(total, 0.0), count[None])

    def each(target, weight, source, known):
        del weight
        channels = target.shape[-1] - 2
        factor, addend = fitted(target[..., :channels], source[..., :channels], known, gain, bias)
        brightness = luma(factor)
        factor = jnp.concatenate([factor, jnp.repeat(brightness[:, None], 2, 1)], -1)
        addend = jnp.pad(addend, ((0, 0), (0, 2)))
        difference = target - factor[:, None] * source - addend[:, None]
        return _mean((known[..., None] * jnp.square(difference)).sum((1, 2)), known.sum(1))

    return Comparison(pairs, each)


def fitted(
    target: jax.Array,
    source: jax.Array,
    known: jax.Array,
    gain: tuple[float, float],
    bias: tuple[float, float],
) -> tuple[jax.Array, jax.Array]:
    """Fit gain and bias that bring a source's mean and standard deviation to the target's.

    Args:
      target: ``[T, N, C]``.
      source: ``[T, N, C]``.
      known: ``[T, N]``, 1 where a pixel counts.
      gain: least and greatest factor; chosen first.
      bias: least and greatest addend.

    Returns:
      Factors and addends, ``[T, C]`` each.
    """
    known = known[..., None]
    t1, t2 = (known * target).sum(1), (known * target * target).sum(1)
    s1, s2 = (known * source).sum(1), (known * source * source).sum(1)
    return _fit(t1, t2, s1, s2, known.sum(1), gain, bias)


def luma_weights(channels: int) -> tuple[float, ...]:
    """Return the weights of the channels in luma (BT.601 for three channels)."""
    return (0.299, 0.587, 0.114) if channels == 3 else (1.0 / channels,) * channels


def luma(values: jax.Array) -> jax.Array:
    """Compute the luma ``[...]`` of ``[..., C]``."""
    return sum(share * values[..., n] for n, share in enumerate(luma_weights(values.shape[-1])))  # type: ignore


def _fit(t1, t2, s1, s2, count, gain, bias):
    """Fit gain and bias from the sums of values and squares of both patches."""
    count = jnp.maximum(count, 1.0)
    t_mean, s_mean = t1 / count, s1 / count
    t_variance, s_variance = t2 / count - t_mean * t_mean, s2 / count - s_mean * s_mean
    ratio = (jnp.maximum(t_variance, 0.0) + FLAT) / (jnp.maximum(s_variance, 0.0) + FLAT)
    factor = jnp.clip(jnp.sqrt(ratio), *gain)
    return factor, jnp.clip(t_mean - factor * s_mean, *bias)


def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """Compute ``a @ b.T`` in full float32: reduced precision would select wrong neighbours."""
    return jnp.matmul(a, b.T, precision=jax.lax.Precision.HIGHEST)


def _flat(values: jax.Array) -> jax.Array:
    return values.reshape(len(values), -1)


def _mean(total: jax.Array, count: jax.Array) -> jax.Array:
    return jnp.where(count > 1e-6, total / jnp.maximum(count, 1e-6), jnp.inf)
