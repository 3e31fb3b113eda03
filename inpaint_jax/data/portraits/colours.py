"""Colours of skin, hair, eyes, cloth and walls, as RGB in [0, 1]."""

import numpy as np


def colour(*channels: float) -> np.ndarray:
    """Convert a colour from 0..255 to float32 ``[3]`` in [0, 1]."""
    return np.array(channels, np.float32) / np.float32(255)


def between(colours: np.ndarray, where: float) -> np.ndarray:
    """Return a colour of a ramp ``[N, 3]``; ``where`` in [0, 1] runs from the first to the last."""
    place = where * (len(colours) - 1)
    first = min(int(place), len(colours) - 2)
    return colours[first] + np.float32(place - first) * (colours[first + 1] - colours[first])


def ramp(*colours: tuple[int, int, int]) -> np.ndarray:
    return np.stack([colour(*each) for each in colours])


SKIN = ramp(
    (255, 228, 206),
    (250, 212, 182),
    (238, 188, 148),
    (214, 156, 112),
    (170, 112, 78),
    (116, 74, 54),
)
HAIR = ramp(
    (36, 30, 34), (66, 44, 36), (112, 70, 44), (168, 88, 46), (214, 160, 88), (238, 206, 140)
)
GREY_HAIR = colour(206, 206, 212)
DYES = ramp((222, 96, 130), (70, 140, 170), (120, 84, 160))
EYES = ramp((70, 42, 28), (112, 74, 40), (96, 120, 70), (70, 120, 160), (120, 150, 170))
CLOTH = ramp(
    (52, 72, 112), (60, 120, 130), (92, 140, 100), (232, 178, 84), (222, 108, 80), (160, 64, 84),
    (110, 90, 140), (236, 232, 224), (58, 60, 70),
)  # fmt: skip
WALLS = ramp(
    (168, 206, 222), (136, 184, 200), (150, 196, 176), (214, 214, 168), (248, 208, 150),
    (244, 172, 140), (230, 150, 160), (186, 160, 200), (140, 150, 196),
)  # fmt: skip
FRAMES = ramp((36, 34, 40), (92, 52, 38), (160, 50, 56), (40, 80, 110), (200, 160, 80))
WHITE, BLACK = colour(255, 255, 255), colour(24, 18, 22)
