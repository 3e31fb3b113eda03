"""Write the files that the page shows and lets the user download: completions and records."""

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
      label: name of the method, with a number if it gave several completions.
      image: PNG file.
      record: JSON file.
      trace: total loss of the search per iteration; empty without a search.
    """

    label: str
    image: Path
    record: Path
    trace: tuple[float, ...]


def write_before(folder: Path, upload: Upload, hole: np.ndarray) -> tuple[Path, Path]:
    """Write the original image, and the image with a grey hole, as PNG files.

    Returns:
      The paths of both files.
    """
    image = upload.image
    rgb = image.rgb.copy()
    rgb[hole] = 128
    before, damaged = folder / f"{upload.id}.png", folder / f"{upload.id}_damaged.png"
    files.write_bytes(before, encode(image))
    files.write_bytes(damaged, encode(image._replace(pixels=rgb, alpha=None, grey=False)))
    return before, damaged


def write_answer(
    folder: Path, upload: Upload, hole: np.ndarray, request: Request, opened: Opened, answer: Answer
) -> list[Shown]:
    """Write the completions of a method, best first, and their record.

    Args:
      folder: folder of the job.
      upload: the image.
      hole: bool ``[H, W]``.
      request: settings of the completion.
      opened: the method.
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
        label = (
            f"{opened.method.name}, {rank} of {len(answer.images)}"
            if several
            else opened.method.name
        )
        trace = (
            tuple(float(value) for value in answer.result.traces.get("total", ()))
            if rank == 1
            else ()
        )
        found.append(Shown(label, file, record, trace))
    return found


def loss_table(traces: dict[str, tuple[float, ...]]) -> dict[str, list[Any]]:
    """Arrange losses as columns for a plot: iteration or chunk, loss, method."""
    rows = [(i, value, name) for name, trace in traces.items() for i, value in enumerate(trace, 1)]
    return {
        "step": [r[0] for r in rows],
        "loss": [r[1] for r in rows],
        "method": [r[2] for r in rows],
    }
