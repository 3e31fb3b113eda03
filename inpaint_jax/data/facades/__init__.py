"""Built-in pictures: procedural building facades under changing light, for tests and benchmarks.

Picture ``i`` of a split is the same on any machine: its random numbers never change, and it is
painted by elementwise float32 arithmetic. Shapes are painted by the share of each pixel that they
cover, so every size shows the same building.
"""

import numpy as np

from inpaint_jax.data.drawn import Drawn, chances
from inpaint_jax.data.facades.building import STYLES, paint_building
from inpaint_jax.data.facades.canvas import Canvas


class Facades(Drawn):
    """A source of facades; the label is the index of the building's style in ``classes``.

    Args, errors: as ``Drawn``.
    """

    classes = tuple(STYLES)

    def __init__(self, *, size: int, split: str = "train", count: int | None = None):
        super().__init__("facades", draw_facade, size=size, split=split, count=count)


def draw_facade(number: int, size: int) -> tuple[np.ndarray, int]:
    """Paints one facade.

    Args:
      number: which, in [0, 2**64).
      size: side in pixels.

    Returns:
      (uint8 ``[size, size, 3]``, label).
    """
    chance = iter(chances(number, 64))
    label = int(next(chance) * len(STYLES))
    canvas = Canvas(size)
    paint_building(canvas, list(STYLES.values())[label], chance)
    return canvas.pixels(), label
