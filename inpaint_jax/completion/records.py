"""Files of a folder job: its identity, the completed images, and a record per image."""

import contextlib
import json
import os
import shutil
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inpaint_jax.completion.examination import Entries
from inpaint_jax.data import files
from inpaint_jax.data.encoding import encode
from inpaint_jax.data.image_files import read_image, write_image
from inpaint_jax.data.json_files import each_line, encoded, parse, read_json, seal, verified
from inpaint_jax.data.originals import Original
from inpaint_jax.errors import InputError, note, some_of
from inpaint_jax.runs.locks import HOLDER, LOCK
from inpaint_jax.runs.shares import SHARES, Share, share_folders
from inpaint_jax.systems.driver import Result

TRACE = 100  # maximum number of points of a trace in a record
NAMED = 5  # maximum number of images named in a message
HOLES = "holes_hash"  # key in the identity of a job; None in the identity of a share
RECORD = {"id": str, "losses": dict, "evaluations": int | None, "trace_every": int, "traces": dict}


def image_file(output: Path, name: str, suffix: str = ".png") -> Path:
    """Return the path of a completed image."""
    return output / "images" / f"{name}{suffix}"


def kept_file(output: Path, name: str, rank: int, suffix: str = ".png") -> Path:
    """Return the path of one of several completions; the best has rank 0."""
    return output / "kept" / name / f"{rank + 1}{suffix}"


def deviation_file(output: Path, name: str) -> Path:
    """Return the path of the deviation map of several completions."""
    return output / "deviation" / f"{name}.png"


def write_completions(
    output: Path, name: str, completions: Sequence[Original], suffix: str
) -> None:
    """Write the completions of one image, best first; the main file last, to mark the end."""
    if len(completions) > 1:
        for rank, completed in enumerate(completions):
            files.write_bytes(
                kept_file(output, name, rank, suffix), encode(completed, suffix=suffix)
            )
        pixels = np.stack([completed.rgb for completed in completions])
        write_image(deviation_file(output, name), deviation(pixels))
    files.write_bytes(image_file(output, name, suffix), encode(completions[0], suffix=suffix))


def deviation(completions: np.ndarray) -> np.ndarray:
    """Map where the completions of one image differ.

    Args:
      completions: uint8 ``[K, H, W, C]``.

    Returns:
      uint8 ``[H, W]``: twice the standard deviation over the completions, averaged over channels.
      It fits because the standard deviation of numbers in [0, 255] is at most 127.5. Exactly 0
      where all completions agree.
    """
    return np.rint(2 * completions.std(axis=0, dtype=np.float64).mean(axis=-1)).astype(np.uint8)


