"""Built-in images: procedural building facades under changing light, for tests and benchmarks.

Image ``i`` of a split is the same on any machine: its random numbers never change, and
elementwise float32 arithmetic paints it. Shapes cover a share of each pixel, so every size shows
the same building.
"""

import numpy as np

from inpaint_jax.data.drawn import Drawn, chances
from inpaint_jax.data.facades.building import paint_building
from inpaint_jax.data.facades.canvas import Canvas
from inpaint_jax.data.facades.styles import STYLES


class Facades(Drawn):
    """Source of facades. The label is the index of the building's style in ``classes``.

    Args, errors: as ``Drawn``.
    """

    classes = tuple(STYLES)

    def __init__(self, *, size: int, split: str = "train", count: int | None = None):
        super().__init__("facades", draw_facade, size=size, split=split, count=count)


def draw_facade(number: int, size: int) -> tuple[np.ndarray, int]:
    """Paint one facade.

    Args:
      number: number of the facade, in [0, 2**64).
      size: side in pixels.

    Returns:
      (uint8 ``[size, size, 3]``, label).
    """
    chance = iter(chances(number, 64))
    label = int(next(chance) * len(STYLES))
    canvas = Canvas(size)
    paint_building(canvas, list(STYLES.values())[label], chance)
    return canvas.pixels(), label
