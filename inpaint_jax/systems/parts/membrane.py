"""The harmonic surface through the border of a hole of any shape and size, on the host."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

COARSEST = 500  # unknowns; at most so many are solved directly
DAMPING = 0.8  # of Jacobi's method; 4/5 smooths best for this matrix
SWEEPS = 2  # smoothing sweeps before and after a coarser scale


class Scale(NamedTuple):
    """One scale of the equations.

    Attributes:
      matrix: ``[n, n]``, of a network of conductors between missing pixels; known pixels are
        grounded.
      damped: ``[n, 1]``, the damped inverse of the matrix diagonal.
      enlarge: ``[n, m]``, 1 where a pixel belongs to one of the m blocks of the next scale.
    """

    matrix: sparse.csr_array
    damped: np.ndarray
    enlarge: sparse.csr_array


def membrane(
    image: np.ndarray, missing: np.ndarray, *, tolerance: float = 1e-6, most: int = 200
) -> np.ndarray:
    """Fill the hole: every missing pixel becomes the mean of its neighbours in the image.

    Conjugate gradients over the missing pixels, preconditioned by a V-cycle of multigrid over
    blocks of 2x2 pixels (Braess 1995). A solution takes 10 to 20 iterations for holes of any size.

    Args:
      image: ``[H, W, C]``, known outside the hole.
      missing: bool ``[H, W]``; at least one pixel is known.
      tolerance: tolerance of the residual, relative to the norm of the right-hand side, per
        channel.
      most: largest number of iterations.

    Returns:
      float32 ``[H, W, C]``; known pixels are unchanged.
    """
    result = np.array(image, np.float32)
    if not missing.any():
        return result
    known = np.where(missing[..., None], 0.0, image)
    target = _sum_of_neighbours(known)[missing]
    scales, coarsest = hierarchy(laplacian(missing), np.argwhere(missing))
    result[missing] = _conjugate_gradients(scales, coarsest, target, tolerance, most)
    return result


def laplacian(missing: np.ndarray) -> sparse.csr_array:
    """Build the equations: neighbour count times value, minus the missing neighbours' values.

    Args:
      missing: bool ``[H, W]``, n of them true.

    Returns:
      ``[n, n]``, symmetric and positive definite where some pixel is known.
    """
    number = np.cumsum(missing).reshape(missing.shape) - 1
    across, below = missing[:, 1:] & missing[:, :-1], missing[1:] & missing[:-1]
    first = np.concatenate([number[:, :-1][across], number[:-1][below]])
    second = np.concatenate([number[:, 1:][across], number[1:][below]])
    count = int(missing.sum())
    links = sparse.coo_array((np.ones(len(first)), (first, second)), (count, count)).tocsr()
    neighbours = _sum_of_neighbours(np.ones(missing.shape))[missing]
    return (sparse.diags_array(neighbours) - links - links.T).tocsr()


def hierarchy(
    matrix: sparse.csr_array, places: np.ndarray
) -> tuple[list[Scale], Callable[[np.ndarray], np.ndarray]]:
    """Join 2x2 pixels to blocks, recursively.

    The conductance between two blocks is half the sum of the conductances between their pixels,
    because the distance doubles. With the full sum, the coarse correction would be too small by a
    factor of two (Braess 1995).

    Args:
      matrix: matrix of the finest scale, ``[n, n]``.
      places: ``[n, 2]``, row and column of each unknown.

    Returns:
      The scales from fine to coarse, and the solver of the coarsest scale.
    """
    scales = []
    while len(places) > COARSEST:
        span = int(places[:, 1].max()) // 2 + 1
        blocks, block = np.unique(places[:, 0] // 2 * span + places[:, 1] // 2, return_inverse=True)
        places = np.stack([blocks // span, blocks % span], 1)
        ones = np.ones(len(block))
        enlarge = sparse.csr_array(
            (ones, (np.arange(len(block)), block)), (len(block), len(blocks))
        )
        scales.append(Scale(matrix, np.divide(DAMPING, matrix.diagonal())[:, None], enlarge))
        matrix = (0.5 * (enlarge.T @ matrix @ enlarge)).tocsr()
    return scales, linalg.splu(matrix.tocsc()).solve


def _sum_of_neighbours(values: np.ndarray) -> np.ndarray:
    """Sum over the 4-neighbours in the image, ``[H, W, ...]``."""
    total = np.zeros_like(values)
    total[1:] += values[:-1]
    total[:-1] += values[1:]
    total[:, 1:] += values[:, :-1]
    total[:, :-1] += values[:, 1:]
    return total


def _conjugate_gradients(
    scales, coarsest, target: np.ndarray, tolerance: float, most: int
) -> np.ndarray:
    """Solve for ``[n, C]``; every channel has separate step sizes."""
    if not scales:
        return coarsest(target)
    x, residual = np.zeros_like(target), target.copy()
    enough = tolerance * np.linalg.norm(target, axis=0)
    direction, energy = np.zeros_like(target), np.ones(target.shape[1])
    for _ in range(most):
        if (np.linalg.norm(residual, axis=0) <= enough).all():
            break
        corrected = _cycle(scales, coarsest, residual)
        before, energy = energy, (residual * corrected).sum(0)
        direction = corrected + _ratio(energy, before) * direction
        image = scales[0].matrix @ direction
        step = _ratio(energy, (direction * image).sum(0))
        x += step * direction
        residual -= step * image
    return x


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Divide ``a / b``; 0 where b is 0, as for a channel without error."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _cycle(scales: list[Scale], coarsest, residual: np.ndarray) -> np.ndarray:
    """Approximate the correction for a residual; a symmetric linear map."""
    if not scales:
        return coarsest(residual)
    (matrix, damped, enlarge), coarser = scales[0], scales[1:]
    x = damped * residual
    for _ in range(SWEEPS - 1):
        x += damped * (residual - matrix @ x)
    x += enlarge @ _cycle(coarser, coarsest, enlarge.T @ (residual - matrix @ x))
    for _ in range(SWEEPS):
        x += damped * (residual - matrix @ x)
    return x
