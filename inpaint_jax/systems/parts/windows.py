"""Windows in a large image: a rectangle around every hole."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

CELL = 32  # pixels; holes in neighbouring grid cells count as one
LEAST_MARGIN = 64  # pixels around a hole
LEAST_SIDE = 64  # pixels; smallest side of a window in a compiled program


class Window(NamedTuple):
    """A rectangle of an image; it may reach beyond the image."""

    top: int
    left: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def area(self) -> int:
        return self.height * self.width

    def of(self, image: np.ndarray) -> np.ndarray:
        """Return a view of the image's pixels in the window, ``[h, w, ...]``."""
        return image[max(self.top, 0) : max(self.bottom, 0), max(self.left, 0) : max(self.right, 0)]

    def mirrored(self, image: np.ndarray) -> np.ndarray:
        """Copy the window's pixels, ``[height, width, C]``; mirrored beyond the image's edges."""
        high, wide = image.shape[:2]
        frame = (
            (max(-self.top, 0), max(self.bottom - high, 0)),
            (max(-self.left, 0), max(self.right - wide, 0)),
            (0, 0),
        )
        return np.pad(self.of(image), frame, mode="symmetric")

    def inside(self, outer: "Window") -> "Window":
        """Return the same rectangle relative to the corner of another one."""
        return self._replace(top=self.top - outer.top, left=self.left - outer.left)

    def union(self, other: "Window") -> "Window":
        """Return the smallest rectangle around both."""
        top, left = min(self.top, other.top), min(self.left, other.left)
        return Window(
            top, left, max(self.bottom, other.bottom) - top, max(self.right, other.right) - left
        )

    def overlaps(self, other: "Window") -> bool:
        """Return whether the two rectangles share a pixel."""
        rows = self.top < other.bottom and other.top < self.bottom
        return rows and self.left < other.right and other.left < self.right


Around = Callable[[Window], Window | None]  # bounding box -> window; None: no window fits


def windows(missing: np.ndarray, around: Around) -> list[tuple[Window | None, Window]]:
    """Choose windows around all holes.

    Holes within 32 to 64 pixels of each other share a window. So do holes whose common window has
    no larger area than their two separate windows.

    Args:
      missing: bool ``[H, W]``.
      around: maps a bounding box to a window, or to None if the image has no room for it.

    Returns:
      Pairs of a window and the bounding box of its holes, from top to bottom. The boxes do not
      overlap.
    """

    def belong(box: Window, other: Window) -> bool:
        if box.overlaps(other):
            return True
        together, own, others = around(box.union(other)), around(box), around(other)
        return None not in (together, own, others) and together.area <= own.area + others.area  # type: ignore[union-attr]

    joined: list[Window] = []
    for box in boxes(missing):
        while other := next((other for other in joined if belong(box, other)), None):
            joined.remove(other)
            box = box.union(other)
        joined.append(box)
    return [(around(box), box) for box in sorted(joined)]


def with_margin(shape: tuple[int, ...], *, margin: float = 1.0, bucketed: bool = True) -> Around:
    """Place windows with a margin around each hole.

    The margin is ``margin`` times the longer side of the hole's bounding box, at least 64 pixels,
    and less at the edge of the image. With ``bucketed``, the sides of windows are sizes of
    ``bucket``, so that all images together need few programs. The side is the next smaller size if
    that keeps half the margin, or else the next larger one, which may exceed a small image.

    Args:
      shape: shape of the image, ``(H, W, ...)``.
      margin: as a multiple of the longer side of the box.
      bucketed: whether sides are rounded.

    Returns:
      The ``around`` of ``windows``.
    """

    def side(start: int, length: int, wide: int, limit: int) -> tuple[int, int]:
        wanted = min(length + 2 * wide, limit)
        if bucketed:
            larger = bucket(wanted)
            smaller = larger if larger == wanted else smaller_bucket(larger)
            wanted = (
                smaller
                if 2 * (smaller - length) >= wanted - length or smaller == wanted
                else larger
            )
        if wanted >= limit:
            return -((wanted - limit) // 2), wanted
        return min(max(start + length // 2 - wanted // 2, 0), limit - wanted), wanted

    def around(box: Window) -> Window:
        wide = max(LEAST_MARGIN, round(margin * max(box.height, box.width)))
        top, height = side(box.top, box.height, wide, shape[0])
        left, width = side(box.left, box.width, wide, shape[1])
        return Window(top, left, height, width)

    return around


def bucket(side: int) -> int:
    """Round up to 64, 96, 128, 192, 256, ...: two sizes per octave, 15 sizes up to 8,192 pixels."""
    if side <= LEAST_SIDE:
        return LEAST_SIDE
    step = 2 ** ((side - 1).bit_length() - 2)
    return -(-side // step) * step


def smaller_bucket(side: int) -> int:
    """Return the next smaller size of ``bucket``; 0 below the smallest size."""
    if side <= LEAST_SIDE:
        return 0
    return side * 2 // 3 if side % 3 == 0 else side * 3 // 4


def boxes(missing: np.ndarray) -> Iterator[Window]:
    """Find the bounding boxes of the holes, by connected cells of 32 pixels.

    Args:
      missing: bool ``[H, W]``.

    Yields:
      The bounding boxes.
    """
    height, width = missing.shape
    cells = np.pad(missing, ((0, -height % CELL), (0, -width % CELL)))
    cells = cells.reshape(cells.shape[0] // CELL, CELL, cells.shape[1] // CELL, CELL).any((1, 3))
    unseen = set(map(tuple, np.argwhere(cells).tolist()))
    while unseen:
        front = [min(unseen)]
        unseen.discard(front[0])
        found = []
        while front:
            row, column = front.pop()
            found.append((row, column))
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & unseen
            unseen -= near
            front += near
        yield _box(missing, found)


def _box(missing: np.ndarray, cells: Iterable[tuple[int, int]]) -> Window:
    """Find the bounding box of the missing pixels within some cells."""
    first, last = np.min(list(cells), 0) * CELL, (np.max(list(cells), 0) + 1) * CELL
    inside = missing[first[0] : last[0], first[1] : last[1]]
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    top, left = int(first[0] + rows[0]), int(first[1] + columns[0])
    return Window(top, left, int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1)
