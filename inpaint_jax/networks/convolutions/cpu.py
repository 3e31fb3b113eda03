"""The three operations of a convolution as matrix products, which XLA runs fast on the CPU.

XLA's own lowering takes 30 to 100 times the forward pass for the gradients of some strided
convolutions, such as a 5x5 kernel over a 4x4 map. These rules decide the speed, measured against
XLA's lowering and oneDNN:

* A product of every small pixel with all taps, or of all patches with a gradient, creates arrays
  much larger than the caches. Both therefore run over a few images at a time.
* XLA's convolution reads the kernel once per row of the output, so a kernel larger than the caches
  is faster tap by tap.
* A product of matrices needs no copies. XLA transposes the factors of any other product first,
  which copies them.
* Minimal filtering (``minimal_filtering``) saves multiplications. It pays if its sums are few
  compared to the products: with many channels, and with many more pixels than the transforms of the
  kernel cost.
* With few channels, patches cost more than the product. The weight gradient then takes columns in
  blocks, whose product contains all their taps on its diagonals.
"""

import functools
import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import export, lax

from inpaint_jax.networks.convolutions import minimal_filtering
from inpaint_jax.networks.convolutions.geometry import Geometry, Tap

CACHE = 4 * 2**20  # bytes
CHANNELS, TILES = 32, 512  # the least for which minimal filtering pays
MOST_TILES = 1024  # tiles per chunk
SMALL_MAP = 16  # pixels
FEW_PIXELS = 64  # per batch; below it, transposing a kernel costs more than single taps
FEW_CHANNELS, COLUMNS = 32, 8  # most channels, and columns per block, for blocked weight gradients


