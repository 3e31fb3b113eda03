"""The harmonic surface through the border of a hole of any shape and size, on the host."""

from typing import NamedTuple

import numpy as np

COARSEST = 4  # side of a grid that is only smoothed
DAMPING = 0.8  # of Jacobi's method, which smooths best at 4/5 for this matrix
SWEEPS = 2  # of smoothing before and after a coarser grid


class Grid(NamedTuple):
    """The matrix of one scale: that of a network of conductors between pixels, the known ones grounded.

    Attributes:
      right: ``[h, w - 1]``, conductance between a missing pixel and its missing right neighbour, or else 0.
      down: ``[h - 1, w]``, likewise to the pixel below.
      diagonal: ``[h, w]``, all conductance at a missing pixel, that to known ones included; 0 at known pixels.
    """

    right: np.ndarray
    down: np.ndarray
    diagonal: np.ndarray


def membrane(image: np.ndarray, missing: np.ndarray, *, tolerance: float = 1e-6, most: int = 200) -> np.ndarray:
    """Fill the hole with the surface whose every missing pixel is the mean of its neighbours in the image.

    Conjugate gradients, preconditioned by a V-cycle of multigrid over 2x2 aggregates of missing pixels
    (Braess 1995): 20 to 40 iterations, whatever the size of the hole.

    Args:
      image: ``[H, W, C]``, known outside the hole.
      missing: bool ``[H, W]``; some pixel is known.
      tolerance: of the residual, relative to the right-hand side's norm.
      most: iterations.

    Returns:
      float32 ``[H, W, C]``; known pixels as they are.
    """
    rows, columns = (np.flatnonzero(missing.any(axis)) for axis in (1, 0))
    if len(rows) == 0:
        return image
    window = tuple(slice(max(i[0] - 1, 0), i[-1] + 2) for i in (rows, columns))
    result = np.array(image, np.float32)
    result[window] = _solve(result[window], missing[window], _neighbours(missing.shape)[window], tolerance, most)
    return result


def _neighbours(shape: tuple[int, ...]) -> np.ndarray:
    """The number of a pixel's neighbours in the image, ``[H, W]``."""
    count = np.full(shape, 4.0)
    for edge in (count[0], count[-1], count[:, 0], count[:, -1]):
        edge -= 1
    return count


def _solve(image: np.ndarray, missing: np.ndarray, neighbours: np.ndarray, tolerance: float, most: int) -> np.ndarray:
    finest = Grid(
        (missing[:, 1:] & missing[:, :-1]).astype(float),
        (missing[1:] & missing[:-1]).astype(float),
        missing * neighbours,
    )
    grids = [finest]
    while min(grids[-1].diagonal.shape) > COARSEST:
        grids.append(coarsened(grids[-1]))
    solved = image.copy()
    for channel in range(image.shape[2]):
        known = np.where(missing, 0.0, image[..., channel])
        answer = _conjugate_gradients(grids, missing * _sum_of_neighbours(known), tolerance, most)
        solved[..., channel] = np.where(missing, answer, image[..., channel])
    return solved


def coarsened(grid: Grid) -> Grid:
    """Join 2x2 pixels to one: conductances between two blocks add up, those inside a block vanish.

    Half of the sum: a block's neighbour is twice as far away. Without this the coarse correction is too
    small by a factor of two (Braess 1995).
    """
    high, wide = grid.diagonal.shape
    even = np.pad(grid.diagonal, ((0, high % 2), (0, wide % 2)))
    right = np.pad(grid.right, ((0, high % 2), (0, 1 + wide % 2)))
    down = np.pad(grid.down, ((0, 1 + high % 2), (0, wide % 2)))
    inside = right[0::2, 0::2] + right[1::2, 0::2] + down[0::2, 0::2] + down[0::2, 1::2]
    diagonal = even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2] - 2 * inside
    across = (right[0::2, 1::2] + right[1::2, 1::2])[:, :-1]
    below = (down[1::2, 0::2] + down[1::2, 1::2])[:-1]
    return Grid(across / 2, below / 2, diagonal / 2)


def _sum_of_neighbours(values: np.ndarray) -> np.ndarray:
    total = np.zeros_like(values)
    total[1:] += values[:-1]
    total[:-1] += values[1:]
    total[:, 1:] += values[:, :-1]
    total[:, :-1] += values[:, 1:]
    return total


def _apply(grid: Grid, values: np.ndarray) -> np.ndarray:
    result = grid.diagonal * values
    result[:, :-1] -= grid.right * values[:, 1:]
    result[:, 1:] -= grid.right * values[:, :-1]
    result[:-1] -= grid.down * values[1:]
    result[1:] -= grid.down * values[:-1]
    return result


def _conjugate_gradients(grids: list[Grid], target: np.ndarray, tolerance: float, most: int) -> np.ndarray:
    damped = [np.divide(DAMPING, g.diagonal, out=np.zeros_like(g.diagonal), where=g.diagonal > 0) for g in grids]
    x, residual = np.zeros_like(target), target.copy()
    enough = tolerance * np.linalg.norm(target)
    direction, energy = np.zeros_like(target), 1.0
    for _ in range(most):
        if np.linalg.norm(residual) <= enough:
            break
        corrected = _cycle(grids, damped, residual, 0)
        before, energy = energy, float(np.vdot(residual, corrected))
        direction = corrected + energy / before * direction
        image = _apply(grids[0], direction)
        step = energy / float(np.vdot(direction, image))
        x += step * direction
        residual -= step * image
    return x


def _cycle(grids: list[Grid], damped: list[np.ndarray], residual: np.ndarray, level: int) -> np.ndarray:
    """Approximate the correction for a residual; a symmetric linear map."""
    grid, factor = grids[level], damped[level]
    x = factor * residual
    for _ in range(SWEEPS - 1):
        x += factor * (residual - _apply(grid, x))
    if level + 1 < len(grids):
        x += _enlarged(_cycle(grids, damped, _summed(residual - _apply(grid, x)), level + 1), x.shape) * (factor > 0)
    for _ in range(SWEEPS):
        x += factor * (residual - _apply(grid, x))
    return x


def _summed(values: np.ndarray) -> np.ndarray:
    """Sums over 2x2 pixels."""
    high, wide = values.shape
    even = np.pad(values, ((0, high % 2), (0, wide % 2)))
    return even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2]


def _enlarged(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return values.repeat(2, 0).repeat(2, 1)[: shape[0], : shape[1]]
