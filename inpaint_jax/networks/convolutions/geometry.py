"""Sizes of a convolution, and the plain convolution that they describe.

The two sides of a convolution are named by size, because a convolution reads the ``big`` side and a
transposed convolution writes it: big position = stride * small position + tap - low padding.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import jax
from jax import lax

Pair = tuple[int, int]  # (rows, columns)
Padding = str | int | Sequence[Pair]


class Tap(NamedTuple):
    """One position of the kernel, and its index in the array of the kernel."""

    row: int
    column: int
    stored: Pair


class Geometry(NamedTuple):
    """Sizes of a convolution.

    Attributes:
      big: size of the input of a convolution, or of the output of a transposed one.
      small: size of the other side.
      kernel: size of the kernel.
      stride: steps on the big side.
      low: padding before the first row and column of the big side; negative: cropped.
      flipped: how the kernel is stored: ``[kh, kw, big channels, small channels]``, or, by
        transposed convolutions, ``[kh, kw, small channels, big channels]`` with the last tap first.
      precision: precision of products on a GPU or TPU, as a JAX name; None: the default of JAX.
    """

    big: Pair
    small: Pair
    kernel: Pair
    stride: Pair
    low: Pair
    flipped: bool
    precision: str | None = None

    @property
    def pads(self) -> list[Pair]:
        """Padding (low, high) of the big side; high ends where the last window ends."""
        spans = (
            (n - 1) * s + k for n, s, k in zip(self.small, self.stride, self.kernel, strict=True)
        )
        return [
            (low, span - low - n) for span, low, n in zip(spans, self.low, self.big, strict=True)
        ]

    @property
    def taps(self) -> list[Tap]:
        """All positions of the kernel, row by row."""
        (rows, columns), flipped = self.kernel, self.flipped
        return [
            Tap(r, c, (rows - 1 - r, columns - 1 - c) if flipped else (r, c))
            for r, c in itertools.product(range(rows), range(columns))
        ]

    @property
    def turned(self) -> "Geometry":
        """Sizes of the convolution from the small side to the big side, for stride 1."""
        low = _pair(k - 1 - low for k, low in zip(self.kernel, self.low, strict=True))
        return Geometry(
            self.small, self.big, self.kernel, (1, 1), low, not self.flipped, self.precision
        )

    def convolve(self, big: jax.Array, kernel: jax.Array) -> jax.Array:
        """Map ``[B, H, W, C]`` and the kernel to ``[B, h, w, S]``."""
        if self.flipped:
            kernel = kernel[::-1, ::-1].swapaxes(2, 3)
        numbers = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(
            big, kernel, self.stride, self.pads, dimension_numbers=numbers, precision=self.precision
        )


def of_convolution(big: Pair, kernel: Pair, strides: Pair, padding: Padding) -> Geometry:
    """Return the geometry of ``lax.conv_general_dilated`` over a map of size ``big``."""
    pads = (
        lax.padtype_to_pads(big, kernel, strides, padding)
        if isinstance(padding, str)
        else _pairs(padding)
    )
    small = (
        (n + sum(pad) - k) // s + 1 for n, pad, k, s in zip(big, pads, kernel, strides, strict=True)
    )
    return Geometry(
        big, _pair(small), kernel, strides, _pair(low for low, _ in pads), flipped=False
    )


def of_transposed_convolution(
    small: Pair, kernel: Pair, strides: Pair, padding: Padding
) -> Geometry:
    """Return the geometry of ``lax.conv_transpose`` over a map of size ``small``."""
    if isinstance(padding, str):
        pads = [_transpose_padding(k, s, padding) for k, s in zip(kernel, strides, strict=True)]
    else:
        pads = _pairs(padding)
    big = (
        (n - 1) * s + 2 + sum(pad) - k
        for n, s, pad, k in zip(small, strides, pads, kernel, strict=True)
    )
    low = (k - 1 - low for (low, _), k in zip(pads, kernel, strict=True))
    return Geometry(_pair(big), small, kernel, strides, _pair(low), flipped=True)


def _pair(numbers: Iterable[int]) -> Pair:
    rows, columns = numbers
    return rows, columns


def _pairs(padding: int | Sequence[Pair]) -> list[Pair]:
    if isinstance(padding, int):
        return [(padding, padding)] * 2
    return [(p, p) if isinstance(p, int) else _pair(p) for p in padding]


def _transpose_padding(size: int, stride: int, padding: str) -> Pair:
    """Compute how "SAME" and "VALID" pad the dilated input of a transposed convolution."""
    if padding not in ("SAME", "VALID"):
        raise ValueError(f'padding must be "SAME", "VALID", a number or pairs, got {padding!r}')
    if padding == "VALID":
        total, low = size + stride - 2 + max(size - stride, 0), size - 1
    else:
        total = size + stride - 2
        low = size - 1 if stride > size - 1 else -(-total // 2)
    return low, total - low
