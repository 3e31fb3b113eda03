"""Painting by distance: shapes with smooth edges on a fine grid, averaged to the image's pixels.

The arithmetic is elementwise float32 and uses only sums, products, quotients and roots: equal
bytes anywhere.
"""

import numpy as np

FINE = 128  # least side of the grid; images of 32, 64 and 128 pixels average the same grid


class Canvas:
    """Canvas of float32 RGB in [0, 1] over the unit square; y downwards, channels first.

    Args:
      size: side of the image in pixels.
    """

    def __init__(self, size: int):
        self.size, self.fold = size, -(-FINE // size)
        self.side = size * self.fold
        self.middles = (np.arange(self.side, dtype=np.float32) + np.float32(0.5)) / self.side
        self.image = np.zeros((3, self.side, self.side), np.float32)

    def pixels(self) -> np.ndarray:
        """Return the canvas as uint8 ``[size, size, 3]``."""
        image, fold = np.minimum(np.maximum(self.image, 0), 1), self.fold
        for axis in (1, 2) if fold > 1 else ():
            parts = np.moveaxis(image, axis, 0)
            total = parts[0::fold].copy()
            for k in range(1, fold):
                total += parts[k::fold]
            image = np.moveaxis(total, 0, axis) / np.float32(fold)
        levels = np.rint(image * np.float32(255))
        return np.ascontiguousarray(levels.transpose(1, 2, 0).astype(np.uint8))


class Frame:
    """Coordinate system of an object in the image, such as a leaning head.

    Args:
      canvas: the canvas to paint on.
      x, y: centre of the object in the image.
      unit: unit of length of the object, as a fraction of the image's side.
      lean: tangent of half of the object's clockwise angle.

    Attributes:
      x, y: the grid in the object's coordinates ``[side, side]``.
      pixel: side of a grid cell in the object's unit.
    """

    def __init__(self, canvas: Canvas, x: float, y: float, unit: float, lean: float = 0.0):
        self._canvas, self._centre, self._unit = canvas, (x, y), unit
        self._cos, self._sin = (1 - lean * lean) / (1 + lean * lean), 2 * lean / (1 + lean * lean)
        across = (canvas.middles - np.float32(x)) / np.float32(unit)
        down = (canvas.middles[:, None] - np.float32(y)) / np.float32(unit)
        self.x = np.float32(self._cos) * across + np.float32(self._sin) * down
        self.y = np.float32(self._cos) * down - np.float32(self._sin) * across
        self.pixel = 1 / (canvas.side * unit)

    def patch(self, left: float, top: float, right: float, bottom: float) -> "Patch":
        """Return the part of the canvas around a box, so that small objects are quick to paint."""
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
        half_x, half_y = (right - left) / 2 + self.pixel, (bottom - top) / 2 + self.pixel
        reach_x = (half_x * self._cos + half_y * abs(self._sin)) * self._unit
        reach_y = (half_y * self._cos + half_x * abs(self._sin)) * self._unit
        x = self._centre[0] + (self._cos * middle_x - self._sin * middle_y) * self._unit
        y = self._centre[1] + (self._cos * middle_y + self._sin * middle_x) * self._unit
        rows, columns = self._span(y, reach_y), self._span(x, reach_x)
        image = self._canvas.image[:, rows, columns]
        x, y = self.x[rows, columns], self.y[rows, columns]
        return Patch(x, y, image, self.pixel, (rows, columns))

    def _span(self, middle: float, reach: float) -> slice:
        side = self._canvas.side
        return slice(max(int((middle - reach) * side), 0), max(int((middle + reach) * side) + 1, 0))


class Patch:
    """Part of a canvas: coordinates ``x, y [h, w]``, pixels ``image [3, h, w]``, and position."""

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        image: np.ndarray,
        pixel: float,
        where: tuple[slice, slice],
    ):
        self.x, self.y, self.image, self.pixel, self.where = x, y, image, pixel, where

    def from_point(self, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates around another origin."""
        return self.x - np.float32(x), self.y - np.float32(y)

    def cover(self, distance: np.ndarray) -> np.ndarray:
        """Return the share of each cell inside a shape, from the distance (negative inside)."""
        return np.minimum(np.maximum(0.5 - distance * np.float32(1 / self.pixel), 0), 1)

    def paint(self, share: np.ndarray, colour: np.ndarray, opacity: float = 1.0) -> None:
        """Paint a colour, ``[3]`` or ``[3, h, w]``, over the given share of each cell."""
        if opacity != 1:
            share = share * np.float32(opacity)
        self.image += share * ((colour if colour.ndim == 3 else colour[:, None, None]) - self.image)

    def multiply(self, share: np.ndarray, colour: np.ndarray) -> None:
        """Multiply the painted colours by a colour ``[3]`` over the given share of each cell."""
        self.image *= 1 + share * (colour - 1)[:, None, None]


def ellipse(x: np.ndarray, y: np.ndarray, half_x: float, half_y: float) -> np.ndarray:
    """Return the approximate distance to an ellipse around the origin."""
    across, down = x * np.float32(1 / half_x), y * np.float32(1 / half_y)
    return (np.sqrt(across * across + down * down) - 1) * np.float32(min(half_x, half_y))


def box(x: np.ndarray, y: np.ndarray, half_x: float, half_y: float, radius: float) -> np.ndarray:
    """Return the distance to a rectangle with round corners around the origin."""
    across = np.abs(x) - np.float32(half_x - radius)
    down = np.abs(y) - np.float32(half_y - radius)
    outside_x, outside_y = np.maximum(across, 0), np.maximum(down, 0)
    corner = np.sqrt(outside_x * outside_x + outside_y * outside_y)
    return corner + np.minimum(np.maximum(across, down), 0) - np.float32(radius)


def stroke(
    x: np.ndarray, y: np.ndarray, start: tuple[float, float], end: tuple[float, float], half: float
) -> np.ndarray:
    """Return the distance to a line with round ends; ``half`` is half of its thickness."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    away_x, away_y = x - np.float32(start[0]), y - np.float32(start[1])
    share = (away_x * np.float32(along_x) + away_y * np.float32(along_y)) * np.float32(
        1 / (along_x * along_x + along_y * along_y)
    )
    share = np.minimum(np.maximum(share, 0), 1)
    away_x = away_x - share * np.float32(along_x)
    away_y = away_y - share * np.float32(along_y)
    return np.sqrt(away_x * away_x + away_y * away_y) - np.float32(half)


def rise(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """Rise smoothly from 0 where values are ``low`` to 1 where they are ``high``."""
    share = np.minimum(np.maximum((values - np.float32(low)) * np.float32(1 / (high - low)), 0), 1)
    return share * share * (3 - 2 * share)


def hill(x: np.ndarray, y: np.ndarray | float, half_x: float, half_y: float) -> np.ndarray:
    """Return a smooth spot: 1 at the origin, 0 outside the ellipse."""
    across, down = x * np.float32(1 / half_x), y * np.float32(1 / half_y)
    inside = np.maximum(1 - across * across - down * down, 0)
    return inside * inside


def waves(values: np.ndarray) -> np.ndarray:
    """Return smooth waves of period 1 between 0 and 1."""
    phase = values - np.floor(values)
    return 4 * phase * (1 - phase)