def gather(geometry: Geometry, big: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map ``[B, H, W, C]`` and the kernel to ``[B, h, w, S]``."""
    if _pays(geometry, big, kernel.shape[2:]):
        points = lax.optimization_barrier(minimal_filtering.points(geometry, kernel))
        return _by_chunks(
            lambda big: minimal_filtering.gather(geometry, big, points),
            big,
            _tile_chunks(geometry, big),
        )
    if _suits(geometry, kernel):
        return geometry.convolve(big, kernel)
    views = [_rows(view) for view in _views(geometry, big)]
    # tap by tap: side by side, the taps of this layout would have to be transposed
    if geometry.flipped:
        products = [
            _dot(view, kernel[tap.stored], 1, 1)
            for view, tap in zip(views, geometry.taps, strict=True)
        ]
        small = functools.reduce(jnp.add, products)
    else:
        small = jnp.concatenate(views, axis=1) @ _rows(kernel)
    return small.reshape(big.shape[0], *geometry.small, -1)


def scatter(geometry: Geometry, small: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map ``[B, h, w, S]`` and the kernel to ``[B, H, W, C]``.

    It computes all taps of every pixel, then an overlap-add.
    """
    if _pays(geometry, small, kernel.shape[2:]):
        points, count = minimal_filtering.points(geometry, kernel), _tile_chunks(geometry, small)
        points = lax.optimization_barrier(points)
        return _by_chunks(
            lambda small: minimal_filtering.scatter(geometry, small, points), small, count
        )
    if geometry.stride == (1, 1) and _suits(geometry.turned, kernel):
        return geometry.turned.convolve(small, kernel)
    channels = kernel.shape[3 if geometry.flipped else 2]
    one_by_one = geometry.flipped and _few(small)
    if not geometry.flipped or one_by_one:
        matrix, axis = _rows(kernel), 1
    else:
        matrix, axis = kernel[::-1, ::-1].transpose(2, 0, 1, 3).reshape(small.shape[-1], -1), 0

    def some(small):
        if one_by_one:
            products = jnp.stack(
                [_dot(_rows(small), kernel[tap.stored], 1, 0) for tap in geometry.taps], axis=1
            )
        else:
            products = _dot(_rows(small), matrix, 1, axis)
        return _overlap_add(
            geometry, products.reshape(*small.shape[:3], len(geometry.taps), channels)
        )

    count = _chunks(geometry, small, channels, kernel.size)  # every chunk reads the whole kernel
    return _by_chunks(some, small, count)


def correlate(geometry: Geometry, big: jax.Array, small: jax.Array) -> jax.Array:
    """Map ``[B, H, W, C]`` and ``[B, h, w, S]`` to the gradient of the kernel.

    It multiplies all patches by the small side.
    """
    (rows, columns), channels, features = geometry.kernel, big.shape[-1], small.shape[-1]
    if _pays(geometry, big, (channels, features)):
        count = _tile_chunks(geometry, big)

        def points(i):
            return minimal_filtering.correlate(
                geometry, _chunk(big, count, i), _chunk(small, count, i)
            )

        total = lax.fori_loop(1, count, lambda i, total: total + points(i), points(0))
        return minimal_filtering.from_points(geometry, lax.optimization_barrier(total))
    if geometry.stride == (1, 1) and columns > 1 and max(channels, features) <= FEW_CHANNELS:
        gradient = _correlate_blocks(geometry, big, small)
        return gradient.swapaxes(2, 3)[::-1, ::-1] if geometry.flipped else gradient
    # Every chunk reads and writes the whole gradient.
    count = _chunks(geometry, small, channels, 4 * rows * columns * channels * features)
    if count == 1:
        gradient = _dot(_patches(geometry, big), _rows(small), 0, 0).reshape(
            rows, columns, channels, features
        )
        return gradient.swapaxes(2, 3)[::-1, ::-1] if geometry.flipped else gradient

    def some(i):  # a long thin product: this order of its factors is the faster one
        return _dot(_rows(_chunk(small, count, i)), _patches(geometry, _chunk(big, count, i)), 0, 0)

    total = lax.fori_loop(1, count, lambda i, total: total + some(i), some(0))
    gradient = total.reshape(features, rows, columns, channels)
    return (
        gradient.transpose(1, 2, 0, 3)[::-1, ::-1]
        if geometry.flipped
        else gradient.transpose(1, 2, 3, 0)
    )


def _correlate_blocks(geometry: Geometry, big: jax.Array, small: jax.Array) -> jax.Array:
    """Compute the gradient ``[kh, kw, C, S]`` of the kernel at stride 1 from blocks of columns.

    Each block of the small side is multiplied by the pixels that its windows read. The product
    combines all columns of both, about twice as many pairs as there are taps, in matrices of an
    efficient shape.
    """
    (taps_down, taps), (rows, columns) = geometry.kernel, geometry.small
    batch, channels, features = big.shape[0], big.shape[-1], small.shape[-1]
    blocks = -(-columns // COLUMNS)
    small = jnp.pad(small, ((0, 0), (0, 0), (0, blocks * COLUMNS - columns), (0, 0)))
    turns = -(-(taps - 1) // COLUMNS)  # further blocks that windows reach into
    wide = (blocks + turns) * COLUMNS
    pads = [*geometry.pads[:1], (geometry.low[1], wide - geometry.low[1] - geometry.big[1])]
    padded = lax.pad(
        big, jnp.zeros((), big.dtype), [(0, 0, 0), *((*pad, 0) for pad in pads), (0, 0, 0)]
    )
    block = padded.reshape(batch, padded.shape[1], blocks + turns, COLUMNS * channels)
    reach = jnp.concatenate([block[:, :, i : i + blocks] for i in range(turns + 1)], axis=-1)
    reach = lax.optimization_barrier(reach[..., : (COLUMNS + taps - 1) * channels])
    columns_of_small = small.reshape(-1, COLUMNS * features)

    def row(r):
        product = _dot(_rows(reach[:, r : r + rows]), columns_of_small, 0, 0)
        product = product.reshape(COLUMNS + taps - 1, channels, COLUMNS, features)
        diagonals = [jnp.stack([product[j + t, :, j] for t in range(taps)]) for j in range(COLUMNS)]
        return functools.reduce(jnp.add, diagonals)

    return jnp.stack([row(r) for r in range(taps_down)])


def _suits(geometry: Geometry, kernel: jax.Array) -> bool:
    """Return True if XLA's own convolution is suitable.

    For a kernel larger than the map, XLA would exchange the two. A kernel larger than the caches is
    slow. On small maps the last bits of an image can depend on the position in the batch.
    """
    fits = kernel.size * kernel.dtype.itemsize <= CACHE and math.prod(geometry.kernel) <= math.prod(
        geometry.big
    )
    return fits and math.prod(geometry.small) > SMALL_MAP


def _pays(geometry: Geometry, images: jax.Array, channels: Sequence[int]) -> bool:
    """Return True if minimal filtering is the fastest."""
    if export.is_symbolic_dim(images.shape[0]) or not minimal_filtering.applies(geometry):
        return False
    return (
        min(channels) >= CHANNELS and images.shape[0] * minimal_filtering.tiles(geometry) >= TILES
    )


def _few(small: jax.Array) -> bool:
    """Return True if a batch has few pixels."""
    return not export.is_symbolic_dim(small.shape[0]) and math.prod(small.shape[:3]) <= FEW_PIXELS


def _rows(x: jax.Array) -> jax.Array:
    return x.reshape(-1, x.shape[-1])


def _dot(a: jax.Array, b: jax.Array, axis_a: int, axis_b: int) -> jax.Array:
    return lax.dot_general(a, b, (((axis_a,), (axis_b,)), ((), ())))


def _chunks(geometry: Geometry, small: jax.Array, channels: int, least: int) -> int:
    """Choose the number of equal parts of a batch.

    All taps of a part must fit into the cache or into ``least`` values.

    The parts are equal, because a product of another shape rounds differently, and the result of an
    image must not depend on the position in the batch.
    """
    batch, image = small.shape[0], math.prod(geometry.small) * len(geometry.taps) * channels
    if export.is_symbolic_dim(batch):  # unknown: any number of images, in an exported function
        return 1
    most = max(CACHE // small.dtype.itemsize, least)
    return next(
        (n for n in range(1, batch) if batch % n == 0 and batch // n * image <= most), max(batch, 1)
    )


def _tile_chunks(geometry: Geometry, images: jax.Array) -> int:
    """Choose the number of equal parts of a batch for minimal filtering."""
    batch, tiles = images.shape[0], minimal_filtering.tiles(geometry)
    return next(
        n
        for n in range(1, batch + 1)
        if batch % n == 0 and (n == batch or batch // n * tiles <= MOST_TILES)
    )


def _by_chunks(some: Callable[[jax.Array], jax.Array], images: jax.Array, count: int) -> jax.Array:
    """Apply a function of images ``[B, ...]`` to ``count`` equal parts in sequence."""
    if count == 1:
        return some(images)
    part = jax.eval_shape(some, jax.eval_shape(lambda images: _chunk(images, count, 0), images))
    out = jnp.zeros_like(images, shape=(part.shape[0], count, *part.shape[1:]))

    def body(i, out):
        return lax.dynamic_update_index_in_dim(out, some(_chunk(images, count, i)), i, axis=1)

    return lax.fori_loop(0, count, body, out).reshape(images.shape[0], *part.shape[1:])


def _chunk(x: jax.Array, count: int, i: jax.Array | int) -> jax.Array:
    """Select images i, i + count, ...

    The stride spreads every chunk over the devices if the batch is spread over them.
    """
    return lax.dynamic_index_in_dim(x.reshape(-1, count, *x.shape[1:]), i, axis=1, keepdims=False)


def _views(geometry: Geometry, big: jax.Array) -> list[jax.Array]:
    """List, for every tap, the pixels ``[B, h, w, C]`` that it reads."""
    padded = lax.pad(
        big, jnp.zeros((), big.dtype), [(0, 0, 0), *((*pad, 0) for pad in geometry.pads), (0, 0, 0)]
    )
    (rows, columns), (down, across) = geometry.small, geometry.stride

    def view(tap: Tap):
        return padded[:, tap.row :: down, tap.column :: across][:, :rows, :columns]

    return [view(tap) for tap in geometry.taps]


def _patches(geometry: Geometry, big: jax.Array) -> jax.Array:
    """Build the patches ``[B * h * w, taps * C]`` before the product reads them."""
    return lax.optimization_barrier(_rows(jnp.concatenate(_views(geometry, big), axis=-1)))


def _overlap_add(geometry: Geometry, taps: jax.Array) -> jax.Array:
    """Sum products ``[B, h, w, taps, C]`` to ``[B, H, W, C]``.

    Each phase of the stride sums its own taps.
    """
    (rows, columns), (down, across) = geometry.small, geometry.stride
    reach = [-(-k // s) - 1 for k, s in zip(geometry.kernel, geometry.stride, strict=True)]

    def shifted(index: int, tap: Tap):
        i, j = tap.row // down, tap.column // across
        return jnp.pad(taps[:, :, :, index], ((0, 0), (i, reach[0] - i), (j, reach[1] - j), (0, 0)))

    def phase(row: int, column: int):
        of_phase = [
            shifted(n, t)
            for n, t in enumerate(geometry.taps)
            if (t.row % down, t.column % across) == (row, column)
        ]
        shape = (taps.shape[0], rows + reach[0], columns + reach[1], taps.shape[-1])
        return (
            functools.reduce(jnp.add, of_phase) if of_phase else jnp.zeros_like(taps, shape=shape)
        )

    grid = jnp.stack(
        [jnp.stack([phase(r, c) for c in range(across)], axis=3) for r in range(down)], axis=2
    )
    full = grid.reshape(taps.shape[0], (rows + reach[0]) * down, (columns + reach[1]) * across, -1)
    crop = [
        (-low, low + n - m, 0)
        for low, n, m in zip(geometry.low, geometry.big, full.shape[1:3], strict=True)
    ]
    return lax.pad(full, jnp.zeros((), full.dtype), [(0, 0, 0), *crop, (0, 0, 0)])
