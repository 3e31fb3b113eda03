"""Eyes and brows, painted where the turned head shows them."""

import numpy as np

from inpaint_jax.data.portraits.canvas import Frame, Patch, ellipse, hill, rise
from inpaint_jax.data.portraits.colours import BLACK, WHITE, colour
from inpaint_jax.data.portraits.face import Face
from inpaint_jax.data.portraits.head import Place, place

EYE_LINE = 0.06  # height of the eye centres
IRIS, PUPIL, GLINT = 0.102, 0.05, 0.032  # radii


def paint_eyes(frame: Frame, face: Face) -> None:
    for side in (-1, 1):
        _eye(frame, face, side)
        _brow(frame, face, side)


def _eye(frame: Frame, face: Face, side: int) -> None:
    eyes, skin = face.eyes, face.head.skin * face.light.shade
    middle = place(face, side * eyes.apart, EYE_LINE, -0.02)
    half = eyes.width * middle.narrow
    patch = frame.patch(
        middle.x - 1.4 * half, middle.y - 0.4, middle.x + 1.4 * half, middle.y + 0.2
    )
    x, y = patch.from_point(middle.x, middle.y)
    x = x * np.float32(1 / half)  # -1 and 1 at the corners
    y = y + x * np.float32(side * eyes.slant)
    arch, away = 1 - x * x, (np.abs(x) - 1) * np.float32(half)
    upper = y + np.float32(eyes.open) * arch  # distance below the upper lid
    lower = np.float32(0.35 * eyes.open + 0.03) * arch - y  # distance above the lower lid
    patch.paint(hill(x, y + np.float32(eyes.open), 1.3, 0.13), skin, 0.45)  # socket
    inside = patch.cover(np.maximum(-np.minimum(upper, lower), away))
    shadow = np.float32(0.65) + np.float32(0.35) * rise(0.0, 0.09, upper)
    patch.paint(inside, colour(246, 243, 240)[:, None, None] * shadow)
    _iris(patch, face, middle, inside, shadow)
    lash = np.float32(eyes.lashes) * (1 - np.float32(0.2) * np.abs(x))
    patch.paint(patch.cover(np.maximum(np.abs(upper) - lash, away)), BLACK, 0.92)
    crease = np.abs(upper + np.float32(0.06)) - np.float32(0.011)
    patch.paint(patch.cover(np.maximum(crease, away)), skin * np.float32(0.8), 0.55)
    under = np.abs(lower) - np.float32(0.01)
    patch.paint(patch.cover(np.maximum(under, away)), skin * np.float32(0.7), 0.5)


def _iris(patch: Patch, face: Face, middle: Place, inside: np.ndarray, shadow: np.ndarray) -> None:
    """Paint the iris, the pupil and the reflected light; both eyes look the same way."""
    eyes, light = face.eyes, face.light
    look_x = middle.x + 0.058 * eyes.gaze_x * middle.narrow + 0.04 * face.pose.turn
    x, y = patch.from_point(look_x, middle.y - 0.25 * eyes.open + 0.035 * eyes.gaze_y)
    x = x * np.float32(1 / (0.35 + 0.65 * middle.narrow))
    iris = patch.cover(ellipse(x, y, IRIS, IRIS)) * inside
    glow = np.float32(0.5) + np.float32(0.85) * hill(
        x, y - np.float32(0.02), 1.15 * IRIS, 1.15 * IRIS
    )
    patch.paint(iris, eyes.iris[:, None, None] * (glow * shadow))
    patch.paint(patch.cover(ellipse(x, y, PUPIL, PUPIL)) * inside, BLACK)
    glint = ellipse(x - np.float32(0.083 * light.x), y + np.float32(0.038), GLINT, GLINT)
    patch.paint(patch.cover(glint) * inside, WHITE, 0.95)


def _brow(frame: Frame, face: Face, side: int) -> None:
    eyes = face.eyes
    y = EYE_LINE - eyes.brow_height - 0.3 * (eyes.open - 0.11)
    middle = place(face, side * (eyes.apart + 0.02), y, 0.03)
    half = 0.2 * middle.narrow
    patch = frame.patch(
        middle.x - 1.2 * half, middle.y - 0.2, middle.x + 1.2 * half, middle.y + 0.2
    )
    x, y = patch.from_point(middle.x, middle.y)
    x = x * np.float32(side / half)  # 1 at the outer end
    line = np.float32(0.07) * x * x + np.float32(0.1 * eyes.brow_slope) * x - np.float32(0.03)
    thick = np.float32(eyes.brow) * (np.float32(0.8) - np.float32(0.35) * x)
    away = np.maximum(np.abs(y - line) - thick, (np.abs(x) - 1) * np.float32(half))
    hair = face.hair.natural * np.float32(0.62) + face.head.skin * np.float32(0.08)
    patch.paint(patch.cover(away), hair * face.light.tint, 0.88)
