"""Plain and strided convolutions by minimal filtering (Winograd 1980; Lavin & Gray 2016).

Minimal filtering needs fewer multiplications. Two neighbouring outputs of a filter of r taps need
r + 1 products of sums, instead of 2 r. A convolution of stride s is the sum of s plain
convolutions, each over every s-th pixel. Two of its outputs therefore need as many products as they
read pixels: k + s instead of 2 k. In two dimensions a tile of 2x2 outputs takes (k + s)^2 products
instead of (2 k)^2: 49 instead of 100 for a 5x5 kernel of stride 2, 36 instead of 64 for 4x4, and 16
instead of 36 for 3x3 of stride 1. With many channels, sums are cheap compared to products.

``data``, ``kernel`` and ``answer`` are the transforms D, G and A of one axis:
answer = A ((G g) * (D d)). Each product of two points is a matrix product over channels. The two
gradients use the transposes of the same three transforms.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from inpaint_jax.networks.convolutions.geometry import Geometry

# For two outputs of a filter with 1, 2 and 3 taps: data [n, n], kernel [n, r], answer [2, n]; n = r
# + 1.
PLAIN = {
    1: ([[1, 0], [0, 1]], [[1], [1]], [[1, 0], [0, 1]]),
    2: ([[1, -1, 0], [0, 1, 0], [0, 1, -1]], [[1, 0], [1, 1], [0, 1]], [[1, 1, 0], [0, 1, -1]]),
    3: (
        [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
        [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
        [[1, 1, 1, 0], [0, 1, -1, -1]],
    ),
}


class Transforms(NamedTuple):
    """Transforms of one axis: two outputs of ``k`` taps and a stride from n = k + stride pixels."""

    data: np.ndarray  # [n, n]
    kernel: np.ndarray  # [n, k]
    answer: np.ndarray  # [2, n]


@functools.cache
def transforms(taps: int, stride: int) -> Transforms:
    """Assemble the transforms for a strided filter from those of the stride-1 filters in it."""
    size = taps + stride
    data, kernel, answers, first = np.zeros((size, size)), np.zeros((size, taps)), [], 0
    for phase in range(stride):
        its_data, its_kernel, its_answer = (
            np.array(part, float) for part in PLAIN[len(range(phase, taps, stride))]
        )
        rows = slice(first, first + len(its_data))
        data[rows, phase : phase + stride * len(its_data) : stride] = its_data
        kernel[rows, phase::stride] = its_kernel
        answers.append(its_answer)
        first = rows.stop
    return Transforms(data, kernel, np.concatenate(answers, axis=1))


def applies(geometry: Geometry) -> bool:
    """Return True if minimal filtering supports the kernel.

    The kernel must be square and small. Every phase of the stride must have one, two or three taps.
    """
    (taps, columns), (stride, across) = geometry.kernel, geometry.stride
    return (
        (taps, stride) == (columns, across)
        and 1 < taps <= 5
        and stride <= min(2, taps)
        and taps <= 3 * stride
    )


def tiles(geometry: Geometry) -> int:
    """Count the tiles of 2x2 outputs in one image."""
    high, wide = _tiles(geometry)
    return high * wide


def gather(geometry: Geometry, big: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map ``[B, H, W, C]`` and the points of the kernel to ``[B, h, w, S]``."""
    ways = _ways(geometry)
    rows = [_row(geometry, big, i) for i in range(len(ways.data))]
    points: list[list[jax.Array | None]] = [[None, None], [None, None]]
    for i, row in enumerate(rows):
        across: list[jax.Array | None] = [None, None]
        for j in range(len(ways.data)):
            product = _rows(_column(geometry, row, j)) @ kernel[i, j]
            across = [_add(across[q], ways.answer[q, j], product) for q in range(2)]
        points = [
            [_add(points[p][q], ways.answer[p, i], across[q]) for q in range(2)] for p in range(2)
        ]
    high, wide = _tiles(geometry)
    batch, features = big.shape[0], kernel.shape[-1]
    shaped = [
        [_known(point).reshape(batch, high, wide, features) for point in line] for line in points
    ]
    grid = jnp.stack([jnp.stack(line, axis=3) for line in shaped], axis=2)
    return grid.reshape(batch, 2 * high, 2 * wide, features)[
        :, : geometry.small[0], : geometry.small[1]
    ]


