"""Base class of the procedural image sources: disjoint splits, and ids."""

from collections.abc import Callable

import numpy as np

from inpaint_jax import checks
from inpaint_jax.errors import InputError

# first image, default count
SPLITS = {"train": (0, 5000), "val": (1 << 40, 500), "test": (2 << 40, 500)}


NAME = 100  # bytes for an image's id and its place in an order


class Drawn:
    """Source of procedural images, each drawn when it is read.

    Args:
      name: name of the source, for messages.
      draw: function from a number in [0, 2**64) and a side in pixels to an image, uint8
        ``[size, size, 3]``, and its label.
      size: side in pixels.
      split: "train", "val" or "test"; splits share no image.
      count: number of images, at most 2**40; None: 5000 for training, 500 otherwise.

    Raises:
      InputError: unknown split, or so many images that their ids alone do not fit into memory.
    """

    def __init__(
        self,
        name: str,
        draw: Callable[[int, int], tuple[np.ndarray, int]],
        *,
        size: int,
        split: str,
        count: int | None,
    ):
        if split not in SPLITS:
            raise InputError(f"{name} have no split {split!r}; known: {', '.join(SPLITS)}")
        self._first, usual = SPLITS[split]
        self._draw, self._size, self._split = draw, size, split
        self._indices = range(usual if count is None else count)
        checks.memory(NAME * len(self._indices), f"{name}?count={count}", "choose a smaller count")

    def __len__(self) -> int:
        return len(self._indices)

    def id(self, i: int) -> str:
        return f"{self._split}-{self._indices[i]:06d}"

    def __getitem__(self, i: int) -> dict:
        image, label = self._draw(self._first + self._indices[i], self._size)
        return {"image": image, "id": self.id(i), "label": label}


def chances(number: int, count: int) -> list[float]:
    """Return random numbers in [0, 1) of 24 bits: exact in float32, and equal on any machine.

    The numbers are Philox's raw words, which NumPy promises never to change.

    Args:
      number: the key, in [0, 2**64).
      count: how many numbers.
    """
    words = np.random.Philox(key=number).random_raw(count) >> np.uint64(40)
    return (words / (1 << 24)).tolist()
