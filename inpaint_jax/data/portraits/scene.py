"""The wall in the background, neck and shoulders."""

import numpy as np

from inpaint_jax.data.portraits.canvas import Canvas, Frame, box, ellipse, hill, rise, waves
from inpaint_jax.data.portraits.face import Face
from inpaint_jax.data.portraits.head import ball, shaded


def paint_wall(canvas: Canvas, face: Face) -> None:
    """Paint a wall with a colour gradient, brighter towards the light."""
    first, last = (each[:, None, None] for each in face.wall)
    across, down = canvas.middles, canvas.middles[:, None]
    share = across * np.float32(0.4) + down * np.float32(0.6)
    bright_x = across - np.float32(0.5 + 0.45 * face.light.x)
    glow = hill(bright_x, down - np.float32(0.3), 0.9, 0.9) * np.float32(0.3)
    canvas.image[:] = (first + share * (last - first)) * (np.float32(0.82) + glow)


def paint_body(frame: Frame, face: Face) -> None:
    """Paint neck and shoulders; the head casts a shadow on the neck."""
    light = face.light
    patch = frame.patch(-2, 0.5, 2, 2.4)
    x, y = patch.x, patch.y
    neck = patch.cover(box(x, y - np.float32(1.1), 0.26 + 0.1 * face.head.width, 0.8, 0.1))
    under_chin = rise(0.95, 1.35, y + np.float32(0.35 * light.x) * x)
    round_neck = ball(light, x * np.float32(1 / 0.42), 0.0)
    shoulders = ellipse(x, y - np.float32(2.35), 1.5, 1.12)
    patch.paint(
        np.maximum(neck, patch.cover(shoulders)),
        shaded(light, face.head.skin, round_neck * under_chin * np.float32(0.9)),
    )
    neckline = ellipse(x, y - np.float32(1.28), 0.42, 0.1 + face.collar)
    cloth = patch.cover(np.maximum(shoulders, -neckline))
    bright = ball(light, x * np.float32(1 / 1.6), (y - np.float32(2.35)) * np.float32(1 / 1.2))
    patch.paint(cloth, shaded(light, face.cloth, bright))
    trim = shaded(light, face.trim, bright)
    if face.stripes:
        patch.paint(cloth * rise(0.55, 0.75, waves(y * np.float32(4))), trim)
    collar = np.maximum(np.abs(neckline - np.float32(0.02)) - np.float32(0.04), shoulders)
    patch.paint(patch.cover(collar), trim)
