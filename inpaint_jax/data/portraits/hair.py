"""Hair behind and in front of the face, and beards."""

import numpy as np

from inpaint_jax.data.portraits.canvas import Frame, Patch, box, ellipse, hill, rise, waves
from inpaint_jax.data.portraits.colours import WHITE
from inpaint_jax.data.portraits.face import Face
from inpaint_jax.data.portraits.head import Skull, lit, place, shaded

LOOSE = ("long", "fringe", "curly")  # hair that does not lie close to the head
CLOSE = {"short": 0.09, "bun": 0.04, "beanie": 0.05}  # thickness of other hair
CURLS = (  # centres of balls on a circle of radius 1
    (-1.0, 0.05), (-0.92, -0.4), (-0.68, -0.76), (-0.33, -1.0), (0.05, -1.06), (0.42, -0.96),
    (0.74, -0.7), (0.95, -0.35), (1.0, 0.08), (-0.96, 0.42), (0.95, 0.44),
)  # fmt: skip


def paint_hair_behind(frame: Frame, face: Face) -> None:
    """Paint the hair that hangs or stands behind head and neck."""
    hair = face.hair
    if hair.style == "bun":
        x, y = 0.25 * hair.part - 0.15 * face.pose.turn, -1.14 - hair.volume
        patch = frame.patch(x - 0.45, y - 0.45, x + 0.45, y + 0.45)
        x, y = patch.from_point(x, y)
        away = ellipse(x, y, 0.37, 0.34)
        _strands(patch, face, patch.cover(away), x * np.float32(2.7), y * np.float32(2.9))
    elif hair.style in LOOSE:
        patch = frame.patch(-1.5, -1.6, 1.5, 2.2)
        dark = hair.colour * face.light.shade * np.float32(0.7)
        patch.paint(patch.cover(_outline(patch, face) + np.float32(0.03)), dark)


def paint_hair_before(frame: Frame, face: Face, surface: Skull) -> None:
    """Paint the hair on the head around a window for the face, and its shadow on the face."""
    hair = face.hair
    if hair.style == "bald":
        return
    patch = (
        frame.patch(-1.5, -1.6, 1.5, 2.2)
        if hair.style in LOOSE
        else frame.patch(-1.1, -1.4, 1.1, 0.3)
    )
    here = surface.over(patch)
    window = _window(patch, face)
    low = 0.9 if hair.style in LOOSE else 0.5
    shadow = (1 - rise(0.0, 0.2, -window)) * (1 - rise(-0.1, low, patch.y)) * patch.cover(here.away)
    patch.multiply(shadow * np.float32(0.7), face.light.shade)
    if hair.style in LOOSE:
        away = _outline(patch, face)
        narrow = np.float32(1 / (face.head.width + 0.3))
        x, y = patch.x * narrow, np.minimum(patch.y, 0.3) * np.float32(0.8)
        _strands(patch, face, patch.cover(np.maximum(away, -window)), x, y)
        return
    away = here.away - np.float32(CLOSE[hair.style] + 0.4 * hair.volume)
    if hair.style == "short":
        top = hill(*patch.from_point(0.45 * hair.part, -0.7), 1.15, 0.9)
        tufts = waves((patch.x - np.float32(0.2 * hair.part) * patch.y) * np.float32(2.6))
        away = away - top * (np.float32(0.06 + hair.volume) + np.float32(0.05) * tufts)
    share = patch.cover(np.maximum(away, -window)) * (1 - rise(0.05, 0.25, patch.y))
    _strands(patch, face, share, here.x * np.float32(0.9), here.y * np.float32(0.9))


def paint_beard(frame: Frame, face: Face, surface: Skull) -> None:
    """Paint a beard on cheeks, chin and upper lip, from stubble to full."""
    beard = face.hair.beard
    if not beard:
        return
    patch = frame.patch(-1, 0, 1, 1.3)
    here = surface.over(patch)
    x, y = patch.from_point(0.8 * place(face, 0, 0.5).x, 0.5 * face.pose.nod)
    free = ellipse(x, y + np.float32(0.02), face.head.width * 0.78, 0.56)
    cheeks = rise(-0.04, 0.1, free) * rise(0.1, 0.5, y)
    lip = hill(x, y - np.float32(0.5), face.mouth.width + 0.1, 0.16) * np.float32(1.5)
    share = np.minimum(np.maximum(cheeks, lip), 1)
    share = share * patch.cover(here.away - np.float32(0.09 * beard) * rise(0.3, 0.9, y))
    colours = shaded(face.light, face.hair.natural * np.float32(0.9), here.lit * np.float32(0.9))
    patch.paint(share, colours, 0.25 + 0.65 * beard)


