"""Poisson blending (Perez et al. 2003; Yeh et al.).

The result has the generated gradients inside the hole and the known pixels at the border.

Conjugate gradients solve a whole batch on the device. With the default preconditioner, the result
of an example does not depend on the rest of the batch.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.types import Hole, Image, check_hole, check_same_shape

__all__ = [
    "EDGES",
    "conjugate_gradients",
    "degrees",
    "laplacian",
    "poisson_blend",
    "screened_poisson",
    "wrapped",
]

TESTED_EVERY = 8  # iterations of conjugate gradients
EDGES = ("neumann", "published", "wrap")


def poisson_blend(
    image: Image,
    guidance: Image,
    hole: Hole,
    *,
    edge: str = "neumann",
    tolerance: float = 1e-6,
    max_iterations: int = 500,
    preconditioner: Callable[[jax.Array, jax.Array], jax.Array] | None = None,
) -> Image:
    """Complete ``image`` with the gradients of ``guidance``, so that the seam disappears.

    The known pixels are fixed. Over all pairs of 4-neighbours with at least one missing pixel, the
    blend minimises the squared difference between the steps of the result and the steps of the
    guidance (Perez et al., eq. 3; the authors' code of Buchacek). A constant added to the guidance
    has no effect if the hole touches a known pixel.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1], known outside the hole; values inside are ignored.
      guidance: a network's output, same shape and range; outside the hole, only the pixels next to
        the hole matter.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      edge: rule at the border of the image. "neumann" drops the neighbours outside. "published"
        fixes the result to the guidance one pixel outside. "wrap" is what the released codes
        compute: like "published", but the matrix, unlike the right-hand side, uses the end of the
        row above as a left neighbour and the start of the row below as a right neighbour. The whole
        value of that pixel, in [0, 1], then pulls at a hole that touches the left or right border,
        even with perfect guidance.
      tolerance: tolerance on the residual, relative to the norm of the right-hand side, per image.
        A tolerance above 1e-5 is visible in the image.
      max_iterations: maximum number of iterations. With the default preconditioner, half of a
        64 x 64 image takes about 180, of a 128 x 128 image 350, and of a 256 x 256 image 670; after
        500, the last has an error of 2e-4.
      preconditioner: ``(values [H, W, C], hole [H, W, 1]) -> [H, W, C]``, applied to one image. It
        approximates the inverse of ``laplacian`` in the hole, and is symmetric and positive
        definite there. Input and output are 0 outside the hole. None: the inverse diagonal
        (Jacobi).

    Returns:
      ``[B, H, W, C]``: known pixels are bit-identical to ``image``, and the others are clipped to
      [-1, 1]. For an empty hole it is the image. For a full hole it is the guidance (except with
      "wrap").

    Raises:
      InputError: the shapes do not match, an array is not float, or ``edge`` is unknown.
    """
    check_same_shape(image=image, guidance=guidance)
    check_hole(hole, image)
    if edge not in EDGES:
        raise InputError(f"unknown edge {edge!r} of the blend; known: {', '.join(EDGES)}")
    inverse_diagonal = 1.0 / degrees(image.shape[1], image.shape[2], edge=edge)
    precondition = preconditioner or (lambda values, hole: inverse_diagonal * values)

    def solve(image, guidance, hole):
        # Solve for the correction to the guidance: harmonic inside, image - guidance on the border.
        border = jnp.where(hole > 0.5, 0.0, image - guidance)
        target = -laplacian(border, edge=edge)
        # in the unit range of the released codes, and the correction counts twice as much
        if edge == "wrap":
            target = target + wrapped(guidance + 1.0)
        correction, _ = conjugate_gradients(
            lambda v: hole * laplacian(v, edge=edge),
            hole * target,
            lambda v: precondition(v, hole),
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

    The known pixels are fixed. The result minimises the squared difference to the given steps over
    all pairs of 4-neighbours with at least one missing pixel, plus ``weight`` times the squared
    difference to the given colours over the missing pixels.

    Args:
      image: ``[B, H, W, C]`` in [-1, 1], known outside the hole; values inside are ignored.
      colours: target colours, same shape and range; only values in the hole matter.
      rightward: ``[B, H, W, C]``, steps from each pixel to the right neighbour; the last column is
        ignored.
      downward: ``[B, H, W, C]``, steps from each pixel to the pixel below; the last row is ignored.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      weight: weight of the colours, above 0. At 0.1, about 40 iterations suffice at any size.
      tolerance: tolerance on the residual, relative to the norm of the right-hand side, per image.
      max_iterations: maximum number of iterations.

    Returns:
      ``[B, H, W, C]``: known pixels are bit-identical to ``image``, and the others are not clipped.
      If gradients and colours come from one image, the result is that image.

    Raises:
      InputError: shapes that do not match, or a weight that is not positive.
    """
    check_same_shape(image=image, colours=colours, rightward=rightward, downward=downward)
    check_hole(hole, image)
    if weight <= 0:
        raise InputError(
            f"weight of the colours must be positive, got {weight}; without "
            "colours use poisson_blend"
        )
    inverse_diagonal = 1.0 / (degrees(image.shape[1], image.shape[2]) + weight)

    def solve(image, colours, rightward, downward, hole):
        # Solve for the correction to the colours, which pull it to 0.
        start = jnp.where(hole > 0.5, colours, image)
        rightward = jnp.pad(rightward[:, :-1], ((0, 0), (1, 1), (0, 0)))
        downward = jnp.pad(downward[:-1], ((1, 1), (0, 0), (0, 0)))
        inflow = rightward[:, :-1] - rightward[:, 1:] + downward[:-1] - downward[1:]
        correction, _ = conjugate_gradients(
            lambda v: hole * (laplacian(v) + weight * v),
            hole * (inflow - laplacian(start)),
            functools.partial(jnp.multiply, inverse_diagonal),
            tolerance=tolerance,
            max_iterations=max_iterations,
        )
        return jnp.where(hole > 0.5, colours + correction, image)

    return jax.vmap(solve)(image, colours, rightward, downward, hole)


