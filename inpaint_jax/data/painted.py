"""A painted hole becomes missing and known pixels; what cannot be read as a hole says what it is."""

from typing import NamedTuple

import numpy as np

from inpaint_jax.data.originals import Original
from inpaint_jax.errors import InputError

ABOVE = 127  # levels above it are missing
BLACK, WHITE = 32, 224  # levels below and from which a pixel is black or white, whatever JPEG did
SAMPLE = 50_000  # pixels among which the commonest colour is sought
SPREAD = 64  # least difference between the channels of a pixel that is coloured
LOSSY = ("JPEG", "MPO", "WEBP", "AVIF")  # formats that leave dark and bright levels where there was one
REMEDY = (
    "white = missing; --holes-above=127 takes it as it is, --holes-above=0 every level above 0, --invert-holes swaps "
    "black and white"
)


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
    grey = levels[..., 0] if painted.grey else levels.mean(2, dtype=np.float32)
    if alpha is not None and (alpha != alpha.flat[0]).any():
        grey = _strokes(levels, grey, alpha / np.iinfo(alpha.dtype).max, name, options)
    elif options.above is None:
        _check_is_hole(levels, grey, name, lossy=painted.format in LOSSY)
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


def _check_is_hole(levels: np.ndarray, grey: np.ndarray, name: str, but: str = "", *, lossy: bool = False) -> None:
    """Refuse a photograph, strokes of colour and a map of classes."""
    if (share := _coloured(levels)) > 0.005:
        remedy = "--holes-above=127 --invert-holes" if np.median(grey) > ABOVE else "--holes-above=0"
        raise InputError(
            f"{name} is no hole: {max(share, 0.01):.0%} of its pixels are coloured, as "
            f"{_colour(levels)}{but}; paint holes white on black, or take the coloured pixels by {remedy}"
        )
    tones = np.rint(grey).astype(np.uint8)
    counts = np.bincount(tones.ravel(), minlength=256)
    if (middle := counts[BLACK:WHITE].sum() / grey.size) > 0.5 and (counts > 0).sum() > 2:
        raise InputError(f"{name} is no hole: {middle:.0%} of its pixels are neither black nor white{but} ({REMEDY})")
    if counts[ABOVE + 1 :].any() and _is_map(tones, counts, lossy=lossy):
        raise InputError(f"{name} may be a map of classes: it has {_found(grey)} ({REMEDY})")


def _is_map(tones: np.ndarray, counts: np.ndarray, *, lossy: bool) -> bool:
    """Whether levels between black and white fill areas, as the rim of a stroke or JPEG do not.

    Args:
      tones: uint8 ``[H, W]``.
      counts: of pixels, by level.
      lossy: whether the format of the file blurs edges.
    """
    inside = tones[:-1, :-1]
    same = inside[(inside == tones[1:, :-1]) & (inside == tones[:-1, 1:])]
    level = np.arange(256)
    foreground = level > np.flatnonzero(counts)[0]  # brighter than the darkest
    flat = (np.bincount(same, minlength=256) >= max(16, tones.size // 1000)) & foreground
    sharp = not lossy and counts[~flat & foreground].sum() < 0.005 * tones.size
    middle = flat & (level < WHITE) & (sharp | (level >= BLACK))
    several = middle.sum() > 1 or (middle.any() and flat[WHITE:].any())
    share = counts[middle].sum() / max(1, counts[BLACK:].sum())
    return bool(several and (sharp or share > 0.25))


def _coloured(levels: np.ndarray) -> float:
    """The share of pixels whose channels differ."""
    low = np.minimum(np.minimum(levels[..., 0], levels[..., 1]), levels[..., 2])
    high = np.maximum(np.maximum(levels[..., 0], levels[..., 1]), levels[..., 2])
    return float((high - low >= SPREAD).mean())


def _colour(levels: np.ndarray) -> tuple[int, ...]:
    """The commonest of the coloured pixels."""
    coloured = levels[levels.max(2) - levels.min(2) >= SPREAD]
    values, counts = np.unique(coloured[:: max(1, len(coloured) // SAMPLE)], axis=0, return_counts=True)
    return tuple(int(value) for value in values[counts.argmax()])


def _found(grey: np.ndarray) -> str:
    """The commonest levels, from dark to bright."""
    counts = np.bincount(np.rint(grey).astype(np.uint8).ravel(), minlength=256)
    common = sorted(level for level in np.argsort(-counts, kind="stable")[:5].tolist() if counts[level])
    more = ", ..." if (counts > 0).sum() > 5 else ""
    return f"levels {', '.join(map(str, common))}{more}"
