"""Votes: every pixel combines the contents of the neighbours of the patches that cover it."""

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import patches
from inpaint_jax.systems.exemplar.nearest_field import Field


def vote(
    field: Field,
    stack: jax.Array,
    known: jax.Array,
    region: jax.Array,
    fallback: jax.Array,
    *,
    patch: int,
    variance: jax.Array,
    confidence: jax.Array | None = None,
    scale: jax.Array | None = None,
    shift: jax.Array | None = None,
    sharp: bool | jax.Array = False,
    chunk: int = 2048,
) -> jax.Array:
    """Compute the weighted mean of the values that the patches over a pixel propose.

    A patch at distance d from its neighbour has weight ``confidence * exp(-d / (2 variance))``, and
    weight 0 if the neighbour's pixel is unknown.

    Args:
      field: a neighbour for every patch; neighbours at infinite distance do not vote.
      stack: ``[V, H, W, Q]``, the values of the sources.
      known: ``[V, H, W]``, 1 where the values are known.
      region: bool ``[H', W']``, the pixels to compute.
      fallback: ``[H', W', Q]``, the answer elsewhere, and at pixels without votes.
      patch: side of a patch.
      variance: ``[]``, of the distance; 0: only the nearest patch votes.
      confidence: ``[rows, columns]`` of a patch; default 1.
      scale: ``[rows, columns, Q]``, factor of a neighbour's values; default 1.
      shift: ``[rows, columns, Q]``, addend of a neighbour's values; default 0.
      sharp: bool or bool ``[]``: take the vote of greatest weight instead of the mean.
      chunk: pixels at a time.

    Returns:
      ``[H', W', Q]``. Equal votes give exactly their value.
    """
    height, width = region.shape
    rows, columns = field.source.shape
    source_grid = patches.grid(stack.shape[1:3], patch)
    positions, count = patches.listed(region, chunk)
    offsets = jnp.mgrid[:patch, :patch].reshape(2, -1)
    values = stack.reshape(-1, stack.shape[-1])

    def ask(number, pixels):
        del number
        row = (pixels // width)[:, None] - offsets[:1]
        column = (pixels % width)[:, None] - offsets[1:]
        over = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        anchors = jnp.clip(row, 0, rows - 1) * columns + jnp.clip(column, 0, columns - 1)
        image, y, x = patches.split(field.source.ravel()[anchors], source_grid)
        voters = (image * stack.shape[1] + y + offsets[:1]) * stack.shape[2] + x + offsets[1:]
        distance = field.distance.ravel()[anchors]
        over &= jnp.isfinite(distance) & (known.ravel()[voters] > 0.5)
        nearest = jnp.where(over, distance, jnp.inf).min(1, keepdims=True)
        beyond = jnp.where(over, distance - nearest, 0.0)
        weight = jnp.where(over, jnp.exp(-beyond / jnp.maximum(2.0 * variance, 1e-12)), 0.0)
        if confidence is not None:
            weight *= confidence.ravel()[anchors]
        votes = values[voters]
        if scale is not None:
            votes = votes * scale.reshape(-1, votes.shape[-1])[anchors]
        if shift is not None:
            votes = votes + shift.reshape(-1, votes.shape[-1])[anchors]
        best = jnp.take_along_axis(votes, weight.argmax(1)[:, None, None], 1)
        # Computed relative to one of the votes, so that equal votes are not rounded.
        total = jnp.maximum(weight.sum(1), 1e-30)[:, None]
        others = (weight[..., None] * (votes - best)).sum(1) / total
        answer = best[:, 0] + jnp.where(sharp, 0.0, others)
        before = fallback.reshape(-1, votes.shape[-1])[jnp.minimum(pixels, height * width - 1)]
        return jnp.where((weight > 0).any(1)[:, None], answer, before)

    start = jnp.zeros((len(positions), stack.shape[-1]))
    answers = patches.chunked(ask, start, positions, count, chunk)
    whole = fallback.reshape(height * width, -1).at[positions].set(answers, mode="drop")
    return whole.reshape(fallback.shape)