def laplacian(values: jax.Array, *, edge: str = "neumann") -> jax.Array:
    """Apply the negative discrete Laplacian to one image.

    Each result is the number of neighbours times the value, minus the sum of the neighbours.

    Args:
      values: ``[H, W, C]``.
      edge: "neumann" counts the neighbours inside the image. "published" always counts four, which
        are 0 outside. "wrap" counts four and continues each row with the next row.

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
    """Compute the outer neighbours of the first and last column if each row continues the last.

    Args:
      values: ``[H, W, C]``.

    Returns:
      ``[H, W, C]``: in the first column, the last pixel of the row above; in the last column, the
      first pixel of the row below; 0 if there is no such row, and 0 elsewhere.
    """
    before = jnp.pad(values[:-1, -1:], ((1, 0), (0, 0), (0, 0)))
    after = jnp.pad(values[1:, :1], ((0, 1), (0, 0), (0, 0)))
    inner = values.shape[1] - 1
    return jnp.pad(before, ((0, 0), (0, inner), (0, 0))) + jnp.pad(
        after, ((0, 0), (inner, 0), (0, 0))
    )


def degrees(height: int, width: int, *, edge: str = "neumann") -> jax.Array:
    """Count the neighbours of each pixel, which is the diagonal of the matrix of ``laplacian``.

    Args:
      height: height of the image in pixels.
      width: width of the image in pixels.
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
    preconditioner: Callable[[jax.Array], jax.Array],
    *,
    tolerance: float,
    max_iterations: int,
) -> tuple[jax.Array, jax.Array]:
    """Solve ``apply(x) = target`` for one example, from x = 0, with a preconditioner.

    Under ``vmap``, a converged example stops changing while the others continue.

    Args:
      apply: a symmetric, positive definite linear map on the support of ``target``.
      target: right-hand side, of any shape; channels are solved together.
      preconditioner: approximate inverse of the map, also symmetric and positive definite on the
        support of ``target``.
      tolerance: norm of the residual at which to stop, relative to the norm of ``target``.
      max_iterations: maximum number of iterations.

    Returns:
      ``x``, of the shape of ``target``, and the number of iterations, int32 ``[]``.
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
        scaled = preconditioner(residual)
        energy, before = (residual * scaled).sum(), energy
        return x, residual, scaled + energy / before * direction, energy, iteration + 1

    def several(carry):
        # An accelerator waits for the host whenever a loop tests its end.
        for _ in range(TESTED_EVERY):
            going = unfinished(carry)
            carry = jax.tree.map(
                lambda new, now, going=going: jnp.where(going, new, now), iterate(carry), carry
            )
        return carry

    direction = preconditioner(target)
    start = (
        jnp.zeros_like(target),
        target,
        direction,
        (target * direction).sum(),
        jnp.zeros((), jnp.int32),
    )
    x, _, _, _, iterations = jax.lax.while_loop(unfinished, several, start)
    return x, iterations
