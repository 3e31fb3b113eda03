"""Convolutions and transposed convolutions whose gradients are fast on the CPU as well.

A convolution is bilinear, so it and its two gradients are three operations that are each other's gradients:

* ``gather``: small = sum over taps of big * kernel (a convolution, the input gradient of a transposed one);
* ``scatter``: big = sum over taps of small * kernel (a transposed convolution, the input gradient of the other);
* ``correlate``: kernel = sum over positions of big * small (the weight gradient of both).

"big" is the side that the stride makes larger: big position = stride * small position + tap - low padding. XLA's
CPU backend is fast at the first only; the gradients of a strided convolution cost it up to 30 times the forward
pass. There the second is one matrix product for all taps and an overlap-add, the third a matrix product of patches
and gradient.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Pair = tuple[int, int]
Padding = str | int | Sequence[Pair]
DIMENSIONS = ("NHWC", "HWIO", "NHWC")


class Geometry(NamedTuple):
    """Sizes of a convolution: all pairs are (rows, columns)."""

    big: Pair
    small: Pair
    kernel: Pair
    stride: Pair
    low: Pair

    @property
    def pads(self) -> list[Pair]:
        """(low, high) padding of the big side; high is cut to what the last window reads."""
        spans = ((n - 1) * s + k for n, s, k in zip(self.small, self.stride, self.kernel, strict=True))
        return [(low, span - low - n) for span, low, n in zip(spans, self.low, self.big, strict=True)]


def conv(x: jax.Array, kernel: jax.Array, *, strides: Pair = (1, 1), padding: Padding = "SAME") -> jax.Array:
    """2-D convolution, equal to ``lax.conv_general_dilated`` with NHWC and HWIO.

    Reverse-mode differentiable to any order; not under forward mode (``jax.jvp``), being a ``custom_vjp``.

    Args:
      x: ``[B, H, W, I]``.
      kernel: ``[kh, kw, I, O]``.
      strides: (rows, columns).
      padding: "SAME", "VALID", one number, or (low, high) for rows and columns; negative numbers crop.

    Returns:
      ``[B, H', W', O]``.
    """
    big, size = _sides(x.shape[1:3]), _sides(kernel.shape[:2])
    pads = lax.padtype_to_pads(big, size, strides, padding) if isinstance(padding, str) else _pairs(padding)
    small = _sides((n + sum(p) - k) // s + 1 for n, p, k, s in zip(big, pads, size, strides, strict=True))
    return _gather(Geometry(big, small, size, _sides(strides), _sides(low for low, _ in pads)), x, kernel)


def conv_transpose(x: jax.Array, kernel: jax.Array, *, strides: Pair = (1, 1), padding: Padding = "SAME") -> jax.Array:
    """2-D transposed convolution, equal to ``lax.conv_transpose`` with NHWC and HWIO.

    Args:
      x: ``[B, H, W, I]``.
      kernel: ``[kh, kw, I, O]``, not flipped.
      strides: (rows, columns).
      padding: "SAME" (multiplies the size by the stride), "VALID", one number, or (low, high) for rows and
        columns: what is put around the dilated input, may be negative. Torch's padding p is kernel - 1 - p here.

    Returns:
      ``[B, H', W', O]``.
    """
    small, size = _sides(x.shape[1:3]), _sides(kernel.shape[:2])
    if isinstance(padding, str):
        pads = [_transpose_padding(k, s, padding) for k, s in zip(size, strides, strict=True)]
    else:
        pads = _pairs(padding)
    big = _sides((n - 1) * s + 2 + sum(p) - k for n, s, p, k in zip(small, strides, pads, size, strict=True))
    low = _sides(k - 1 - low for (low, _), k in zip(pads, size, strict=True))
    # lax.conv_transpose slides the kernel over the dilated input: its tap t is the tap k - 1 - t of a scatter.
    flipped = kernel[::-1, ::-1].swapaxes(2, 3)
    return _scatter(Geometry(big, small, size, _sides(strides), low), x, flipped)


def _sides(numbers: Iterable[int]) -> Pair:
    rows, columns = numbers
    return rows, columns


def _pairs(padding: int | Sequence[Pair]) -> list[Pair]:
    if isinstance(padding, int):
        return [(padding, padding)] * 2
    return [(p, p) if isinstance(p, int) else (p[0], p[1]) for p in padding]


def _transpose_padding(size: int, stride: int, padding: str) -> Pair:
    """What "SAME" and "VALID" put around the dilated input of a transposed convolution."""
    if padding not in ("SAME", "VALID"):
        raise ValueError(f'padding must be "SAME", "VALID", a number or pairs, got {padding!r}')
    if padding == "VALID":
        total, low = size + stride - 2 + max(size - stride, 0), size - 1
    else:
        total = size + stride - 2
        low = size - 1 if stride > size - 1 else -(-total // 2)
    return low, total - low


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gather(geometry: Geometry, big: jax.Array, kernel: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(big, kernel, geometry.stride, geometry.pads, dimension_numbers=DIMENSIONS)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scatter(geometry: Geometry, small: jax.Array, kernel: jax.Array) -> jax.Array:
    """One product of every small pixel with all taps, then each output phase adds up its own taps."""
    taps = jnp.einsum("bhwo,klio->bhwkli", small, kernel)
    rows, columns = geometry.small
    (kh, kw), (sh, sw) = geometry.kernel, geometry.stride
    reach_h, reach_w = -(-kh // sh), -(-kw // sw)  # taps per phase, at most
    phases = []
    for r in range(sh):
        for c in range(sw):
            parts = [
                jnp.pad(taps[:, :, :, k, l], ((0, 0), (i, reach_h - 1 - i), (j, reach_w - 1 - j), (0, 0)))
                for i, k in enumerate(range(r, kh, sh))
                for j, l in enumerate(range(c, kw, sw))
            ]
            empty = jnp.zeros((small.shape[0], rows + reach_h - 1, columns + reach_w - 1, kernel.shape[2]), small.dtype)
            phases.append(functools.reduce(jnp.add, parts) if parts else empty)
    grid = jnp.stack(phases).reshape(sh, sw, *phases[0].shape)  # [sh, sw, B, rows, columns, I]
    full = grid.transpose(2, 3, 0, 4, 1, 5).reshape(small.shape[0], grid.shape[3] * sh, grid.shape[4] * sw, -1)
    crops = [(-low, low + n - have) for low, n, have in zip(geometry.low, geometry.big, full.shape[1:3], strict=True)]
    return lax.pad(full, jnp.zeros((), full.dtype), [(0, 0, 0), *((lo, hi, 0) for lo, hi in crops), (0, 0, 0)])


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _correlate(geometry: Geometry, big: jax.Array, small: jax.Array) -> jax.Array:
    """Every tap's view of the big side, side by side, times the small side."""
    zero = jnp.zeros((), big.dtype)
    padded = lax.pad(big, zero, [(0, 0, 0), *((lo, hi, 0) for lo, hi in geometry.pads), (0, 0, 0)])
    (kh, kw), (sh, sw), (rows, columns) = geometry.kernel, geometry.stride, geometry.small
    views = [
        padded[:, k : k + (rows - 1) * sh + 1 : sh, l : l + (columns - 1) * sw + 1 : sw]
        for k in range(kh)
        for l in range(kw)
    ]
    kernel = jnp.einsum("bhwi,bhwo->io", jnp.concatenate(views, axis=-1), small)
    return kernel.reshape(kh, kw, big.shape[-1], small.shape[-1])


def _save(operation):
    return lambda geometry, a, b: (operation(geometry, a, b), (a, b))


_gather.defvjp(
    _save(_gather),
    lambda geometry, saved, d: (_scatter(geometry, d, saved[1]), _correlate(geometry, saved[0], d)),
)
_scatter.defvjp(
    _save(_scatter),
    lambda geometry, saved, d: (_gather(geometry, d, saved[1]), _correlate(geometry, d, saved[0])),
)
_correlate.defvjp(
    _save(_correlate),
    lambda geometry, saved, d: (_scatter(geometry, saved[1], d), _gather(geometry, saved[0], d)),
)