def _outline(patch: Patch, face: Face) -> np.ndarray:
    """Return the distance to the outline of loose hair."""
    hair, width = face.hair, face.head.width
    x, y = patch.x, patch.y
    if hair.style == "curly":
        ring, radius = width + 0.16 + hair.volume, 0.33 + hair.volume
        away = ellipse(x, y + np.float32(0.2), ring + 0.1, 1.05)
        for across, down in CURLS:
            curl = patch.from_point(across * ring, down * 0.95)
            away = np.minimum(away, ellipse(*curl, radius, radius))
        return away
    half, top = width + 0.15 + hair.volume, 1.08 + hair.volume
    if hair.style == "fringe":
        bottom = 0.35 + 0.4 * hair.length
        flare = np.float32(0.1) * (rise(0, 0.4, y) - rise(0.4, bottom + 0.2, y))
    else:
        bottom = 0.5 + 0.8 * hair.length
        flare = np.float32(0.14) * rise(0, 1.2, y)
    lower = box(x, y - np.float32(bottom - 1), half, 1, 0.3) - flare
    return np.where(y < 0, ellipse(x, y, half, top), lower)


def _window(patch: Patch, face: Face) -> np.ndarray:
    """Return the distance to the window of the face that hair does not cover."""
    hair, width = face.hair, face.head.width
    forehead = place(face, 0, hair.line)
    x, y = patch.from_point(0.7 * forehead.x, 0.6 * (forehead.y - hair.line))
    if hair.style == "fringe":
        line = (
            np.float32(hair.line + 0.24)
            + np.float32(0.25) * x * x
            + np.float32(0.06 * hair.part) * x
        )
        half = np.float32(width * 0.86) - np.float32(0.25) * rise(0.3, 0.9, y)
        return _corner(np.abs(x) - half, line - y, 0.15)
    if hair.style == "long":
        from_part = x - np.float32(0.3 * hair.part)
        line = np.float32(hair.line - 0.12) + np.float32(0.95) * from_part * from_part
        return _corner(np.abs(x) - np.float32(width * 0.88), (line - y) * np.float32(0.6), 0.05)
    if hair.style == "short":
        half = np.float32(width * 0.84) + np.float32(0.45 * width) * rise(-0.5, 0.2, y)
        line = (
            np.float32(hair.line - 0.05)
            + np.float32(0.28 * hair.part) * x
            + np.float32(0.25) * x * x
        )
        return _corner(np.abs(x) - half, line - y, 0.25)
    if hair.style == "curly":
        return _corner(
            np.abs(x) - np.float32(0.86 * width),
            np.float32(hair.line) + np.float32(0.1) * x * x - y,
            0.5,
        )
    half = np.float32(0.9 * width) + np.float32(0.3 * width) * rise(-0.4, 0.25, y)
    down = (y - np.float32(0.3)) * np.float32(1 / (0.34 - hair.line))
    return ellipse(x / half, down, 1, 1) * np.float32(0.7)


def _corner(across: np.ndarray, down: np.ndarray, radius: float) -> np.ndarray:
    """Return the distance to the region where both distances are negative, its corner rounded."""
    across, down = across + np.float32(radius), down + np.float32(radius)
    outside_x, outside_y = np.maximum(across, 0), np.maximum(down, 0)
    outside = np.sqrt(outside_x * outside_x + outside_y * outside_y)
    return outside + np.minimum(np.maximum(across, down), 0) - np.float32(radius)


def _strands(patch: Patch, face: Face, share: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Paint hair: shaded as a ball, with strands from the part or curls, and a band of shine."""
    light, hair = face.light, face.hair
    bright = lit(light, x, y, np.sqrt(np.maximum(1 - x * x - y * y, np.float32(0.05))))
    if hair.style == "curly":
        row = y * np.float32(3.4) + np.float32(0.4) * waves(x * np.float32(1.7))
        curl = waves(
            x * np.float32(2.6) + np.float32(0.5) * np.floor(row) + np.float32(0.3) * row
        ) * waves(row)
        curl = curl * curl
        bright = bright * np.float32(0.8) + (curl - np.float32(0.3)) * np.float32(0.4)
    else:
        fan = np.maximum(np.float32(1.5) + y, np.float32(0.4))
        curl = waves((x - np.float32(0.3 * hair.part)) * np.float32(4.3) / fan)
        bright = bright * np.float32(0.8) + (curl - np.float32(0.5)) * np.float32(0.22)
    patch.paint(share, shaded(light, hair.colour, bright))
    shine = hill(x - np.float32(0.5 * light.x), y + np.float32(0.62), 0.6, 0.3)
    patch.paint(share * shine * (np.float32(0.5) + np.float32(0.5) * curl), WHITE * light.tint, 0.3)
