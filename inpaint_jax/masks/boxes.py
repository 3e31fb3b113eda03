"""Rectangular holes: centre, halves, corners, and squares at a fixed or random position.

Every family is a function ``(key, size, **options) -> hole``, ``float32 [size, size, 1]``, 1 =
missing. ``size`` is static. The key can be traced; deterministic families ignore it.
"""

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.masks.draws import integers
from inpaint_jax.types import Hole, Key

SIDES = ("left", "right", "top", "bottom")
CORNERS = ("tl", "tr", "bl", "br")


def center(key: Key, size: int, *, side: int | None = None) -> Hole:
    """Centre square (Pathak et al.; Yeh et al.).

    Args:
      key: ignored.
      size: side of the image in pixels.
      side: side of the hole in pixels; default: half the side of the image.

    Returns:
      ``[size, size, 1]``.

    Raises:
      InputError: a side below 1 or above ``size``.
    """
    del key
    side = size // 2 if side is None else side
    _check_side("center", side, size)
    start = (size - side) // 2
    return _box(size, start, start, side, side)


def center_overlap(key: Key, size: int, *, side: int | None = None, overlap: int = 4) -> Hole:
    """Centre hole of the context encoder's input, smaller by ``overlap`` pixels on each side.

    The predicted block keeps the whole ``side``, so that the outer ring overlaps known pixels.

    Args:
      key: ignored.
      size: side of the image in pixels.
      side: side of the predicted block in pixels; default: half the side of the image.
      overlap: width of the ring in pixels (4 in the code of Pathak et al., 7 in the paper).

    Returns:
      ``[size, size, 1]``.

    Raises:
      InputError: the overlap leaves no hole.
    """
    return center(key, size, side=(size // 2 if side is None else side) - 2 * overlap)


def square_at(key: Key, size: int, *, side: int, top: int, left: int) -> Hole:
    """Square at a fixed position (Liu et al., fig. 2).

    Args:
      key: ignored.
      size: side of the image in pixels.
      side: side of the hole in pixels.
      top: pixels above the hole.
      left: pixels to the left of the hole.

    Returns:
      ``[size, size, 1]``.

    Raises:
      InputError: a side below 1, or a square that extends beyond the image.
    """
    del key
    _check_side("place", side, size)
    if min(top, left) < 0 or max(top, left) + side > size:
        raise InputError(
            f"place: a hole of side {side} at {top}, {left} extends beyond an image of side {size}"
        )
    return _box(size, top, left, side, side)


def half(key: Key, size: int, *, side: str | None = None) -> Hole:
    """Half of the image.

    Args:
      key: draws the side if ``side`` is None.
      size: side of the image in pixels.
      side: "left", "right", "top" or "bottom"; default: one of the four at random.

    Returns:
      ``[size, size, 1]``.

    Raises:
      InputError: unknown ``side``.
    """
    if side is not None and side not in SIDES:
        raise InputError(f"half: unknown side {side!r}; known: {', '.join(SIDES)}")
    which = integers(key, (), 0, 4) if side is None else SIDES.index(side)
    first = size // 2
    # left, right, top, bottom
    top, left = jnp.array([0, 0, 0, first])[which], jnp.array([0, first, 0, 0])[which]
    height = jnp.array([size, size, first, size - first])[which]
    width = jnp.array([first, size - first, size, size])[which]
    return _box(size, top, left, height, width)


def quarter(key: Key, size: int, *, corner: str = "tl") -> Hole:
    """Corner quarter of the image (Salem et al., the four L2-GAN models).

    Args:
      key: ignored.
      size: side of the image in pixels.
      corner: "tl", "tr", "bl" or "br".

    Returns:
      ``[size, size, 1]``; the side of the hole is ``size // 2`` pixels.

    Raises:
      InputError: unknown ``corner``.
    """
    del key
    if corner not in CORNERS:
        raise InputError(f"quarter: unknown corner {corner!r}; known: {', '.join(CORNERS)}")
    side = size // 2
    top = 0 if corner[0] == "t" else size - side
    left = 0 if corner[1] == "l" else size - side
    return _box(size, top, left, side, side)


def square(key: Key, size: int, *, smallest: int = 1, largest: int | None = None) -> Hole:
    """Square of random side at a random position.

    Args:
      key: typed key.
      size: side of the image in pixels.
      smallest: least side in pixels.
      largest: greatest side in pixels, inclusive; default: half the side of the image.

    Returns:
      ``[size, size, 1]``; side and position are uniform.

    Raises:
      InputError: unless ``1 <= smallest <= largest <= size``.
    """
    largest = size // 2 if largest is None else largest
    _check_side("square", smallest, size)
    _check_side("square", largest, size)
    if smallest > largest:
        raise InputError(f"square: the smallest side {smallest} is above the largest {largest}")
    return _square_between(key, size, smallest, largest)


def square_level(key: Key, size: int, *, level: int | jax.Array, step: int = 6) -> Hole:
    """Random square of one difficulty level (Gao & Grauman).

    The side is between ``step (level - 1) + 1`` and ``step level`` pixels.

    Args:
      key: typed key.
      size: side of the image in pixels.
      level: 1, 2, ...; can be traced (a curriculum passes the level of each batch slot).
      step: pixels per level; 6 gives 1-6, 7-12, ..., 25-30.

    Returns:
      ``[size, size, 1]``; side and position are uniform. A traced level whose squares exceed the
      image fills the image.

    Raises:
      InputError: a level below 1, or whose squares exceed the image; a traced level is not checked.
    """
    if isinstance(level, int):
        if level < 1:
            raise InputError(f"level: levels start at 1, got {level}")
        _check_side(f"level {level}", step * level, size)
    return _square_between(key, size, step * (level - 1) + 1, step * level)


def rectangles(key: Key, size: int) -> Hole:
    """One to five random rectangles (Zheng et al., Pluralistic Image Completion, released code).

    With N rectangles, each top-left coordinate is uniform up to ``size N / (N + 1)``. Each extent
    is uniform from ``size / (N + 7)`` to the border of the image.

    Args:
      key: typed key.
      size: side of the image in pixels.

    Returns:
      ``[size, size, 1]``.
    """
    count_key, place_key, extent_key = jax.random.split(key, 3)
    count = integers(count_key, (), 1, 6)
    limit = size - (size + count) // (count + 1)
    places = integers(place_key, (5, 2), 0, limit + 1)
    least = jnp.full_like(places, jnp.maximum(size // (count + 7), 1))
    extents = integers(extent_key, (5, 2), least, size - places + 1)
    boxes = jax.vmap(lambda place, extent: _box(size, *place, *extent))(places, extents)
    return (boxes * (jnp.arange(5) < count)[:, None, None, None]).max(0)


def _square_between(key: Key, size: int, smallest, largest) -> Hole:
    side_key, place_key = jax.random.split(key)
    side = integers(side_key, (), smallest, largest + 1)
    top, left = integers(place_key, (2,), 0, size - side + 1)
    return _box(size, top, left, side, side)


def _box(size: int, top, left, height, width) -> Hole:
    pixel = jnp.arange(size)
    rows, columns = (
        (pixel >= top) & (pixel < top + height),
        (pixel >= left) & (pixel < left + width),
    )
    return (rows[:, None, None] & columns[None, :, None]).astype(jnp.float32)


def _check_side(what: str, side: int, size: int) -> None:
    if not 1 <= side <= size:
        raise InputError(f"{what}: a hole of side {side} does not fit an image of side {size}")
