"""What a folder job has on disk: its identity, completed pictures, and a record of each."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_jax.data import files
from inpaint_jax.data.pictures import write_picture
from inpaint_jax.errors import InputError
from inpaint_jax.systems.driver import Result

TRACE = 100  # points of a picture's trace in its record


def picture_file(output: Path, name: str) -> Path:
    """Where a completed picture goes."""
    return output / "pictures" / f"{name}.png"


def kept_file(output: Path, name: str, rank: int) -> Path:
    """Where one of several completions goes; the best has rank 0."""
    return output / "kept" / name / f"{rank + 1}.png"


def deviation_file(output: Path, name: str) -> Path:
    """Where the deviation of several completions goes."""
    return output / "deviation" / f"{name}.png"


def write_completions(output: Path, name: str, completions: Sequence[np.ndarray]) -> None:
    """Completions of one picture, uint8 ``[H, W, C]``, best first; the best is written last, it marks the others."""
    if len(completions) > 1:
        for rank, completed in enumerate(completions):
            write_picture(kept_file(output, name, rank), completed)
        write_picture(deviation_file(output, name), deviation(np.stack(completions)))
    write_picture(picture_file(output, name), completions[0])


def deviation(completions: np.ndarray) -> np.ndarray:
    """Where completions of one picture differ.

    Args:
      completions: uint8 ``[K, H, W, C]``.

    Returns:
      uint8 ``[H, W]``: twice the standard deviation over the completions, averaged over channels; it fits, since
      that of numbers in [0, 255] is at most 127.5. Exactly 0 where all agree.
    """
    return np.rint(2 * completions.std(axis=0, dtype=np.float64).mean(axis=-1)).astype(np.uint8)


def record_of(result: Result, *, seed: int, iterations: int) -> dict[str, Any]:
    """What is kept of one picture's search, its traces thinned.

    Args:
      result: of the driver.
      seed: of the job.
      iterations: of a whole search.
    """
    every = max(1, -(-iterations // TRACE))
    return {
        "id": result.task.id,
        "seed": seed,
        "hole_share": round(float(result.task.hole.mean()), 6),
        "losses": {name: [float(value) for value in values] for name, values in result.losses.items()},
        "evaluations": result.evaluations,
        "trace_every": every,
        "traces": {name: [float(f"{v:.5g}") for v in values[::every]] for name, values in result.traces.items()},
    }


class Records:
    """The finished pictures of a job, one JSON line each, written as they finish."""

    def __init__(self, output: Path, job: dict[str, Any]):
        self.file = output / "records.jsonl"
        identity = output / "job.json"
        if identity.is_file():
            there = json.loads(identity.read_text())
            if differing := sorted(key for key in {*there, *job} if there.get(key) != job.get(key)):
                raise InputError(
                    f"{output} holds another job (other {', '.join(differing)}): give another --output, or remove it"
                )
        elif output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise InputError(f"{output} is not empty and holds no job of this program: give another --output")
        else:
            files.write_json(identity, job)
        self.done = {record["id"] for record in self.read()}

    def read(self) -> Iterator[dict[str, Any]]:
        """The records of pictures that are there."""
        for line in self.file.read_text().splitlines() if self.file.is_file() else ():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:  # cut short by a kill: that picture is done again
                continue
            if picture_file(self.file.parent, record["id"]).is_file():
                yield record

    def add(self, record: dict[str, Any]) -> None:
        """Appends a record, after its picture was written."""
        files.append_line(self.file, json.dumps(record))
        self.done.add(record["id"])
