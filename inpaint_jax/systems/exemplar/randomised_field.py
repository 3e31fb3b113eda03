"""A good neighbour for every patch without comparing all pairs (PatchMatch, Barnes et al. 2009).

Propagation is the jump flooding of section 3.2 of the paper instead of a scan, so that all patches
move at once. In the random search, a chunk of targets shares the samples from the whole image. One
matrix product compares them all, which is about a hundred times cheaper than separate comparisons.
"""

import jax
import jax.numpy as jnp

from inpaint_jax.systems.exemplar import patches
from inpaint_jax.systems.exemplar.nearest_field import (
    Comparison,
    Field,
    Search,
    Sources,
    Target,
    better,
    nothing,
    on_grid,
)

JUMPS = (8, 4, 2, 1)
DIRECTIONS = ((-1, 0), (0, -1), (1, 0), (0, 1))


def randomised(
    key: jax.Array,
    target: Target,
    sources: Sources,
    comparison: Comparison,
    start: jax.Array,
    *,
    patch: int,
    passes: int = 5,
    samples: int = 2048,
    shrink: float = 0.5,
    chunk: int = 1024,
) -> Field:
    """Find a good source patch for every target by propagation and random search.

    After 5 passes, the mean distance is within 1 % of the exact field's in images of 128 pixels,
    and within about 6 % in images of 512.

    Args:
      key: equal keys give equal fields.
      target: the patches that need neighbours.
      sources: the candidate patches.
      comparison: the distance.
      start: int32 ``[rows, columns]``, initial sources; invalid ones do not count.
      patch: side of a patch.
      passes: number of passes. A pass compares samples of all sources, propagates at jumps of 8, 4,
        2 and 1, and runs a random search around the neighbour after each jump.
      samples: number of samples from all sources per pass.
      shrink: factor between the radii of the random search, from the image's longer side to one
        pixel.
      chunk: number of targets per comparison.

    Returns:
      The field.
    """
    search = Search(target, sources, comparison, patch)
    shape, source_shape, versions = search.shape, search.source_shape, len(sources.valid)
    positions, count = patches.listed(target.wanted, chunk)
    candidates, available = patches.listed(sources.valid, 1)
    radii = _radii(max(source_shape), shrink)

    def visit(field, improve):
        """Improve the neighbours of all targets, a chunk at a time."""

        def step(number, anchors):
            cut = lambda values: jax.lax.dynamic_slice_in_dim(values, number * chunk, chunk)  # noqa: E731
            return improve(number, anchors, search.targets(anchors), jax.tree.map(cut, field))

        return patches.chunked(step, field, positions, count, chunk)

    def sample(field, key):
        def improve(number, anchors, these, best):
            drawn = jax.random.randint(
                jax.random.fold_in(key, number), (samples,), 0, jnp.maximum(available, 1)
            )
            found = search.nearest(these, anchors, candidates[drawn])
            exactly = search.each(these, anchors, found.source, jnp.isfinite(found.distance))
            return better(exactly, best)

        return visit(field, improve)

    def propagate(field, jump):
        found = on_grid(field, positions, shape)

        def improve(number, anchors, these, best):
            del number
            _, row, column = patches.split(anchors, shape)

            def from_neighbour(best, direction):
                down, right = direction * jump
                neighbour, exists = _moved(row, column, down, right, shape)
                image, y, x = patches.split(found.source[neighbour], source_shape)
                there, inside = _moved(y, x, -down, -right, source_shape)
                allowed = exists & inside & jnp.isfinite(found.distance[neighbour])
                moved = patches.join(image, there[0], there[1], source_shape)
                return better(search.each(these, anchors, moved, allowed), best), None

            return jax.lax.scan(from_neighbour, best, jnp.array(DIRECTIONS))[0]

        return visit(field, improve)

    def draw(field, key):
        def improve(number, anchors, these, best):
            def around(best, attempt):
                radius, key = attempt
                steps = jax.random.uniform(jax.random.fold_in(key, number), (3, chunk))
                image, y, x = patches.split(best.source, source_shape)
                move = jnp.rint((2 * steps[:2] - 1) * radius).astype(jnp.int32)
                there, _ = _moved(y, x, move[0], move[1], source_shape)
                if versions > 1:
                    image = jnp.minimum((steps[2] * versions).astype(jnp.int32), versions - 1)
                moved = patches.join(image, there[0], there[1], source_shape)
                return better(search.each(these, anchors, moved), best), None

            keys = jax.random.split(key, len(radii))
            return jax.lax.scan(around, best, (jnp.array(radii), keys))[0]

        return visit(field, improve)

    def jump_and_draw(field, step):
        jump, key = step
        return draw(propagate(field, jump), key), None

    def one_pass(field, key):
        key, sampling = jax.random.split(key)
        steps = jnp.array(JUMPS), jax.random.split(key, len(JUMPS))
        return jax.lax.scan(jump_and_draw, sample(field, sampling), steps)

    def begin(number, anchors, these, best):
        del number, best
        return search.each(these, anchors, start.ravel()[jnp.minimum(anchors, start.size - 1)])

    field = visit(nothing(positions.shape), begin)
    field, _ = jax.lax.scan(one_pass, field, jax.random.split(key, passes))
    return on_grid(field, positions, shape)


def _radii(longest: int, shrink: float) -> list[float]:
    radii = [float(longest)]
    while radii[-1] * shrink >= 1.0:
        radii.append(radii[-1] * shrink)
    return radii


def _moved(row, column, down, right, shape):
    """Move rows and columns by a step, clipped to the grid; also return where no clip occurred."""
    to = row + down, column + right
    held = tuple(jnp.clip(x, 0, limit - 1) for x, limit in zip(to, shape, strict=True))
    return held, (held[0] == to[0]) & (held[1] == to[1])
