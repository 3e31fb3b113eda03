"""A painted hole becomes missing and known pixels; what cannot be read as a hole says what it is."""

from typing import NamedTuple

import numpy as np

from inpaint_jax.data.originals import Original
from inpaint_jax.errors import InputError

ABOVE = 127  # levels above it are missing
BLACK, WHITE = 32, 224  # levels below and from which a pixel is black or white, whatever JPEG did
SPREAD = 64  # least difference between the channels of a pixel that is coloured
FEW = 32  # most levels of a map of classes
REMEDY = "white = missing; --holes-above=0 takes every level above 0, --invert-holes swaps the two"


class HoleOptions(NamedTuple):
    """How hole files are read.

    Attributes:
      above: mean grey levels above it are missing, 0 to 254; None: above 127, and files that are
        neither black and white nor strokes on transparency are refused.
      grow: pixels by which holes grow in every direction, diagonals included.
      invert: black is missing, not white.
      resize: bring holes to the size of their images (nearest pixel) instead of refusing them.
    """

    above: int | None = None
    grow: int = 0
    invert: bool = False
    resize: bool = False


def hole_of(painted: Original, name: str, options: HoleOptions = HoleOptions()) -> np.ndarray:  # noqa: B008
    """Convert a painted hole.

    White is missing: levels above ``options.above``, the mean over channels. Masks of 0 and 1 are
    read as such. Strokes of one colour on transparency are missing where they are opaque.

    Args:
      painted: the hole file.
      name: what error messages call it.
      options: see there.

    Returns:
      bool ``[H, W]``, True = missing; nowhere, if the whole file is black.

    Raises:
      InputError: everything is missing, or the file is no hole, such as a photograph or a map of
        classes; it says what was found.
    """
    levels, alpha = painted.levels, painted.alpha
    grey = levels[..., 0].astype(np.float32) if painted.grey else levels.mean(2, dtype=np.float32)
    if alpha is not None and (alpha != alpha.flat[0]).any():
        grey = _strokes(levels, grey, alpha / np.iinfo(alpha.dtype).max, name, options)
    elif options.above is None:
        _check_is_hole(levels, grey, name)
    if grey.max() == 1 and options.above is None:  # a mask of 0 and 1
        grey = grey * 255
    hole = grey > (ABOVE if options.above is None else options.above)
    if options.invert:
        hole = ~hole
    elif not hole.any() and grey.max() > 0:
        raise InputError(
            f"{name} has no level above {ABOVE if options.above is None else options.above}, found "
            f"{_found(grey)} ({REMEDY})"
        )
    hole = grown(hole, options.grow)
    if hole.all():
        raise InputError(f"{name} has no known pixel (white = missing); is it inverted? --invert-holes swaps the two")
    return hole


def grown(hole: np.ndarray, steps: int) -> np.ndarray:
    """Grow a hole bool ``[H, W]`` by some pixels in every direction, diagonals included."""
    for axis in (0, 1) if steps else ():
        padding = [(steps + 1, steps) if a == axis else (0, 0) for a in (0, 1)]
        total = np.cumsum(np.pad(hole, padding), axis=axis, dtype=np.int64)
        count = hole.shape[axis]
        upper = total.take(range(2 * steps + 1, 2 * steps + 1 + count), axis)
        hole = upper > total.take(range(count), axis)
    return hole


def resized(hole: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Bring a hole bool ``[h, w]`` to ``[H, W]`` by its nearest pixels."""
    (height, width), (h, w) = shape[:2], hole.shape
    rows = ((np.arange(height) + 0.5) * h / height).astype(int)
    columns = ((np.arange(width) + 0.5) * w / width).astype(int)
    return hole[rows[:, None], columns]


def _strokes(levels: np.ndarray, grey: np.ndarray, alpha: np.ndarray, name: str, options: HoleOptions) -> np.ndarray:
    """Levels of a file with transparency: strokes, or black and white behind which nothing is."""
    opaque = levels[alpha > 0.5].astype(np.int32)
    if len(opaque) == 0:
        return np.zeros_like(grey)
    if (opaque.max(0) - opaque.min(0)).max() < SPREAD:
        return alpha.astype(np.float32) * 255  # strokes of one colour
    if options.above is None:
        _check_is_hole(levels, grey * alpha, name, ", and it has transparent ones, which --holes=alpha takes")
    return (grey * alpha).astype(np.float32)


def _check_is_hole(levels: np.ndarray, grey: np.ndarray, name: str, but: str = "") -> None:
    """Refuse a photograph, strokes of colour and a map of classes."""
    if (share := _coloured(levels)) > 0.005:
        remedy = "--holes-above=127 --invert-holes" if np.median(grey) > ABOVE else "--holes-above=0"
        raise InputError(
            f"{name} is no hole: {max(share, 0.01):.0%} of its pixels are coloured, as "
            f"{_colour(levels)}{but}; paint holes white on black, or take the coloured pixels by {remedy}"
        )
    middle = (grey >= BLACK) & (grey < WHITE)
    if middle.mean() > 0.5 and len(np.unique(grey)) > 2:
        raise InputError(f"{name} is no hole: {middle.mean():.0%} of its pixels are neither black nor white ({REMEDY})")
    flat = _flat_levels(grey)
    few = len(np.unique(grey)) <= FEW
    middles = [level for level in flat if BLACK <= level < WHITE or (few and 0 < level < BLACK)]
    if middles and (len(middles) > 1 or max(flat) >= WHITE) and grey.max() > ABOVE:
        raise InputError(f"{name} may be a map of classes: it has {_found(grey)} ({REMEDY})")


def _coloured(levels: np.ndarray) -> float:
    """The share of pixels whose channels differ."""
    low = np.minimum(np.minimum(levels[..., 0], levels[..., 1]), levels[..., 2])
    high = np.maximum(np.maximum(levels[..., 0], levels[..., 1]), levels[..., 2])
    return float((high - low >= SPREAD).mean())


def _colour(levels: np.ndarray) -> tuple[int, ...]:
    """The commonest of the coloured pixels."""
    spread = levels.max(2).astype(int) - levels.min(2)
    values, counts = np.unique(levels[spread >= SPREAD], axis=0, return_counts=True)
    return tuple(int(value) for value in values[counts.argmax()])


def _flat_levels(grey: np.ndarray) -> list[float]:
    """Levels above 0 that fill areas, as the rim of a stroke does not."""
    inside = grey[:-1, :-1]
    flat = inside[(inside == grey[1:, :-1]) & (inside == grey[:-1, 1:]) & (inside > 0)]
    values, counts = np.unique(flat, return_counts=True)
    return [float(v) for v, count in zip(values, counts, strict=True) if count >= max(16, grey.size // 1000)]


def _found(grey: np.ndarray) -> str:
    """The commonest levels, from dark to bright."""
    values, counts = np.unique(np.rint(grey).astype(int), return_counts=True)
    common = sorted(values[np.argsort(-counts, kind="stable")[:5]].tolist())
    more = ", ..." if len(values) > 5 else ""
    return f"levels {', '.join(map(str, common))}{more}"
