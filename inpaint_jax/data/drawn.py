"""What the built-in sources share: splits that have no picture in common, and ids."""

from collections.abc import Callable

import numpy as np

from inpaint_jax import checks
from inpaint_jax.errors import InputError

SPLITS = {"train": (0, 5000), "val": (1 << 40, 500), "test": (2 << 40, 500)}  # first picture, usual count


NAME = 100  # bytes that the id of an image and its place in an order take


class Drawn:
    """A source of pictures that are drawn when they are asked for.

    Args:
      name: of the source, for messages.
      draw: from a number in [0, 2**64) and a side in pixels to a picture, uint8 ``[size, size, 3]``, and its label.
      size: side in pixels.
      split: "train", "val" or "test", which share no picture.
      count: how many, at most 2**40; None: 5000 for training, 500 otherwise.

    Raises:
      InputError: an unknown split, or more images than fit into memory by their ids alone.
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
    """Random numbers in [0, 1) of 24 bits, exact in float32: equal on any machine.

    They are Philox's raw words, which NumPy promises never to change.

    Args:
      number: the key, in [0, 2**64).
      count: how many.
    """
    words = np.random.Philox(key=number).random_raw(count) >> np.uint64(40)
    return (words / (1 << 24)).tolist()
