"""The head as a solid: the positions of its features, and the light on its surface."""

import math
from typing import NamedTuple

import numpy as np

from inpaint_jax.data.portraits.canvas import Frame, Patch, ellipse, hill, rise
from inpaint_jax.data.portraits.colours import colour
from inpaint_jax.data.portraits.face import Face, Light

DEPTH = 0.8  # half depth of the head
CROWN = 0.94  # height of the crown above the middle


class Place(NamedTuple):
    """A point of the face as the viewer sees it."""

    x: float
    y: float
    narrow: float  # factor by which widths at the point are foreshortened


def place(face: Face, x: float, y: float, out: float = 0.0) -> Place:
    """Return where the viewer sees a point of the head after the head has turned.

    Args:
      face: the face.
      x, y: the point, on a head that looks straight ahead.
      out: distance by which the point protrudes from the head.
    """
    width, sin = face.head.width, face.pose.turn
    cos = math.sqrt(1 - sin * sin)
    depth = math.sqrt(max(1 - x * x / (width * width) - 0.6 * y * y, 0.05)) * DEPTH
    narrow = cos - sin * x * DEPTH * DEPTH / (width * width * depth)
    seen = x * cos + (depth + out) * sin
    return Place(seen, y + face.pose.nod * (depth + out), min(max(narrow, 0.35), 1.1))


def lit(light: Light, x: np.ndarray, y: np.ndarray | float, z: np.ndarray | float) -> np.ndarray:
    """Return the share of the key light that a surface receives, from the surface normal."""
    towards = x * np.float32(light.x) + y * np.float32(light.y) + z * np.float32(light.z)
    return rise(-0.25, 1.0, towards)


def ball(light: Light, x: np.ndarray, y: np.ndarray | float) -> np.ndarray:
    """Return the share of the key light at a position on a ball of radius 1 around the origin."""
    return lit(light, x, y, np.sqrt(np.maximum(1 - x * x - y * y, 0)))


def shaded(light: Light, base: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the colours ``[3, h, w]`` of a surface that receives this share of the key light."""
    dark = (base * light.shade)[:, None, None]
    return dark + share * ((base * light.tint)[:, None, None] - dark)


class Skull(NamedTuple):
    """Surface of the head, over the whole canvas or a part of it."""

    away: np.ndarray  # distance to the surface
    x: np.ndarray  # surface normal
    y: np.ndarray
    lit: np.ndarray

    def over(self, patch: Patch) -> "Skull":
        return Skull(*(each[patch.where] for each in self))


def skull(frame: Frame, face: Face) -> Skull:
    head = face.head
    low = np.maximum(frame.y, 0)
    width = np.float32(head.width) * (1 - np.float32(head.jaw) * np.minimum(low * low, 1))
    x = (frame.x - np.float32(0.22 * face.pose.turn) * low) / width
    y = low + np.minimum(frame.y, 0) * np.float32(1 / CROWN)
    away = (np.sqrt(x * x + y * y) - 1) * np.float32(head.width)
    return Skull(away, x, y, ball(face.light, x, y))


def paint_head(frame: Frame, face: Face, surface: Skull) -> None:
    """Paint the ears, and the head with cheeks, chin and eye sockets."""
    for side in (-1, 1):
        _ear(frame, face, side)
    patch = frame.patch(-1, -1.05, 1, 1.05)
    away, x, y, _ = surface.over(patch)
    light, smile = face.light, max(face.mouth.smile, 0)
    slope_x, slope_y = np.zeros_like(x), np.zeros_like(x)
    for side in (-1, 1):
        _relief(
            face,
            patch,
            (0.42 * side, 0.40 - 0.06 * smile),
            (0.36, 0.30),
            0.10 + 0.06 * smile,
            slope_x,
            slope_y,
        )
        _relief(face, patch, (0.32 * side, 0.02), (0.28, 0.24), -0.07, slope_x, slope_y)
    _relief(face, patch, (0, 0.86), (0.26, 0.2), 0.06, slope_x, slope_y)
    z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
    share = patch.cover(away)
    patch.paint(share, shaded(light, face.head.skin, lit(light, x - slope_x, y - slope_y, z)))
    for side in (-1, 1):
        cheek = place(face, side * 0.43, 0.36 - 0.05 * smile)
        spot = hill(*patch.from_point(cheek.x, cheek.y), 0.3 * cheek.narrow, 0.24)
        patch.paint(spot * share, colour(226, 90, 84), 0.55 * face.head.blush)
    shine = place(face, 0.45 * light.x, -0.35)
    patch.paint(hill(*patch.from_point(shine.x, shine.y), 0.34, 0.26), light.tint, 0.22)


def _relief(
    face: Face,
    patch: Patch,
    middle: tuple[float, float],
    half: tuple[float, float],
    height: float,
    slope_x: np.ndarray,
    slope_y: np.ndarray,
) -> None:
    """Add the slopes of a hill on the head to ``slope_x, slope_y``."""
    spot = place(face, *middle)
    x, y = patch.from_point(spot.x, spot.y)
    by_x, by_y = np.float32(1 / (half[0] * spot.narrow)), np.float32(1 / half[1])
    x, y = x * by_x, y * by_y
    inside = np.maximum(1 - x * x - y * y, 0) * np.float32(-4 * height)
    slope_x += x * inside * by_x
    slope_y += y * inside * by_y


def _ear(frame: Frame, face: Face, side: int) -> None:
    light, size, turn = face.light, face.head.ears, face.pose.turn
    x = side * face.head.width * 0.98 * math.sqrt(1 - turn * turn) - 0.12 * turn
    y = 0.14 - 0.1 * face.pose.nod
    patch = frame.patch(x - 0.2, y - 0.3, x + 0.2, y + 0.45)
    x, y = patch.from_point(x, y)
    share = patch.cover(ellipse(x + np.float32(side * 0.14) * y, y, 0.13 * size, 0.2 * size))
    bright = lit(light, x * 3 + np.float32(side * 0.4), y * 3, 0.6)
    patch.paint(share, shaded(light, face.head.skin, bright))
    inner = hill(x + np.float32(side * 0.01), y, 0.08 * size, 0.14 * size)
    patch.paint(inner, face.head.skin * light.shade * np.float32(0.85), 0.6)
    if face.earrings:
        drop = ellipse(x + np.float32(side * 0.02), y - np.float32(0.22 * size), 0.05, 0.06)
        patch.paint(patch.cover(drop), colour(246, 206, 110))
