"""What a folder job has on disk: its identity, completed pictures, and a record of each."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inpaint_jax.data import files
from inpaint_jax.data.encoding import encode
from inpaint_jax.data.json_files import read_json, read_lines, seal, write_json
from inpaint_jax.data.originals import Original
from inpaint_jax.data.pictures import read_picture, write_picture
from inpaint_jax.errors import InputError, note, some_of
from inpaint_jax.runs.locks import unoccupied
from inpaint_jax.systems.driver import Result

TRACE = 100  # points of a picture's trace in its record
NAMED = 5  # images that a message names
RECORD = {"id": str, "losses": dict, "evaluations": int | None, "trace_every": int, "traces": dict}


def picture_file(output: Path, name: str, suffix: str = ".png") -> Path:
    """Where a completed picture goes."""
    return output / "pictures" / f"{name}{suffix}"


def kept_file(output: Path, name: str, rank: int, suffix: str = ".png") -> Path:
    """Where one of several completions goes; the best has rank 0."""
    return output / "kept" / name / f"{rank + 1}{suffix}"


def deviation_file(output: Path, name: str) -> Path:
    """Where the deviation of several completions goes."""
    return output / "deviation" / f"{name}.png"


def write_completions(output: Path, name: str, completions: Sequence[Original], suffix: str) -> None:
    """Completions of one picture, best first; the best is written last, it marks the others."""
    if len(completions) > 1:
        for rank, completed in enumerate(completions):
            files.write_bytes(kept_file(output, name, rank, suffix), encode(completed, suffix=suffix))
        levels = np.stack([completed.levels for completed in completions])
        write_picture(deviation_file(output, name), deviation(levels))
    files.write_bytes(picture_file(output, name, suffix), encode(completions[0], suffix=suffix))


def deviation(completions: np.ndarray) -> np.ndarray:
    """Where completions of one picture differ.

    Args:
      completions: uint8 ``[K, H, W, C]``.

    Returns:
      uint8 ``[H, W]``: twice the standard deviation over the completions, averaged over channels; it fits, since
      that of numbers in [0, 255] is at most 127.5. Exactly 0 where all agree.
    """
    return np.rint(2 * completions.std(axis=0, dtype=np.float64).mean(axis=-1)).astype(np.uint8)


def record_of(result: Result, *, seed: int, iterations: int, suffix: str = ".png") -> dict[str, Any]:
    """What is kept of one picture's search, its traces thinned.

    Args:
      result: of the driver.
      seed: of the job.
      iterations: of a whole search.
      suffix: of the files of the answer.
    """
    every = max(1, -(-iterations // TRACE))
    return {
        "id": result.task.id,
        "seed": seed,
        "suffix": suffix,
        "hole_share": round(float(result.task.hole.mean()), 6),
        "losses": {name: [float(value) for value in values] for name, values in result.losses.items()},
        "evaluations": result.evaluations,
        "trace_every": every,
        "traces": {name: [float(f"{v:.5g}") for v in values[::every]] for name, values in result.traces.items()},
    }


def unchanged(name: str, *, seed: int, suffix: str) -> dict[str, Any]:
    """Return the record of an image of which nothing was missing."""
    empty = {"hole_share": 0.0, "losses": {}, "evaluations": None, "trace_every": 1, "traces": {}}
    return {"id": name, "seed": seed, "suffix": suffix, **empty}


class Records:
    """The finished images of a job: ``records.jsonl``, a line for each, written when its answer is on the disk.

    An answer counts as finished while its record is whole, its files are those that were written, and its image and
    hole are those that it was computed from. The others are forgotten, so that they are computed again.

    Args:
      output: the job's folder, which this process has locked.
      job: what identifies the job.
      inputs: ``{id: hash}`` of every image and its hole.

    Raises:
      InputError: the folder holds another job or something else, or a damaged record that is not the last.
    """

    def __init__(self, output: Path, job: dict[str, Any], inputs: Mapping[str, str]):
        self.file = output / "records.jsonl"
        check_job(output, job)
        written = read_lines(
            self.file, RECORD, remedy="delete that line, and the same command completes its image again"
        )
        finished = {record["id"]: record for record in written if record["id"] in inputs}
        bar = tqdm(finished.items(), desc="checking answers", unit="image", leave=False, delay=2)
        renewed = {name: reason for name, record in bar if (reason := stale(output, record, job, inputs[name]))}
        self.done = {name: record for name, record in finished.items() if name not in renewed}
        if renewed:
            reasons = [f"{name} ({reason})" for name, reason in renewed.items()]
            note(f"completing again {some_of(reasons, 'finished image', most=NAMED)}")
        text = "".join(f"{json.dumps(seal(record))}\n" for record in self.done.values())
        if self.file.exists() and self.file.read_bytes() != text.encode():
            files.write_text(self.file, text)

    def add(self, record: Mapping[str, Any], output_hash: str, input_hash: str) -> None:
        """Append a record, after the files of its answer were written."""
        line = files.plain({**record, "input_hash": input_hash, "output_hash": output_hash})
        files.append_line(self.file, json.dumps(seal(line)))
        self.done[line["id"]] = line


def check_job(output: Path, job: dict[str, Any]) -> None:
    """Write ``job.json``, or raise InputError where a folder holds another job, or something else."""
    there = read_json(output / "job.json", {"method_hash": str}, remedy=f"give another --output, or remove {output}")
    if there is None:
        if not unoccupied(output):
            raise InputError(f"{output} is not empty and holds no job of this program: give another --output")
        write_json(output / "job.json", job)
    elif differing := sorted(key for key in {*there, *job} if there.get(key) != job.get(key)):
        raise InputError(
            f"{output} holds another job (other {', '.join(differing)}): give another --output, or remove it"
        )


def stale(output: Path, record: Mapping[str, Any], job: Mapping[str, Any], input_hash: str) -> str | None:
    """Say why an image has to be completed again; None where its answer is whole."""
    if record.get("input_hash", input_hash) != input_hash:
        return "its image or hole has changed"
    answer = answer_files(output, record["id"], job["keep"], record.get("suffix", ".png"))
    try:
        if "output_hash" not in record:  # of an older version: what can be read is believed
            for file in answer:
                read_picture(file)
        elif files_hash(answer) != record["output_hash"]:
            return "its answer has changed"
    except (OSError, InputError):
        return "its answer is missing or damaged"
    return None


def answer_files(output: Path, name: str, keep: int, suffix: str) -> list[Path]:
    """List the files of an image's answer."""
    several = [*(kept_file(output, name, rank, suffix) for rank in range(keep)), deviation_file(output, name)]
    return [picture_file(output, name, suffix), *(several if keep > 1 else ())]


def files_hash(paths: Iterable[Path]) -> str:
    """Hash the contents of files, in their order; raises OSError where one cannot be read."""
    return files.fingerprint([files.digest(files.read_bytes(path)) for path in paths])