def record_of(
    result: Result, *, seed: int, iterations: int, suffix: str = ".png"
) -> dict[str, Any]:
    """Create the record of one image, with subsampled traces.

    Args:
      result: result of the driver.
      seed: seed of the job.
      iterations: iterations of a full search.
      suffix: suffix of the output files.
    """
    every = max(1, -(-iterations // TRACE))
    return {
        "id": result.task.id,
        "seed": seed,
        "suffix": suffix,
        "hole_share": round(float(result.task.hole.mean()), 6),
        "losses": {
            name: [float(value) for value in values] for name, values in result.losses.items()
        },
        "evaluations": result.evaluations,
        "trace_every": every,
        "traces": {
            name: [float(f"{v:.5g}") for v in values[::every]]
            for name, values in result.traces.items()
        },
    }


def unchanged(name: str, *, seed: int, suffix: str) -> dict[str, Any]:
    """Create the record of an image without missing pixels."""
    empty = {"hole_share": 0.0, "losses": {}, "evaluations": None, "trace_every": 1, "traces": {}}
    return {"id": name, "seed": seed, "suffix": suffix, **empty}


class Records:
    """The finished images of a job, in ``records.jsonl``: one line per image.

    A line is written after the output files of its image. An image counts as finished if its record
    is complete and its output files, input image and hole are unchanged; any other is completed
    again. Every share reads all records and appends to a separate file. A process that works on the
    whole job merges these files. Memory holds the file position of each record, not the record.

    Args:
      output: folder of the job; this process has locked it, or its share.
      job: identity of the job.
      entries: images of the job, or of the share.
      share: share of this process; None: the whole job.

    Raises:
      InputError: the folder holds another job or anything else, or a damaged record before the
        last.
    """

    def __init__(
        self, output: Path, job: dict[str, Any], entries: Entries, *, share: Share | None = None
    ):
        check_job(output, job)
        self.output, self.job, self.entries = output, job, entries
        self.file = (share.folder(output) if share else output) / "records.jsonl"
        others = [output, *share_folders(output)]
        self._files = [
            self.file,
            *(found for f in others if (found := f / "records.jsonl") != self.file),
        ]
        self._source = array("l", [-1]) * len(entries)  # index into self._files; -1: not finished
        self._place = array("q", [0]) * len(entries)
        self._count = 0
        renewed: dict[str, str] = {}
        lines = sum(self._read(number, renewed) for number in range(len(self._files)))
        reasons = [f"{name} ({reason})" for name, reason in renewed.items() if name not in self]
        if reasons:
            note(f"completing again {some_of(reasons, 'finished image', most=NAMED)}")
        if not share and (lines > len(self) or len(self._files) > 1):
            self._collect()

    def __len__(self) -> int:
        return self._count

    def __contains__(self, name: str) -> bool:
        return self._source[self.entries.rows[name]] >= 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the records of all finished images, sorted by id."""
        rows = sorted(self._finished(), key=self.entries.names.__getitem__)
        return (verified(parse(line), RECORD) for line in self._lines(rows))

    def add(self, record: Mapping[str, Any], output_hash: str, input_hash: str) -> None:
        """Append a record; call it after writing the output files."""
        text = json.dumps(seal({**record, "input_hash": input_hash, "output_hash": output_hash}))
        files.append_line(self.file, text, every_process=True)
        self._finish(
            self.entries.rows[record["id"]], 0, self.file.stat().st_size - len(text.encode()) - 1
        )

    def _finish(self, row: int, source: int, place: int) -> None:
        self._count += self._source[row] < 0
        self._source[row], self._place[row] = source, place

    def _finished(self) -> list[int]:
        return [row for row, source in enumerate(self._source) if source >= 0]

    def _read(self, number: int, renewed: dict[str, str]) -> int:
        """Register the finished images of a records file; return its number of lines."""
        file, lines, end = self._files[number], 0, 0
        remedy = "delete that line and repeat the command, which completes its image again"
        found = each_line(file, RECORD, remedy=remedy)
        found = tqdm(found, "checking answers", unit="image", leave=False, delay=2)
        for place, end, record in found:  # noqa: B007
            lines += 1
            row = self.entries.rows.get(record["id"])
            if row is None or self._source[row] >= 0:
                continue
            if reason := stale(self.output, record, self.job, self.entries[row].hash):
                renewed[record["id"]] = reason
            else:
                self._finish(row, number, place)
        if number == 0 and file.exists() and file.stat().st_size > end:  # a line cut off by a kill
            os.truncate(file, end)
        return lines

    def _lines(self, rows: Sequence[int]) -> Iterator[bytes]:
        """Yield the lines of the records of some rows."""
        with contextlib.ExitStack() as stack:
            opened = {
                number: stack.enter_context(open(self._files[number], "rb"))
                for number in {self._source[row] for row in rows}
            }
            for row in rows:
                file = opened[self._source[row]]
                file.seek(self._place[row])
                yield file.readline()

    def _collect(self) -> None:
        """Merge the valid records of all shares into one file."""
        rows = sorted(self._finished(), key=lambda row: (self._source[row], self._place[row]))
        places = []
        with files.replacing(self.file) as written:
            for line in self._lines(rows):
                places.append(written.tell())
                written.write(line.rstrip(b"\n") + b"\n")
        for row, place in zip(rows, places, strict=True):
            self._source[row], self._place[row] = 0, place
        self._files = [self.file]
        shutil.rmtree(self.output / SHARES, ignore_errors=True)


def check_job(output: Path, job: dict[str, Any]) -> None:
    """Write ``job.json``; raise InputError if the folder holds another job or anything else.

    A share does not know the hash of all holes and does not compare it.
    """
    file, remedy = output / "job.json", f"give another --output, or remove {output}"
    written = read_json(file, {"method_hash": str}, remedy=remedy)
    if written is None and not awaits_job(output):
        # another share has just begun
        written = read_json(file, {"method_hash": str}, remedy=remedy)
        if written is None:
            raise InputError(
                f"{output} is not empty and holds no job of inpaint complete: give another --output"
            )
    known = {
        key: value for key, value in (written or {}).items() if key != HOLES or value and job[key]
    }
    wanted = {key: value for key, value in job.items() if key != HOLES or HOLES in known}
    if written is not None and (
        differing := sorted(k for k in {*known, *wanted} if known.get(k) != wanted.get(k))
    ):
        raise InputError(
            f"{output} holds another job (other {', '.join(differing)}): give another "
            "--output, or remove it"
        )
    if written is None or (job[HOLES] and not written.get(HOLES)):
        files.write_bytes(file, encoded(job))


def awaits_job(output: Path) -> bool:
    """Return True if a folder holds only locks, the folder of shares and temporary files."""
    names = {entry.name for entry in output.iterdir()}
    return not {
        name for name in names - {LOCK, HOLDER, SHARES} if not files.TEMPORARY.fullmatch(name)
    }


def stale(
    output: Path, record: Mapping[str, Any], job: Mapping[str, Any], input_hash: str
) -> str | None:
    """Return why an image must be completed again; None if its output is valid."""
    if record.get("input_hash", input_hash) != input_hash:
        return "its image or hole has changed"
    answer = answer_files(output, record["id"], job["keep"], record.get("suffix", ".png"))
    try:
        if "output_hash" not in record:  # written by an older version: accept readable files
            for file in answer:
                read_image(file)
        elif files_hash(answer) != record["output_hash"]:
            return "its output has changed"
    except (OSError, InputError):
        return "its output is missing or damaged"
    return None


def answer_files(output: Path, name: str, keep: int, suffix: str) -> list[Path]:
    """List the output files of an image."""
    several = [
        *(kept_file(output, name, rank, suffix) for rank in range(keep)),
        deviation_file(output, name),
    ]
    return [image_file(output, name, suffix), *(several if keep > 1 else ())]


def files_hash(paths: Iterable[Path]) -> str:
    """Hash the contents of files in order; raise OSError if one cannot be read."""
    return files.fingerprint([files.digest(files.read_bytes(path)) for path in paths])
