"""What the page shows and offers to download: a file for every completion, and its record."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax.completion.page.uploads import Upload
from inpaint_jax.completion.reproducible import Given, record_of
from inpaint_jax.completion.single import Answer, Opened, Request
from inpaint_jax.data import files
from inpaint_jax.data.encoding import encode
from inpaint_jax.data.json_files import write_json


class Shown(NamedTuple):
    """A completion.

    Attributes:
      label: of the method, numbered where there are several.
      image: its PNG file.
      record: its JSON file.
      trace: the total loss of the search at every iteration; empty without a search.
    """

    label: str
    image: Path
    record: Path
    trace: tuple[float, ...]


def write_before(folder: Path, upload: Upload, hole: np.ndarray) -> tuple[Path, Path]:
    """Write the image as it was, and with its hole in grey, as PNG files.

    Returns:
      Their paths.
    """
    image = upload.image
    levels = image.levels.copy()
    levels[hole] = 128
    before, damaged = folder / f"{upload.id}.png", folder / f"{upload.id}_damaged.png"
    files.write_bytes(before, encode(image))
    files.write_bytes(damaged, encode(image._replace(pixels=levels, alpha=None, grey=False)))
    return before, damaged


def write_answer(
    folder: Path, upload: Upload, hole: np.ndarray, request: Request, opened: Opened, answer: Answer
) -> list[Shown]:
    """Write the completions of a method, best first, and the record of all of them.

    Args:
      folder: of this job.
      upload: the image.
      hole: bool ``[H, W]``.
      request: how it was completed.
      opened: by which method.
      answer: the completions.
    """
    stem = f"{upload.id}_{re.sub(r'[^A-Za-z0-9.=_-]+', '-', opened.method.name)}"
    given = Given(upload.file, upload.id, upload.image, hole)
    record = folder / f"{stem}.json"
    write_json(record, record_of(given, request, opened, answer))
    several = len(answer.images) > 1
    found = []
    for rank, image in enumerate(answer.images, 1):
        file = folder / (f"{stem}_{rank}.png" if several else f"{stem}.png")
        files.write_bytes(file, encode(image))
        label = f"{opened.method.name}, {rank} of {len(answer.images)}" if several else opened.method.name
        trace = tuple(float(value) for value in answer.result.traces.get("total", ())) if rank == 1 else ()
        found.append(Shown(label, file, record, trace))
    return found


def loss_table(traces: dict[str, tuple[float, ...]]) -> dict[str, list[Any]]:
    """Arrange losses as the columns of a plot: iteration or chunk, loss, method."""
    rows = [(i, value, name) for name, trace in traces.items() for i, value in enumerate(trace, 1)]
    return {"step": [r[0] for r in rows], "loss": [r[1] for r in rows], "method": [r[2] for r in rows]}