def scatter(geometry: Geometry, small: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map ``[B, h, w, S]`` and the points of the kernel to ``[B, H, W, C]``."""
    ways, (high, wide) = _ways(geometry), _tiles(geometry)
    count, batch, channels, step = (
        len(ways.data),
        small.shape[0],
        kernel.shape[2],
        2 * geometry.stride[0],
    )
    # The transposed data transform of both axes, a row of points at a time: tile[a][b] is pixel (a,
    # b) of every tile.
    tile: list[list[jax.Array | None]] = [[None] * count for _ in range(count)]
    for i in range(count):
        line: list[jax.Array | None] = [None] * count
        for j in range(count):
            product = lax.dot_general(
                _point(geometry, small, i, j), kernel[i, j], (((1,), (1,)), ((), ()))
            )
            line = [_add(line[b], ways.data[j, b], product) for b in range(count)]
        tile = [
            [_add(tile[a][b], ways.data[i, a], line[b]) for b in range(count)] for a in range(count)
        ]

    def phase(a: int, b: int) -> jax.Array:
        """Pixels (a, b) of the grid of tiles: pixels of a tile plus overlaps of the neighbours."""
        of_phase = [(i, j) for i in range(a, count, step) for j in range(b, count, step)]
        shifts = [
            ((0, 0), (i // step, 1 - i // step), (j // step, 1 - j // step), (0, 0))
            for i, j in of_phase
        ]
        parts = [_known(tile[i][j]).reshape(batch, high, wide, channels) for i, j in of_phase]
        shape = (batch, high + 1, wide + 1, channels)
        padded = [jnp.pad(part, shift) for part, shift in zip(parts, shifts, strict=True)]
        return functools.reduce(jnp.add, padded) if padded else jnp.zeros_like(small, shape=shape)

    grid = jnp.stack(
        [jnp.stack([phase(a, b) for b in range(step)], axis=3) for a in range(step)], axis=2
    )
    full = grid.reshape(batch, (high + 1) * step, (wide + 1) * step, channels)
    crop = [
        (-low, low + n - m, 0)
        for low, n, m in zip(geometry.low, geometry.big, full.shape[1:3], strict=True)
    ]
    return lax.pad(full, jnp.zeros((), full.dtype), [(0, 0, 0), *crop, (0, 0, 0)])


def correlate(geometry: Geometry, big: jax.Array, small: jax.Array) -> jax.Array:
    """Map ``[B, H, W, C]`` and ``[B, h, w, S]`` to the gradient ``[n, n, C, S]`` of the points."""
    count = len(_ways(geometry).data)

    def product(row: jax.Array, i: int, j: int) -> jax.Array:
        pixels = _rows(_column(geometry, row, j))
        return lax.dot_general(pixels, _point(geometry, small, i, j), (((0,), (0,)), ((), ())))

    rows = [_row(geometry, big, i) for i in range(count)]
    return jnp.stack(
        [jnp.stack([product(row, i, j) for j in range(count)]) for i, row in enumerate(rows)]
    )


def points(geometry: Geometry, kernel: jax.Array) -> jax.Array:
    """Transform the stored kernel ``[k, k, ...]`` to points ``[n, n, C, S]``."""
    if geometry.flipped:
        kernel = kernel[::-1, ::-1].swapaxes(2, 3)
    return _both(_ways(geometry).kernel, kernel)


def from_points(geometry: Geometry, gradient: jax.Array) -> jax.Array:
    """Transpose of ``points``: map ``[n, n, C, S]`` to the gradient of the stored kernel."""
    kernel = _both(_ways(geometry).kernel.T, gradient)
    return kernel[::-1, ::-1].swapaxes(2, 3) if geometry.flipped else kernel


def _ways(geometry: Geometry) -> Transforms:
    return transforms(geometry.kernel[0], geometry.stride[0])


def _tiles(geometry: Geometry) -> tuple[int, int]:
    return -(-geometry.small[0] // 2), -(-geometry.small[1] // 2)


def _both(matrix: np.ndarray, x: jax.Array) -> jax.Array:
    """Apply a matrix to the first two axes."""
    lines = [_sum(weights, list(x)) for weights in matrix]
    return jnp.stack(
        [jnp.stack([_sum(weights, list(line)) for weights in matrix]) for line in lines]
    )


def _row(geometry: Geometry, big: jax.Array, i: int) -> jax.Array:
    """Compute row point i of every tile, ``[B, tiles, W + padding, C]``."""
    ways, counts, stride = _ways(geometry), _tiles(geometry), geometry.stride[0]
    spans = [2 * stride * (n - 1) + len(ways.data) for n in counts]
    pads = [
        (low, span - low - n, 0)
        for low, span, n in zip(geometry.low, spans, geometry.big, strict=True)
    ]
    padded = lax.pad(big, jnp.zeros((), big.dtype), [(0, 0, 0), *pads, (0, 0, 0)])
    return _sum(
        ways.data[i], [padded[:, a :: 2 * stride][:, : counts[0]] for a in range(len(ways.data))]
    )


def _column(geometry: Geometry, row: jax.Array, j: int) -> jax.Array:
    """Compute column point j of every tile in a row, ``[B, tiles, tiles, C]``."""
    ways, count, step = _ways(geometry), _tiles(geometry)[1], 2 * geometry.stride[0]
    return _sum(ways.data[j], [row[:, :, b::step][:, :, :count] for b in range(len(ways.data))])


def _point(geometry: Geometry, small: jax.Array, i: int, j: int) -> jax.Array:
    """Apply the transposed answer transform at point (i, j) of every tile, ``[B * tiles, S]``."""
    answer, (high, wide) = _ways(geometry).answer, _tiles(geometry)
    odd = [(0, 2 * n - m) for n, m in zip((high, wide), geometry.small, strict=True)]
    even = jnp.pad(small, ((0, 0), *odd, (0, 0)))
    weights = [answer[p, i] * answer[q, j] for p in range(2) for q in range(2)]
    return _rows(_sum(weights, [even[:, p::2, q::2] for p in range(2) for q in range(2)]))


def _rows(x: jax.Array) -> jax.Array:
    return x.reshape(-1, x.shape[-1])


def _sum(weights: Sequence[float], terms: Sequence[jax.Array]) -> jax.Array:
    """Compute the weighted sum, skipping weights of 0."""
    total: jax.Array | None = None
    for weight, term in zip(weights, terms, strict=True):
        total = _add(total, weight, term)
    return _known(total)


def _add(total: jax.Array | None, weight: float, term: jax.Array | None) -> jax.Array | None:
    if not weight or term is None:
        return total
    if total is None:
        return term if weight == 1 else float(weight) * term
    return (
        total + term
        if weight == 1
        else total - term
        if weight == -1
        else total + float(weight) * term
    )


def _known(x: jax.Array | None) -> jax.Array:
    assert x is not None
    return x
