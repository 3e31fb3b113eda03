"""Conversion of painted holes to missing pixels; other files are refused with a reason."""

from typing import NamedTuple

import numpy as np

from inpaint_jax.data.originals import Original
from inpaint_jax.errors import InputError

ABOVE = 127  # mean pixel values above it are missing
BLACK, WHITE = 32, 224  # a pixel below / from this value is black / white, whatever JPEG did
SAMPLE = 50_000  # pixels that are searched for the most frequent colour
SPREAD = 64  # least difference between the channels of a coloured pixel
LOSSY = ("JPEG", "MPO", "WEBP", "AVIF")  # formats that turn one value into several nearby ones
REMEDY = (
    "white = missing; --holes-above=127 accepts it as it is, --holes-above=0 counts every grey "
    "value above 0 as missing, --invert-holes swaps black and white"
)


class HoleOptions(NamedTuple):
    """Options for reading hole files.

    Attributes:
      above: mean grey values above it are missing, 0 to 254; None: values above 127 are missing,
        and files are refused unless they are black and white or strokes on transparency.
      grow: pixels by which holes grow in every direction, diagonals included.
      invert: black is missing, not white.
      resize: resize holes to their images (nearest pixel) instead of refusing them.
    """

    above: int | None = None
    grow: int = 0
    invert: bool = False
    resize: bool = False


def hole_of(painted: Original, name: str, options: HoleOptions = HoleOptions()) -> np.ndarray:  # noqa: B008
    """Convert a painted hole.

    White is missing: the mean over channels is above ``options.above``. Masks of 0 and 1 are
    accepted. Strokes of one colour on transparency are missing where they are opaque.

    Args:
      painted: the hole file.
      name: name of the hole in error messages.
      options: see ``HoleOptions``.

    Returns:
      bool ``[H, W]``, True = missing; all False if the whole file is black.

    Raises:
      InputError: everything is missing, or the file is no hole, such as a photograph or a map of
        classes. The message describes what the file holds.
    """
    rgb, alpha = painted.rgb, painted.alpha
    grey = rgb[..., 0] if painted.grey else rgb.mean(2, dtype=np.float32)
    if alpha is not None and (alpha != alpha.flat[0]).any():
        grey = _strokes(rgb, grey, alpha / np.iinfo(alpha.dtype).max, name, options)
    elif options.above is None:
        _check_is_hole(rgb, grey, name, lossy=painted.format in LOSSY)
    if grey.max() == 1 and options.above is None:  # a mask of 0 and 1
        grey = grey * 255
    hole = grey > (ABOVE if options.above is None else options.above)
    if options.invert:
        hole = ~hole
    elif not hole.any() and grey.max() > 0:
        raise InputError(
            f"{name} has no grey value above {ABOVE if options.above is None else options.above}, "
            f"found {_found(grey)} ({REMEDY})"
        )
    hole = grown(hole, options.grow)
    if hole.all():
        raise InputError(
            f"{name} has no known pixel (white = missing); is it inverted? "
            "--invert-holes swaps black and white"
        )
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
    """Resize a hole bool ``[h, w]`` to ``[H, W]`` by nearest pixels."""
    (height, width), (h, w) = shape[:2], hole.shape
    rows = ((np.arange(height) + 0.5) * h / height).astype(int)
    columns = ((np.arange(width) + 0.5) * w / width).astype(int)
    return hole[rows[:, None], columns]


def _strokes(
    rgb: np.ndarray, grey: np.ndarray, alpha: np.ndarray, name: str, options: HoleOptions
) -> np.ndarray:
    """Return the grey values of strokes, or of black and white, on transparency."""
    opaque = rgb[alpha > 0.5].astype(np.int32)
    if len(opaque) == 0:
        return np.zeros_like(grey)
    if (opaque.max(0) - opaque.min(0)).max() < SPREAD:
        return alpha.astype(np.float32) * 255  # strokes of one colour
    if options.above is None:
        _check_is_hole(
            rgb, grey * alpha, name, "; it also has transparent pixels, which --holes=alpha uses"
        )
    return (grey * alpha).astype(np.float32)


def _check_is_hole(
    rgb: np.ndarray, grey: np.ndarray, name: str, but: str = "", *, lossy: bool = False
) -> None:
    """Refuse a photograph, coloured strokes and a map of classes."""
    if (share := _coloured(rgb)) > 0.005:
        remedy = (
            "--holes-above=127 --invert-holes" if np.median(grey) > ABOVE else "--holes-above=0"
        )
        raise InputError(
            f"{name} is not a hole: {max(share, 0.01):.0%} of its pixels are coloured, such as "
            f"{_colour(rgb)}{but}; paint holes white on black, or use the coloured pixels with "
            f"{remedy}"
        )
    tones = np.rint(grey).astype(np.uint8)
    counts = np.bincount(tones.ravel(), minlength=256)
    if (middle := counts[BLACK:WHITE].sum() / grey.size) > 0.5 and (counts > 0).sum() > 2:
        raise InputError(
            f"{name} is not a hole: {middle:.0%} of its pixels are neither black "
            f"nor white{but} ({REMEDY})"
        )
    if counts[ABOVE + 1 :].any() and _is_map(tones, counts, lossy=lossy):
        raise InputError(f"{name} may be a map of classes: it has {_found(grey)} ({REMEDY})")


def _is_map(tones: np.ndarray, counts: np.ndarray, *, lossy: bool) -> bool:
    """Return whether values between black and white fill areas, unlike the rim of a stroke or JPEG.

    Args:
      tones: uint8 ``[H, W]``.
      counts: number of pixels for each value.
      lossy: whether the file format blurs edges.
    """
    inside = tones[:-1, :-1]
    same = inside[(inside == tones[1:, :-1]) & (inside == tones[:-1, 1:])]
    tone = np.arange(256)
    foreground = tone > np.flatnonzero(counts)[0]  # brighter than the darkest value
    flat = (np.bincount(same, minlength=256) >= max(16, tones.size // 1000)) & foreground
    sharp = not lossy and counts[~flat & foreground].sum() < 0.005 * tones.size
    middle = flat & (tone < WHITE) & (sharp | (tone >= BLACK))
    several = middle.sum() > 1 or (middle.any() and flat[WHITE:].any())
    share = counts[middle].sum() / max(1, counts[BLACK:].sum())
    return bool(several and (sharp or share > 0.25))


def _coloured(rgb: np.ndarray) -> float:
    """Return the share of pixels whose channels differ."""
    low = np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    high = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    return float((high - low >= SPREAD).mean())


def _colour(rgb: np.ndarray) -> tuple[int, ...]:
    """Return the most frequent colour among coloured pixels."""
    coloured = rgb[rgb.max(2) - rgb.min(2) >= SPREAD]
    values, counts = np.unique(
        coloured[:: max(1, len(coloured) // SAMPLE)], axis=0, return_counts=True
    )
    return tuple(int(value) for value in values[counts.argmax()])


def _found(grey: np.ndarray) -> str:
    """Describe the most frequent values, from dark to bright."""
    counts = np.bincount(np.rint(grey).astype(np.uint8).ravel(), minlength=256)
    common = sorted(
        tone for tone in np.argsort(-counts, kind="stable")[:5].tolist() if counts[tone]
    )
    more = ", ..." if (counts > 0).sum() > 5 else ""
    return f"grey values {', '.join(map(str, common))}{more}"
