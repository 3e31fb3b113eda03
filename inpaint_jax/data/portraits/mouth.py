"""Nose and mouth, painted where the turned head shows them."""

import numpy as np

from inpaint_jax.data.portraits.canvas import Frame, hill, rise
from inpaint_jax.data.portraits.colours import WHITE, colour
from inpaint_jax.data.portraits.eyes import EYE_LINE
from inpaint_jax.data.portraits.face import Face
from inpaint_jax.data.portraits.head import place


def paint_nose(frame: Frame, face: Face) -> None:
    """Paint the nose: a ridge with a dark side, wings, nostrils, a shining tip, and its shadow."""
    half, length = face.nose
    light, skin = face.light, face.head.skin
    root, tip = place(face, 0, EYE_LINE), place(face, 0, EYE_LINE + length, 0.12)
    patch = frame.patch(tip.x - 0.4, root.y - 0.1, tip.x + 0.4, tip.y + 0.25)
    dark, bright = skin * light.shade * np.float32(0.92), skin * light.tint
    away = -1.0 if light.x > 0 else 1.0  # side away from the light
    x, y = patch.from_point(root.x, root.y)
    down = y * np.float32(1 / (tip.y - root.y))
    x = x - np.float32(tip.x - root.x) * np.minimum(np.maximum(down, 0), 1)
    flank = hill(x - np.float32(away * half * 0.75), 0.0, half * 0.95, 1)
    flank = flank * rise(-0.1, 0.5, down) * (1 - rise(0.95, 1.25, down))
    patch.paint(flank, dark, 0.25 + 0.6 * min(1.1 * abs(light.x), 0.7))
    x, y = patch.from_point(tip.x, tip.y)
    patch.paint(hill(x - np.float32(0.05 * away), y - np.float32(0.1), half * 1.5, 0.1), dark, 0.75)
    for side in (-1, 1):
        wing = hill(x - np.float32(side * half * 0.85), y - np.float32(0.03), half * 0.6, 0.085)
        patch.paint(wing, bright * np.float32(0.9), 0.55)
    patch.paint(hill(x, y, half * 1.05, 0.12), bright, 0.8)
    for side in (-1, 1):
        nostril = hill(x - np.float32(side * half * 0.5), y - np.float32(0.085), half * 0.42, 0.04)
        patch.paint(nostril, dark * np.float32(0.45), 0.9)
    patch.paint(
        hill(x - np.float32(0.08 * light.x), y + np.float32(0.035), half * 0.5, 0.06), WHITE, 0.4
    )


def paint_mouth(frame: Frame, face: Face) -> None:
    """Paint lips along a curve; an open mouth shows teeth and tongue."""
    mouth, light = face.mouth, face.light
    middle = place(face, 0, 0.63 - 0.02 * mouth.open, 0.04)
    half, thick = mouth.width * middle.narrow, mouth.lips
    gape = 0.17 * mouth.open * (0.6 + 0.4 * max(mouth.smile, 0))
    patch = frame.patch(
        middle.x - 1.2 * half, middle.y - 0.25, middle.x + 1.2 * half, middle.y + 0.4
    )
    x, y = patch.from_point(middle.x, middle.y)
    x = x * np.float32(1 / half)  # -1 and 1 at the corners
    arch, ends = 1 - x * x, (np.abs(x) - 1) * np.float32(half)
    y = y - np.float32(0.125 * mouth.smile) * (arch - np.float32(0.5))
    upper = y + np.float32(0.25 * gape) * arch  # distance below the upper lip
    lower = y - np.float32(gape) * arch  # distance below the edge of the lower lip
    dark = face.head.skin * light.shade
    patch.paint(hill(x, y - np.float32(gape + 2.4 * thick), 0.8, 0.1), dark * np.float32(0.95), 0.5)
    bow = 1 - np.float32(0.35) * hill(x, 0.0, 0.28, 1)
    top, bottom = (
        upper + np.float32(0.8 * thick) * arch * bow,
        lower - np.float32(1.25 * thick) * arch,
    )
    lips = patch.cover(np.maximum(np.maximum(-top, bottom), ends))
    tone = np.float32(0.78) + np.float32(0.3) * rise(-0.12, 0.12, y)
    patch.paint(lips, (mouth.lip * light.tint)[:, None, None] * tone)
    shine = hill(
        x - np.float32(0.3 * light.x), y - np.float32(gape + 0.7 * thick), 0.35, 0.6 * thick
    )
    patch.paint(shine, WHITE, 0.28)
    inside = patch.cover(np.maximum(np.maximum(-upper, lower), ends))
    patch.paint(inside, colour(92, 26, 34))
    tongue = hill(x, y - np.float32(1.1 * gape), 0.8, max(0.9 * gape, 0.01))
    patch.paint(inside * tongue, colour(214, 100, 104), 0.9)
    teeth = patch.cover(np.maximum(upper - np.float32(0.055), ends + np.float32(0.03)))
    patch.paint(inside * teeth, colour(250, 248, 242), min(4 * mouth.open, 1))
    seam = patch.cover(np.maximum(np.abs(upper) - np.float32(0.012), ends))
    patch.paint(seam, mouth.lip * np.float32(0.42), 0.85)
    for side in (-1, 1):
        patch.paint(hill(x - np.float32(side * 1.02), y, 0.16, 0.06), dark * np.float32(0.75), 0.6)
