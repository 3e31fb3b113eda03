"""Things that a head wears: glasses and a beanie."""

import numpy as np

from inpaint_jax.data.portraits.canvas import Frame, box, ellipse, rise, stroke, waves
from inpaint_jax.data.portraits.colours import WHITE
from inpaint_jax.data.portraits.eyes import EYE_LINE
from inpaint_jax.data.portraits.face import Face
from inpaint_jax.data.portraits.head import Place, Skull, ball, lit, place, shaded

WIRE = 0.028  # half thickness of a frame


def _lenses(face: Face) -> list[tuple[int, Place, float]]:
    """Return for each side: -1 or 1, the centre of the lens, half of its width."""
    places = [
        (side, place(face, side * (face.eyes.apart + 0.01), EYE_LINE + 0.02, 0.08))
        for side in (-1, 1)
    ]
    return [(side, each, (face.eyes.apart - 0.06) * each.narrow) for side, each in places]


def paint_temples(frame: Frame, face: Face) -> None:
    """Paint the temples that hold the glasses at the ears, below the hair."""
    if not face.glasses:
        return
    for side, lens, half in _lenses(face):
        y = lens.y - 0.06
        hinge, ear = lens.x + side * half, side * face.head.width * 0.98 - 0.1 * face.pose.turn
        if (ear - hinge) * side > 0.03:
            patch = frame.patch(min(hinge, ear), y - 0.1, max(hinge, ear), y + 0.1)
            away = stroke(patch.x, patch.y, (hinge, y), (ear, y), WIRE)
            patch.paint(patch.cover(away), face.frame_colour * face.light.shade)


def paint_glasses(frame: Frame, face: Face) -> None:
    """Paint two lenses and a bridge; the glass shines on the side of the light."""
    if not face.glasses:
        return
    height, roundness, dark = face.frame
    colour, towards = face.frame_colour * face.light.tint, 1 if face.light.x > 0 else -1
    patch = frame.patch(-1, -0.4, 1, 0.55)
    rims = np.full_like(patch.x, 9)
    for _, lens, half in _lenses(face):
        x, y = patch.from_point(lens.x, lens.y)
        glass = box(x, y, half, height, roundness * min(half, height))
        patch.paint(patch.cover(glass), colour * np.float32(0.4), dark)
        glare = np.abs(x + np.float32(0.6) * y - np.float32(0.35 * half * towards)) - np.float32(
            0.04
        )
        patch.paint(patch.cover(np.maximum(glass, glare)), WHITE, 0.28)
        rims = np.minimum(rims, np.abs(glass) - np.float32(WIRE))
    (_, left, left_half), (_, right, right_half) = _lenses(face)
    bridge = (left.x + left_half, left.y - 0.05), (right.x - right_half, right.y - 0.05)
    rims = np.minimum(rims, stroke(patch.x, patch.y, *bridge, WIRE))
    patch.paint(patch.cover(rims), colour)


def paint_beanie(frame: Frame, face: Face, surface: Skull) -> None:
    light = face.light
    patch = frame.patch(-1.1, -1.6, 1.1, 0.2)
    here = surface.over(patch)
    edge = patch.y + np.float32(0.36 - 0.3 * face.pose.nod) - np.float32(0.12) * patch.x * patch.x
    x, y = patch.from_point(-0.1 * face.pose.turn, -1.16)
    pompom = lit(light, x * 4, y * 4, 0.5)
    patch.paint(patch.cover(ellipse(x, y, 0.2, 0.19)), shaded(light, face.cloth, pompom))
    shadow = patch.cover(here.away) * (1 - rise(0.0, 0.2, edge)) * (edge > 0)
    patch.multiply(shadow * np.float32(0.8), light.shade)
    x, y = here.x * np.float32(0.88), here.y * np.float32(0.88)
    bright = ball(light, x, y)
    knit = bright + np.float32(0.1) - np.float32(0.2) * waves(x * 5)
    cap = patch.cover(np.maximum(here.away - np.float32(0.1), edge))
    patch.paint(cap, shaded(light, face.trim, knit))
    ribs = bright + np.float32(0.15) - np.float32(0.3) * waves(x * 9)
    band = np.maximum(np.maximum(edge, -np.float32(0.24) - edge), here.away - np.float32(0.14))
    patch.paint(patch.cover(band), shaded(light, face.trim * np.float32(0.86), ribs))
