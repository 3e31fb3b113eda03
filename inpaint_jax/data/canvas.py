"""Antialiased painting by exact pixel coverage; elementwise float32 arithmetic: the same bytes anywhere."""

import numpy as np


def rgb(*colour: float) -> np.ndarray:
    """float32 ``[3]`` in [0, 255]."""
    return np.array(colour, np.float32)


class Canvas:
    """float32 RGB in [0, 255] over the unit square, y downwards."""

    def __init__(self, size: int):
        self.size = size
        self.edges = np.linspace(0, 1, size + 1, dtype=np.float32)
        self.middles = (self.edges[1:] + self.edges[:-1]) / 2
        self.image = np.zeros((size, size, 3), np.float32)

    def cover(self, *spans: tuple[float, float]) -> np.ndarray:
        """The share of each pixel ``[size]`` that lies in any of the spans (which do not overlap)."""
        share = np.zeros(self.size, np.float32)
        for low, high in spans:
            share += (
                np.clip(np.minimum(self.edges[1:], high) - np.maximum(self.edges[:-1], low), 0, 1) * self.size
            )
        return np.minimum(share, 1)

    def paint(self, rows: np.ndarray, columns: np.ndarray, colour, opacity: float = 1.0) -> None:
        """Paints the product of two coverages; ``colour`` broadcasts to ``[rows, columns, 3]``."""
        inside_y, inside_x = _extent(rows), _extent(columns)
        share = (rows[inside_y, None] * columns[None, inside_x] * np.float32(opacity))[..., None]
        colour = np.asarray(colour, np.float32)
        if colour.ndim == 3:
            colour = colour[inside_y if colour.shape[0] > 1 else slice(None)]
        part = self.image[inside_y, inside_x]
        part += share * (colour - part)

    def below(self, height: np.ndarray, colour, bottom: float) -> None:
        """Paints between a skyline ``height [size]`` (one y per column; 1 = nothing there) and ``bottom``."""
        share = np.clip((np.minimum(self.edges[1:, None], bottom) - height[None]) * self.size, 0, 1)[
            ..., None
        ]
        share = share * self.cover((0, bottom))[:, None, None]
        self.image += share * (np.asarray(colour, np.float32) - self.image)

    def disc(self, x: float, y: float, radius: float, colour, opacity: float = 1.0) -> None:
        distance = np.sqrt((self.middles[None] - x) ** 2 + (self.middles[:, None] - y) ** 2)
        share = np.clip((radius - distance) * self.size + 0.5, 0, 1)[..., None] * np.float32(opacity)
        self.image += share * (np.asarray(colour, np.float32) - self.image)

    def pixels(self) -> np.ndarray:
        return np.clip(np.rint(self.image), 0, 255).astype(np.uint8)


def _extent(share: np.ndarray) -> slice:
    touched = np.flatnonzero(share)
    return slice(int(touched[0]), int(touched[-1]) + 1) if touched.size else slice(0, 0)
