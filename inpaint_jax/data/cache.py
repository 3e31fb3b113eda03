"""In-memory cache of decoded, cropped and resized images, which are the same in every epoch."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.views import Fitted, ImageSource, image_id
from inpaint_jax.data.windows import CENTRED, cut_window, window_chances
from inpaint_jax.errors import InputError

LIMIT = 2 * 1024**3  # bytes; a larger set is read again in every epoch
BLOCK = 64  # images that a thread reads at a time


class Cached:
    """Source of images ``[S, S, 3]`` that reads each image once if all fit into ``limit`` bytes.

    Several threads may read the cache at once. The first image decides whether the set has labels,
    and how much memory the set takes.

    Args:
      source: images of any size; the largest centred square is fitted to the model. Images that
        have "smallest" (``views.Source``) are cut into windows as they are read.
      size: side S of the model.
      limit: bytes; None: ``LIMIT``.

    Attributes:
      size: the argument.
      labelled: whether the images have labels.
      kept: whether the images stay in memory.

    Raises:
      InputError: the source is empty.
    """

    def __init__(self, source: ImageSource, *, size: int, limit: int | None = None):
        if len(source) == 0:
            raise InputError("the source has no images")
        self._source, self.size = Fitted(source, Fit("crop", size)), size
        first = self._source[0]
        self.labelled = "label" in first
        self._kept: list[dict | None] = [None] * len(source)
        self.kept = len(source) * first["image"].nbytes <= (LIMIT if limit is None else limit)

    def __len__(self) -> int:
        return len(self._source)

    def id(self, i: int) -> str:
        return image_id(self._source, i)

    def __getitem__(self, i: int) -> dict:
        images, labels = self.read([i])
        return {"image": images[0], "id": self.id(i)} | (
            {} if labels is None else {"label": int(labels[0])}
        )

    def read(self, indices, *, epochs=None, seed: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
        """Read several images.

        Args:
          indices: positions of the images.
          epochs: for each image, how often it was read before; this number decides the window.
            None: centred windows.
          seed: seed of the windows.

        Returns:
          (uint8 ``[b, S, S, 3]``, labels int32 ``[b]`` or None). Both are copies that the caller
          may change.

        Raises:
          InputError: an image cannot be read, or has no label although the first image has one. The
            message names the image's id.
        """
        examples = [self._example(i) for i in indices]
        chosen = [None] * len(examples) if epochs is None else epochs
        images = np.stack([self._seen(*each, seed) for each in zip(examples, chosen, strict=True)])
        labels = [self._label(example) for example in examples]
        return images, np.array(labels, np.int32) if self.labelled else None

    def fill(self) -> Iterator[int]:
        """Read all images that the cache can keep, before decoding and training share the cores.

        Yields:
          The number of images newly in memory. Nothing if the set is too large.
        """
        if self.kept:
            blocks = [range(i, min(i + BLOCK, len(self))) for i in range(0, len(self), BLOCK)]
            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
                yield from pool.map(lambda block: len([self._example(i) for i in block]), blocks)

    def _example(self, i: int) -> dict:
        kept = self._kept[i]
        if kept is not None:
            return kept
        example = self._source[i]  # two threads may both read it, and store equal copies
        if self.kept:
            self._kept[i] = example
        return example

    def _seen(self, example: dict, epoch: int | None, seed: int) -> np.ndarray:
        if "smallest" not in example:
            return example["image"]
        at = CENTRED if epoch is None else window_chances(seed, int(epoch), example["id"])
        return cut_window(example["image"], size=self.size, smallest=example["smallest"], at=at)

    def _label(self, example: dict) -> int:
        if self.labelled and "label" not in example:
            raise InputError(
                f"image {example['id']!r} has no label, but the first image of its source has one"
            )
        return example.get("label", 0)
