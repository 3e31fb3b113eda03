"""Built-in pictures: procedural building facades under changing light, for demo, tests and benchmarks.

Picture ``i`` of a split is the same on any machine: its random numbers are Philox's raw words, which NumPy
promises never to change, and it is painted by elementwise float32 arithmetic. Shapes are painted by the share
of each pixel that they cover, so every size shows the same building.
"""

import numpy as np

from inpaint_jax.data.facades.building import STYLES, paint_building
from inpaint_jax.data.facades.canvas import Canvas
from inpaint_jax.errors import InputError

SPLITS = {"train": (0, 5000), "val": (1 << 40, 500), "test": (2 << 40, 500)}  # first picture, usual count


class Facades:
    """A source of facades; the label is the index of the building's style in ``classes``.

    Args:
      size: side in pixels.
      split: "train", "val" or "test", which share no picture.
      count: how many, at most 2**40; None: 5000 for training, 500 otherwise.

    Raises:
      InputError: an unknown split.
    """

    classes = tuple(STYLES)

    def __init__(self, *, size: int, split: str = "train", count: int | None = None):
        if split not in SPLITS:
            raise InputError(f"facades have no split {split!r}; known: {', '.join(SPLITS)}")
        self._first, usual = SPLITS[split]
        self._size, self._split = size, split
        self._indices = range(usual if count is None else count)

    def __len__(self) -> int:
        return len(self._indices)

    def id(self, i: int) -> str:
        return f"{self._split}-{self._indices[i]:06d}"

    def __getitem__(self, i: int) -> dict:
        image, label = draw_facade(self._first + self._indices[i], self._size)
        return {"image": image, "id": self.id(i), "label": label}


def draw_facade(number: int, size: int) -> tuple[np.ndarray, int]:
    """Paints one facade.

    Args:
      number: which, in [0, 2**64).
      size: side in pixels.

    Returns:
      (uint8 ``[size, size, 3]``, label).
    """
    words = np.random.Philox(key=number).random_raw(64) >> np.uint64(40)  # 24 bits: exact in float32
    chance = iter((words / (1 << 24)).tolist())
    label = int(next(chance) * len(STYLES))
    canvas = Canvas(size)
    paint_building(canvas, list(STYLES.values())[label], chance)
    return canvas.pixels(), label
