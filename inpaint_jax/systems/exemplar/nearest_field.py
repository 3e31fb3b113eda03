"""Nearest-neighbour fields: for every patch that is wanted, the most similar source patch.

``exact`` compares all pairs, in chunks: memory does not grow with their number.
``randomised_field`` finds good neighbours without comparing all.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import patches


class Target(NamedTuple):
    """The image whose patches look for neighbours."""

    planes: jax.Array  # [H, W, P], what is compared: colours, gradients
    weight: jax.Array  # [H, W], 0 where a pixel does not count; at most 1
    wanted: jax.Array  # bool [rows, columns], the patches that look


class Sources(NamedTuple):
    """The images that hold the neighbours."""

    planes: jax.Array  # [V, H, W, P]
    known: jax.Array  # [V, H, W], 0 where a pixel does not count
    valid: jax.Array  # bool [V, rows, columns], the patches that may be found


class Field(NamedTuple):
    """A neighbour for every patch of the target."""

    source: jax.Array  # int32 [rows, columns], anchors; 0 where none was found or wanted
    distance: jax.Array  # float32 [rows, columns], infinite there


class Comparison(NamedTuple):
    """How different two patches are, of which some pixels may not count.

    Both functions take ``(target [T, N, P], weight [T, N], source [S, N, P], known [S, N])``.
    """

    pairs: Callable[..., jax.Array]  # -> [T, S], every target with every source
    each: Callable[..., jax.Array]  # -> [T], with S = T


class Search:
    """Compares target patches with source patches, both given by their anchors."""

    def __init__(self, target: Target, sources: Sources, comparison: Comparison, patch: int):
        self.shape, self.source_shape = target.wanted.shape, sources.valid.shape[1:]
        self.comparison, self.patch, self.valid = comparison, patch, sources.valid.ravel()
        self.one_grid = self.shape == self.source_shape
        # The weight is one more plane, so that both are cut out at once.
        self.here = jnp.concatenate([target.planes, target.weight[..., None]], -1)[None]
        self.there = jnp.concatenate([sources.planes, sources.known[..., None]], -1)

    def targets(self, anchors: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Values of target patches, ``[T, N, P]``, and weights, ``[T, N]``, 1 the greatest of a patch."""
        cut = patches.gather(self.here, anchors, self.patch)
        weight = cut[..., -1]
        return cut[..., :-1], weight / jnp.maximum(weight.max(1, keepdims=True), 1e-30)

    def possible(self, anchors: jax.Array, candidates: jax.Array) -> jax.Array:
        """Whether a source may be a target's neighbour: valid, and not the target itself."""
        exists = (candidates < self.valid.size) & self.valid[candidates]
        return exists & (anchors != candidates) if self.one_grid else exists

    def each(self, these, anchors: jax.Array, candidates: jax.Array, allowed: bool | jax.Array = True) -> Field:
        """Compare every target with one candidate, exactly."""
        cut = patches.gather(self.there, candidates, self.patch)
        distance = self.comparison.each(*these, cut[..., :-1], cut[..., -1])
        allowed = allowed & self.possible(anchors, candidates)
        return Field(candidates, jnp.where(allowed, distance, jnp.inf))

    def nearest(self, these, anchors: jax.Array, candidates: jax.Array) -> Field:
        """The first nearest of all candidates for every target; distances to rounding."""
        cut = patches.gather(self.there, candidates, self.patch)
        distance = self.comparison.pairs(*these, cut[..., :-1], cut[..., -1])
        allowed = self.possible(anchors[:, None], candidates[None])
        distance = jnp.where(allowed, distance, jnp.inf)
        least, last = distance.min(1), len(candidates) - 1
        # A minimum of numbers is many times faster on a CPU than argmin.
        number = jnp.where(distance == least[:, None], jnp.arange(last + 1)[None], last).min(1)
        return Field(candidates[number], least)


def exact(
    target: Target,
    sources: Sources,
    comparison: Comparison,
    *,
    patch: int,
    chunk: tuple[int, int] = (512, 512),
) -> Field:
    """The nearest of all source patches.

    Args:
      target: the patches that look. Where its image is as large as the sources, a patch is never
        the neighbour of the patch at its own place.
      sources: the patches to find.
      comparison: their distance.
      patch: side of a patch.
      chunk: targets and sources that are compared at a time.

    Returns:
      The field. Of equally near sources it has the first.
    """
    search = Search(target, sources, comparison, patch)
    positions, count = patches.listed(target.wanted, chunk[0])
    candidates, available = patches.listed(sources.valid, chunk[1])

    def find(number, anchors):
        del number
        these = search.targets(anchors)

        def compare(number, best):
            those = jax.lax.dynamic_slice_in_dim(candidates, number * chunk[1], chunk[1])
            return better(search.nearest(these, anchors, those), best)

        chunks = (available + chunk[1] - 1) // chunk[1]
        found = jax.lax.fori_loop(0, chunks, compare, nothing((chunk[0],)))
        return search.each(these, anchors, found.source, jnp.isfinite(found.distance))

    found = patches.chunked(find, nothing(positions.shape), positions, count, chunk[0])
    return on_grid(found, positions, search.shape)


def nothing(shape: tuple[int, ...]) -> Field:
    """A field without neighbours."""
    return Field(jnp.zeros(shape, jnp.int32), jnp.full(shape, jnp.inf))


def better(new: Field, old: Field) -> Field:
    """The nearer neighbour of two; the old one where they are equally near."""
    closer = new.distance < old.distance
    return Field(*(jnp.where(closer, a, b) for a, b in zip(new, old, strict=True)))


def on_grid(field: Field, positions: jax.Array, shape: tuple[int, ...]) -> Field:
    """From a list of patches to all patches."""
    empty = nothing((shape[0] * shape[1],))
    put = lambda whole, part: whole.at[positions].set(part, mode="drop").reshape(shape)  # noqa: E731
    return Field(*(put(a, b) for a, b in zip(empty, field, strict=True)))
