"""Poisson blending: generated gradients inside the hole, given pixels at its border (Perez et al. 2003; Yeh
et al.).

Conjugate gradients on the device, for a whole batch at once; no example waits on, or changes with, its batch
mates.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.types import Hole, Image, check_hole, check_same_shape

__all__ = ["EDGES", "conjugate_gradients", "degrees", "laplacian", "poisson_blend", "screened_poisson", "wrapped"]

EDGES = ("neumann", "published", "wrap")


def poisson_blend(
    image: Image,
    guidance: Image,
    hole: Hole,
    *,
    edge: str = "neumann",
    tolerance: float = 1e-6,
    max_iterations: int = 500,
) -> Image:
    """Completes ``image`` with the gradients of ``guidance``, so that the seam disappears.

    Minimises, over the pairs of 4-neighbours with at least one missing pixel, the squared difference between
    the answer's and the guidance's steps, with the known pixels held fast (Perez et al., eq. 3; the authors'
    code of Buchacek). A constant added to the guidance has no effect where the hole touches a known pixel.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1], known outside the hole; what it holds inside does not matter.
      guidance: a network's output, same shape and range; outside the hole, its pixels next to it matter.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      edge: at the image's border, "neumann" drops the neighbours outside, and "published" holds the answer
        to the guidance one pixel outside. "wrap" is what the released codes compute: the same, and their
        matrix, but not their right-hand side, takes the end of the row above for a left neighbour and the
        start of the row below for a right one. The whole value of that pixel, in [0, 1], then pulls at a
        hole that touches the left or right border, even under perfect guidance.
      tolerance: of the residual, relative to the right-hand side's norm, per picture. Above 1e-5 it shows.
      max_iterations: at most. Half of a 64 x 64 picture takes about 180, of 128 x 128 350; of 256 x 256 670, and
        500 of them leave an error of 2e-4.

    Returns:
      ``[B, H, W, C]``: known pixels bit-identical to ``image``, the others clipped to [-1, 1]. Without a
      hole it is the image, with nothing but hole the guidance (except with "wrap").

    Raises:
      InputError: where the shapes do not fit, an array is not float, or for another ``edge``.
    """
    check_same_shape(image=image, guidance=guidance)
    check_hole(hole, image)
    if edge not in EDGES:
        raise InputError(f"unknown edge {edge!r} of the blend; known: {', '.join(EDGES)}")
    inverse_diagonal = 1.0 / degrees(image.shape[1], image.shape[2], edge=edge)

    def solve(image, guidance, hole):
        # Solved for is the correction to the guidance: harmonic in the hole, image - guidance on its border.
        border = jnp.where(hole > 0.5, 0.0, image - guidance)
        target = -laplacian(border, edge=edge)
        if edge == "wrap":  # in the unit range of the released codes, and the correction counts twice as much
            target = target + wrapped(guidance + 1.0)
        correction, _ = conjugate_gradients(
            lambda v: hole * laplacian(v, edge=edge),
            hole * target,
            inverse_diagonal,
            tolerance=tolerance,
            max_iterations=max_iterations,
        )
        return jnp.where(hole > 0.5, jnp.clip(guidance + correction, -1.0, 1.0), image)

    return jax.vmap(solve)(image, guidance, hole)


def screened_poisson(
    image: Image,
    colours: Image,
    rightward: jax.Array,
    downward: jax.Array,
    hole: Hole,
    *,
    weight: float = 0.1,
    tolerance: float = 1e-6,
    max_iterations: int = 500,
) -> Image:
    """Complete ``image`` from given gradients and colours (Bhat et al. 2008; Darabi et al. 2012).

    Minimises the squared difference between the answer's and the given steps over the pairs of 4-neighbours with at
    least one missing pixel, plus ``weight`` times the squared difference to the given colours over the missing
    pixels, with the known pixels held fast.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1], known outside the hole; what it holds inside does not matter.
      colours: same shape and range; only those in the hole matter.
      rightward: ``[B, H, W, C]``, the given steps from every pixel to its right neighbour; the last column does
        not matter.
      downward: likewise to the pixel below; the last row does not matter.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      weight: of the colours, above 0. At 0.1 some 40 iterations do, whatever the size.
      tolerance: of the residual, relative to the right-hand side's norm, per picture.
      max_iterations: at most.

    Returns:
      ``[B, H, W, C]``: known pixels bit-identical to ``image``, the others not clipped. Where gradients and
      colours are those of one picture it is that picture.

    Raises:
      InputError: shapes that do not fit, or a weight that is not positive.
    """
    check_same_shape(image=image, colours=colours, rightward=rightward, downward=downward)
    check_hole(hole, image)
    if weight <= 0:
        raise InputError(f"weight of the colours must be positive, got {weight}; without colours use poisson_blend")
    inverse_diagonal = 1.0 / (degrees(image.shape[1], image.shape[2]) + weight)

    def solve(image, colours, rightward, downward, hole):
        # Solved for is the correction to the colours, which pull it to 0.
        start = jnp.where(hole > 0.5, colours, image)
        rightward = jnp.pad(rightward[:, :-1], ((0, 0), (1, 1), (0, 0)))
        downward = jnp.pad(downward[:-1], ((1, 1), (0, 0), (0, 0)))
        inflow = rightward[:, :-1] - rightward[:, 1:] + downward[:-1] - downward[1:]
        correction, _ = conjugate_gradients(
            lambda v: hole * (laplacian(v) + weight * v),
            hole * (inflow - laplacian(start)),
            inverse_diagonal,
            tolerance=tolerance,
            max_iterations=max_iterations,
        )
        return jnp.where(hole > 0.5, colours + correction, image)

    return jax.vmap(solve)(image, colours, rightward, downward, hole)


def laplacian(values: jax.Array, *, edge: str = "neumann") -> jax.Array:
    """Apply the (negative) discrete Laplacian to one picture: neighbours times the value, minus their sum.

    Args:
      values: ``[H, W, C]``.
      edge: "neumann" counts the neighbours inside the picture; "published" always four, 0 outside; "wrap" four, and
        the rows follow one another.

    Returns:
      ``[H, W, C]``.
    """
    height, width, _ = values.shape
    padded = jnp.pad(values, ((1, 1), (1, 1), (0, 0)))
    neighbours = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    if edge == "wrap":
        neighbours = neighbours + wrapped(values)
    return degrees(height, width, edge=edge) * values - neighbours


def wrapped(values: jax.Array) -> jax.Array:
    """Give the pixels of the first and last column their neighbours across the border, where rows follow one another.

    Args:
      values: ``[H, W, C]``.

    Returns:
      ``[H, W, C]``: the last of the row above, the first of the row below, 0 where there is no such row and elsewhere.
    """
    before = jnp.pad(values[:-1, -1:], ((1, 0), (0, 0), (0, 0)))
    after = jnp.pad(values[1:, :1], ((0, 1), (0, 0), (0, 0)))
    inner = values.shape[1] - 1
    return jnp.pad(before, ((0, 0), (0, inner), (0, 0))) + jnp.pad(after, ((0, 0), (inner, 0), (0, 0)))


def degrees(height: int, width: int, *, edge: str = "neumann") -> jax.Array:
    """Count the neighbours of every pixel as ``laplacian`` does, the diagonal of its matrix.

    Args:
      height: of the picture in pixels.
      width: of the picture in pixels.
      edge: as in ``laplacian``.

    Returns:
      ``[H, W, 1]``.
    """
    if edge != "neumann":
        return jnp.full((height, width, 1), 4.0)
    row, column = jnp.arange(height)[:, None, None], jnp.arange(width)[None, :, None]
    vertical = (row > 0).astype(jnp.float32) + (row < height - 1)
    return vertical + (column > 0) + (column < width - 1)


def conjugate_gradients(
    apply: Callable[[jax.Array], jax.Array],
    target: jax.Array,
    inverse_diagonal: jax.Array,
    *,
    tolerance: float,
    max_iterations: int,
) -> tuple[jax.Array, jax.Array]:
    """Solves ``apply(x) = target`` for one example, from x = 0, with a Jacobi preconditioner.

    Under ``vmap`` an example that has converged stops changing, whatever the others need.

    Args:
      apply: a symmetric, positive definite linear map on the support of ``target``.
      target: right-hand side, of any shape; channels are solved together.
      inverse_diagonal: of the map, of a shape that broadcasts to ``target``.
      tolerance: stops at a residual of this share of ``target``'s norm.
      max_iterations: stops anyway.

    Returns:
      ``x``, of the shape of ``target``, and the iterations that it took, int32 ``[]``.
    """
    enough = tolerance**2 * jnp.square(target).sum()

    def unfinished(carry):
        _, residual, _, _, iteration = carry
        return (jnp.square(residual).sum() > enough) & (iteration < max_iterations)

    def iterate(carry):
        x, residual, direction, energy, iteration = carry
        image = apply(direction)
        step = energy / (direction * image).sum()
        x, residual = x + step * direction, residual - step * image
        scaled = inverse_diagonal * residual
        energy, before = (residual * scaled).sum(), energy
        return x, residual, scaled + energy / before * direction, energy, iteration + 1

    direction = inverse_diagonal * target
    start = (jnp.zeros_like(target), target, direction, (target * direction).sum(), jnp.zeros((), jnp.int32))
    x, _, _, _, iterations = jax.lax.while_loop(unfinished, iterate, start)
    return x, iterations
