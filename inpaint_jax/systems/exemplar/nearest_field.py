"""Nearest-neighbour fields: the most similar source patch for every wanted patch.

``exact`` compares all pairs in chunks, so memory does not grow with the number of pairs.
``randomised_field`` finds good neighbours without comparing all pairs.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import patches

ROUNDING = 1e-6  # relative error of two computations of a distance


class Target(NamedTuple):
    """The image whose patches need neighbours."""

    planes: jax.Array  # [H, W, P], the compared values: colours, gradients
    weight: jax.Array  # [H, W], at most 1; 0 where a pixel does not count
    wanted: jax.Array  # bool [rows, columns], the patches that need neighbours


class Sources(NamedTuple):
    """The images that contain the neighbours."""

    planes: jax.Array  # [V, H, W, P]
    known: jax.Array  # [V, H, W], 0 where a pixel does not count
    valid: jax.Array  # bool [V, rows, columns], the patches that may become neighbours


class Field(NamedTuple):
    """A neighbour for every patch of the target."""

    source: jax.Array  # int32 [rows, columns], anchors; 0 without a neighbour
    distance: jax.Array  # float32 [rows, columns]; infinite without a neighbour


class Comparison(NamedTuple):
    """A distance between patches, some of whose pixels may not count.

    Both functions take ``(target [T, N, P], weight [T, N], source [S, N, P], known [S, N])``.
    """

    pairs: Callable[..., jax.Array]  # -> [T, S], every target with every source
    each: Callable[..., jax.Array]  # -> [T], with S = T


class Search:
    """Comparison of target patches with source patches, both given by anchors."""

    def __init__(self, target: Target, sources: Sources, comparison: Comparison, patch: int):
        self.shape, self.source_shape = target.wanted.shape, sources.valid.shape[1:]
        self.comparison, self.patch, self.valid = comparison, patch, sources.valid.ravel()
        self.one_grid = self.shape == self.source_shape
        # The weight is one more plane, so that one gather cuts both.
        self.target_planes = jnp.concatenate([target.planes, target.weight[..., None]], -1)[None]
        self.source_planes = jnp.concatenate([sources.planes, sources.known[..., None]], -1)

    def targets(self, anchors: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return values ``[T, N, P]`` and weights ``[T, N]`` of targets; the largest is 1."""
        cut = patches.gather(self.target_planes, anchors, self.patch)
        weight = cut[..., -1]
        return cut[..., :-1], weight / jnp.maximum(weight.max(1, keepdims=True), 1e-30)

    def possible(self, anchors: jax.Array, candidates: jax.Array) -> jax.Array:
        """Test whether a source may be a target's neighbour: valid, and not the target itself."""
        exists = (candidates < self.valid.size) & self.valid[candidates]
        return exists & (anchors != candidates) if self.one_grid else exists

    def each(
        self, these, anchors: jax.Array, candidates: jax.Array, allowed: bool | jax.Array = True
    ) -> Field:
        """Compare every target with one candidate, exactly."""
        cut = patches.gather(self.source_planes, candidates, self.patch)
        distance = self.comparison.each(*these, cut[..., :-1], cut[..., -1])
        allowed = allowed & self.possible(anchors, candidates)
        return Field(candidates, jnp.where(allowed, distance, jnp.inf))

    def nearest(self, these, anchors: jax.Array, candidates: jax.Array) -> Field:
        """Find each target's first nearest candidate; distances are exact up to rounding."""
        cut = patches.gather(self.source_planes, candidates, self.patch)
        distance = self.comparison.pairs(*these, cut[..., :-1], cut[..., -1])
        allowed = self.possible(anchors[:, None], candidates[None])
        distance = jnp.where(allowed, distance, jnp.inf)
        least, last = distance.min(1), len(candidates) - 1
        # On a CPU, a minimum of numbers is many times faster than argmin. A compiler may compute a
        # distance twice, with different last bits.
        first = distance <= (least + ROUNDING * jnp.abs(least))[:, None]
        number = jnp.where(first, jnp.arange(last + 1)[None], last).min(1)
        return Field(candidates[number], least)


def exact(
    target: Target,
    sources: Sources,
    comparison: Comparison,
    *,
    patch: int,
    chunk: tuple[int, int] = (512, 512),
) -> Field:
    """Find the nearest of all source patches.

    Args:
      target: the patches that need neighbours. If its image is as large as the sources, a patch
        never matches the source patch at the same place.
      sources: the candidate patches.
      comparison: the distance.
      patch: side of a patch.
      chunk: number of targets and sources per comparison.

    Returns:
      The field. The first of equally near sources wins.
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
    """Make a field without neighbours."""
    return Field(jnp.zeros(shape, jnp.int32), jnp.full(shape, jnp.inf))


def better(new: Field, old: Field) -> Field:
    """Choose the nearer neighbour of two fields; the old one if both are equally near."""
    closer = new.distance < old.distance
    return Field(*(jnp.where(closer, a, b) for a, b in zip(new, old, strict=True)))


def on_grid(field: Field, positions: jax.Array, shape: tuple[int, ...]) -> Field:
    """Scatter a field of listed patches to all patches."""
    empty = nothing((shape[0] * shape[1],))
    put = lambda whole, part: whole.at[positions].set(part, mode="drop").reshape(shape)  # noqa: E731
    return Field(*(put(a, b) for a, b in zip(empty, field, strict=True)))
