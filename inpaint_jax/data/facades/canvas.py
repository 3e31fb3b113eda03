"""Antialiased painting by exact pixel coverage, in elementwise float32: equal bytes anywhere."""

from collections.abc import Sequence

import numpy as np

from inpaint_jax.compositing import round_to_uint8

Spans = Sequence[tuple[float, float]]


def rgb(*colour: float) -> np.ndarray:
    """Return a colour as float32 ``[3]`` in [0, 255]."""
    return np.array(colour, np.float32)


class Canvas:
    """Canvas of float32 RGB in [0, 255] over the unit square; y points downwards.

    Args:
      size: side in pixels.
    """

    def __init__(self, size: int):
        self.size = size
        edges = np.arange(size + 1, dtype=np.float32) / np.float32(size)
        self._low, self._high = edges[:-1], edges[1:]
        self.middles = (self._low + self._high) / 2
        self.image = np.zeros((size, size, 3), np.float32)

    def cover(self, spans: Spans) -> tuple[slice, np.ndarray]:
        """Return the pixels that the spans (low, high) reach, and the covered share of each pixel.

        The spans must not overlap.
        """
        if not spans:
            return slice(0), np.zeros(0, np.float32)
        low, high = np.array(spans, np.float32).T[:, :, None]
        first, last = (
            max(int(low.min() * self.size), 0),
            min(int(high.max() * self.size) + 1, self.size),
        )
        reached = slice(first, last)
        shares = np.minimum(self._high[reached], high) - np.maximum(self._low[reached], low)
        return reached, np.minimum(np.maximum(shares, 0).sum(axis=0) * self.size, 1)

    def rectangles(
        self, rows: Spans, columns: Spans, colour: np.ndarray, opacity: float = 1.0
    ) -> None:
        """Paint the rectangles where a span of ``rows`` crosses a span of ``columns``.

        Args:
          rows, columns: pairs (low, high).
          colour: ``[3]``, or ``[size, 1, 3]`` for one colour per row.
          opacity: 1 hides what was painted before.
        """
        (reached_y, share_y), (reached_x, share_x) = self.cover(rows), self.cover(columns)
        share = (share_y[:, None] * share_x * np.float32(opacity))[..., None]
        part = self.image[reached_y, reached_x]
        part += share * ((colour[reached_y] if colour.ndim == 3 else colour) - part)

    def below(self, skyline: np.ndarray, bottom: float, colour: np.ndarray) -> None:
        """Paint from ``skyline [size]``, one height per column, down to ``bottom``."""
        depth = np.minimum(self._high, np.float32(bottom))[:, None] - np.maximum(
            self._low[:, None], skyline
        )
        self.image += np.clip(depth * self.size, 0, 1)[..., None] * (colour - self.image)

    def disc(self, x: float, y: float, radius: float, colour: np.ndarray) -> None:
        distance = np.sqrt(
            (self.middles - np.float32(x)) ** 2 + (self.middles[:, None] - np.float32(y)) ** 2
        )
        share = np.clip((np.float32(radius) - distance) * self.size + np.float32(0.5), 0, 1)
        self.image += share[..., None] * (colour - self.image)

    def pixels(self) -> np.ndarray:
        """Return the canvas as uint8 ``[size, size, 3]``."""
        return round_to_uint8(self.image)
