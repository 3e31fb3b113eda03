"""Batches for training and evaluation (Grain): batch ``i`` is a pure function of (seed, i).

So there is no iterator state to save: a run that stopped after k batches continues with
``start_step=k``. Several processes read different rows of one global batch.
"""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

import grain
import numpy as np

from inpaint_jax.compositing import from_uint8
from inpaint_jax.data.cache import Cached
from inpaint_jax.data.views import ImageSource
from inpaint_jax.data.workers import closing, in_workers
from inpaint_jax.errors import InputError


def training_batches(
    source: ImageSource,
    *,
    size: int,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    flip: bool = True,
    holes: np.ndarray | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
    process_index: int = 0,
    process_count: int = 1,
    threads: int | None = None,
    workers: int = 0,
) -> Generator[dict[str, np.ndarray]]:
    """Return endless batches; every epoch has a new order and visits each image once.

    Args:
      source: the images. Images that are not ``[S, S, 3]`` are cropped to the largest centred
        square and resized. Images with "smallest" (``views.Source``) are cut to a window that
        depends on (seed, epoch, id). Images are kept in memory if they fit (``data/cache.py``); a
        ``Cached`` source shares that memory with other readers.
      size: side S of the model.
      batch_size: size B of the global batch, over all processes.
      seed: seed of the order, the windows, the flips and the choice of holes.
      start_step: number of the first batch.
      flip: mirror each image left to right with probability 1/2.
      holes: bool or 0/1 ``[M, S, S, 1]``, 1 = missing; each image gets a random one.
      arrays: arrays that a stage prepared, ``{name: [len(source), ...]}``. Each image's row is
        added to the example. Flipping does not apply to them.
      process_index, process_count: this process reads the rows [index * B / count,
        (index + 1) * B / count) of the global batch.
      threads: number of threads that prepare batches; None: one per core, at most 8. Workers divide
        them.
      workers: number of processes that prepare batches, the same bits in the same order. They read
        images that do not fit into memory; for others, which are decoded once, none is started.

    Returns:
      An iterator of {"image": float32 ``[b, S, S, 3]`` in [-1, 1]; "label": int32 ``[b]`` if the
      source has labels; "hole": float32 ``[b, S, S, 1]`` if ``holes`` are given; and ``arrays``},
      b = B / process_count. ``close()`` stops threads and workers.

    Raises:
      InputError: no images, a batch size that the processes cannot share evenly, an unusable image,
        or a worker that was killed.
    """
    if batch_size % process_count:
        raise InputError(
            f"batch_size={batch_size} cannot be shared evenly by {process_count} processes"
        )
    cached = (
        source if isinstance(source, Cached) and source.size == size else Cached(source, size=size)
    )
    share = batch_size // process_count
    mine = slice(process_index * share, (process_index + 1) * share)
    workers = 0 if cached.kept else workers
    count = len(holes) if holes is not None else 0

    def draw(indices: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw a global batch, the same on all processes, and return this process's rows."""
        mirrored = rng.random(batch_size) < 0.5
        chosen = rng.integers(count, size=batch_size) if count else indices
        return {"indices": indices[mine], "mirrored": mirrored[mine], "holes": chosen[mine]}

    def read(number: int, drawn: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Read the images, which is what workers do;
        bytes travel in a quarter of the memory of floats.
        """
        epochs = (number * batch_size + np.arange(batch_size)[mine]) // len(cached)
        images, labels = cached.read(drawn["indices"], epochs=epochs, seed=seed)
        if flip:
            images[drawn["mirrored"]] = images[drawn["mirrored"], :, ::-1]
        return (
            {**drawn, "image": images}
            if labels is None
            else {**drawn, "image": images, "label": labels}
        )

    def whole(read: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Add holes and arrays, which stay in this process."""
        batch = {"image": from_uint8(read["image"])}
        if "label" in read:
            batch["label"] = np.array(read["label"])
        if holes is not None:
            batch["hole"] = holes[read["holes"]].astype(np.float32)
        return batch | {name: array[read["indices"]] for name, array in (arrays or {}).items()}

    order = grain.MapDataset.range(len(cached)).seed(seed % 2**32).shuffle().repeat()
    batches = order.batch(batch_size, drop_remainder=True).random_map(draw).map_with_index(read)
    threads = max(1, (threads or min(8, os.cpu_count() or 1)) // max(1, workers))
    options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=threads)
    if workers:
        return in_workers(batches[start_step:].to_iter_dataset(options), workers, then=whole)
    return closing(batches.map(whole)[start_step:].to_iter_dataset(options))


def examples(
    source: ImageSource, *, size: int, batch: int, indices: Iterable[int] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield batches of the images in order, each once, for evaluation.

    Args:
      source: as in ``training_batches``.
      size: side S of the model.
      batch: images per batch; the last batch may be smaller.
      indices: positions of the images; None: all.

    Returns:
      An iterator of {"image": float32 ``[b, S, S, 3]`` in [-1, 1]; "id": list of b names; "label":
      int32 ``[b]`` if the source has labels}.
    """
    cached = (
        source
        if isinstance(source, Cached) and source.size == size
        else Cached(source, size=size, limit=0)
    )
    wanted = list(range(len(cached)) if indices is None else indices)
    for first in range(0, len(wanted), batch):
        chosen = wanted[first : first + batch]
        images, labels = cached.read(chosen)
        read: dict[str, Any] = {
            "image": from_uint8(images),
            "id": [cached.id(i) for i in chosen],
        }
        yield read if labels is None else read | {"label": labels}
