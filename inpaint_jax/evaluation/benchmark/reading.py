"""Reading rates of the input pipeline.

Measured with and without worker processes, alone and during training.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import jax
import numpy as np
from PIL import Image
from tqdm import tqdm

from inpaint_jax import parallel
from inpaint_jax.data.cache import Cached
from inpaint_jax.data.pipeline import training_batches
from inpaint_jax.data.sources import BUILT_IN, open_source
from inpaint_jax.evaluation import tables
from inpaint_jax.naming import split_options
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.training.feed import on_devices, training_source

WORKERS = (0, 1, 2)
FILES, SIDE, QUALITY = 256, 256, 90  # quality of the JPEG files that replace built-in images
SKIPPED = 12  # batches that may have been ready before the clock started
HEADER = ("data.workers", "reading alone, images/s", "while training, images/s")


def rates(
    config: Config, batch: int, step: Callable[[Any], Any], *, rounds: int, constant: float
) -> list[dict[str, Any]]:
    """Measure the reading of images that are decoded in every epoch.

    Args:
      config: config whose ``data.train`` is read; built-in images are replaced by JPEG files.
      batch: images per step.
      step: trains on a batch on the devices, asynchronously.
      rounds: number of timed batches.
      constant: images per second of training on one constant batch.

    Returns:
      Per number of workers: "workers", and "reading", "training" and "constant" in images per
      second.
    """
    config = config.copy_and_resolve_references()
    settings = next(iter(config.stages.values()))
    settings.batch_size = batch
    mesh, found = parallel.share_batch(batch), []
    with files_of(config) as config:
        source = Cached(training_source(config, settings), size=config.data.size, limit=0)
        for workers in tqdm(WORKERS, desc="input", unit="way", leave=False):

            def start(workers=workers):
                return training_batches(
                    source,
                    size=config.data.size,
                    batch_size=batch,
                    seed=config.seed,
                    flip=config.data.flip,
                    workers=workers,
                )

            with closing(start()) as alone:
                reading = per_second(
                    lambda alone=alone: next(alone), batch, rounds, skipped=SKIPPED
                )
            with closing(on_devices(start(), lambda each: parallel.put_batch(each, mesh))) as fed:
                training = per_second(lambda fed=fed: step(next(fed)), batch, rounds, skipped=3)
            found.append(
                {"workers": workers, "reading": reading, "training": training, "constant": constant}
            )
    return found


def per_second(call: Callable[[], Any], batch: int, rounds: int, *, skipped: int) -> float:
    """Measure images per second over consecutive calls, after some warm-up calls."""
    for _ in range(skipped):
        jax.block_until_ready(call())
    began, pending = time.perf_counter(), None
    for _ in range(rounds):
        pending = call()
    jax.block_until_ready(pending)
    return batch * rounds / (time.perf_counter() - began)


@contextmanager
def files_of(config: Config) -> Iterator[Config]:
    """Write built-in training images to temporary JPEG files; other images are files already."""
    name = split_options(config.data.train)[0]
    if name not in BUILT_IN:
        yield config
        return
    config = config.copy_and_resolve_references()
    with tempfile.TemporaryDirectory() as folder:
        source = open_source(f"{name}?count={FILES}", size=SIDE)
        for i in tqdm(range(FILES), desc="writing", unit="image", leave=False):
            image = Image.fromarray(np.asarray(source[i]["image"]))
            image.save(os.path.join(folder, f"{i:04d}.jpg"), quality=QUALITY)
        config.data.train = folder
        yield config


def text(results: list[Mapping[str, Any]]) -> str:
    """Format the rates for a terminal."""
    rows = [
        [str(each["workers"]), f"{each['reading']:.3g}", f"{each['training']:.3g}"]
        for each in results
    ]
    return "\n".join(
        (
            tables.markdown(HEADER, rows),
            "",
            "Images that are decoded in every epoch; training on one constant batch: "
            f"{results[0]['constant']:.3g}. Workers help where reading alone with 0 is slower "
            "than that, and where cores are idle.",
        )
    )
