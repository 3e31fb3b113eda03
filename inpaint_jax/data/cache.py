"""Decoding, cropping and resizing give the same bytes every epoch: they are done once and kept in memory."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.views import Fitted, Pictures, picture_id
from inpaint_jax.errors import InputError

LIMIT = 2 * 1024**3  # bytes; a larger set is read again every epoch
BLOCK = 64  # pictures that a thread reads at a time


class Cached:
    """A source of pictures ``[S, S, 3]`` that reads each picture once, if all fit into ``limit`` bytes.

    Threads may read it together. Whether the set has labels is decided by its first picture.

    Args:
      source: pictures of any size are fitted to the model by their largest centred square.
      size: the model's side S.
      limit: bytes.

    Raises:
      InputError: the source is empty.
    """

    def __init__(self, source: Pictures, *, size: int, limit: int = LIMIT):
        if len(source) == 0:
            raise InputError("the source has no pictures")
        self._source, self.size = Fitted(source, Fit("crop", size)), size
        self.labelled = "label" in self._source[0]
        shape = (len(source), size, size, 3)
        self._keep = int(np.prod(shape)) <= limit
        if self._keep:
            self._images, self._ready = np.empty(shape, np.uint8), np.zeros(len(source), bool)
            self._labels = np.zeros(len(source), np.int32)

    def __len__(self) -> int:
        return len(self._source)

    def id(self, i: int) -> str:
        return picture_id(self._source, i)

    def __getitem__(self, i: int) -> dict:
        images, labels = self.read([i])
        return {"image": images[0], "id": self.id(i)} | ({} if labels is None else {"label": int(labels[0])})

    def read(self, indices) -> tuple[np.ndarray, np.ndarray | None]:
        """Reads several pictures.

        Returns:
          (uint8 ``[b, S, S, 3]``, labels int32 ``[b]`` or None); copies, which the caller may change.

        Raises:
          InputError: a picture cannot be read, or has no label while the first has one, naming its id.
        """
        if not self._keep:
            examples = [self._source[i] for i in indices]
            labels = [self._label(example) for example in examples]
            images = np.stack([example["image"] for example in examples])
            return images, np.array(labels, np.int32) if self.labelled else None
        for i in indices:
            if not self._ready[i]:  # two threads may both read it, and then write the same bytes
                example = self._source[i]
                self._images[i], self._labels[i] = example["image"], self._label(example)
                self._ready[i] = True
        return self._images[indices], self._labels[indices] if self.labelled else None

    def fill(self) -> Iterator[int]:
        """Reads everything that can be kept, before decoding competes with training for the cores.

        Yields:
          How many more pictures are in memory; nothing for a set that is too large.
        """
        if self._keep:
            blocks = [range(i, min(i + BLOCK, len(self))) for i in range(0, len(self), BLOCK)]
            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
                yield from pool.map(lambda block: len(self.read(block)[0]), blocks)

    def _label(self, example: dict) -> int:
        if self.labelled and "label" not in example:
            raise InputError(f"picture {example['id']!r} has no label, though the first of its source has one")
        return example.get("label", 0)
