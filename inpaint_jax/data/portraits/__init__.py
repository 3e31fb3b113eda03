"""Built-in images: procedural portraits whose hidden parts follow from the visible ones.

Both eyes look the same way, one light shades wall, skin and hair, a turned head moves all features
together, and a smile raises the cheeks. Image ``i`` of a split is the same on any machine: its
parameters (``face.py``) come from random numbers that never change, and elementwise float32
arithmetic paints it. Every size shows the same face.
"""

import numpy as np

from inpaint_jax.data.drawn import Drawn, chances
from inpaint_jax.data.portraits.canvas import Canvas, Frame
from inpaint_jax.data.portraits.eyes import paint_eyes
from inpaint_jax.data.portraits.face import STYLES, Face, draw_face
from inpaint_jax.data.portraits.hair import paint_beard, paint_hair_before, paint_hair_behind
from inpaint_jax.data.portraits.head import paint_head, skull
from inpaint_jax.data.portraits.mouth import paint_mouth, paint_nose
from inpaint_jax.data.portraits.scene import paint_body, paint_wall
from inpaint_jax.data.portraits.worn import paint_beanie, paint_glasses, paint_temples


class Portraits(Drawn):
    """Source of portraits. The label is the index of hair style and glasses in ``classes``.

    Args, errors: as ``Drawn``.
    """

    classes = tuple(f"{style}{glasses}" for style in STYLES for glasses in ("", "_glasses"))

    def __init__(self, *, size: int, split: str = "train", count: int | None = None):
        super().__init__("portraits", draw_portrait, size=size, split=split, count=count)


def draw_portrait(number: int, size: int) -> tuple[np.ndarray, int]:
    """Paint one portrait.

    Args:
      number: number of the portrait, in [0, 2**64).
      size: side in pixels.

    Returns:
      (uint8 ``[size, size, 3]``, label).
    """
    face = draw_face(iter(chances(number, 128)))
    return paint_face(face, size), face.label


def paint_face(face: Face, size: int) -> np.ndarray:
    """Paint a face from its parameters, back to front: uint8 ``[size, size, 3]``."""
    canvas = Canvas(size)
    pose = face.pose
    head = Frame(canvas, pose.x, pose.y, pose.unit, pose.lean)
    body = Frame(canvas, 0.2 + 0.6 * pose.x, pose.y, pose.unit)  # the body moves less than the head
    surface = skull(head, face)
    paint_wall(canvas, face)
    paint_hair_behind(head, face)
    paint_body(body, face)
    paint_head(head, face, surface)
    paint_beard(head, face, surface)
    paint_nose(head, face)
    paint_mouth(head, face)
    paint_eyes(head, face)
    paint_temples(head, face)
    paint_hair_before(head, face, surface)
    if face.hair.style == "beanie":
        paint_beanie(head, face, surface)
    paint_glasses(head, face)
    return canvas.pixels()
