"""``inpaint complete``: a folder of pictures and holes in, completed pictures at their own sizes out.

Everything is read and checked before anything is written. Finished pictures are recorded one by one, so a job that was
interrupted goes on where it stopped, and the same command on a finished job does nothing.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import configuration, files, masks, plots, sheets
from inpaint_jax.completion import Driver, Result, Task
from inpaint_jax.data.holes import HoleFiles
from inpaint_jax.data.pictures import read_picture, write_picture
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.views import Fitted
from inpaint_jax.errors import InputError
from inpaint_jax.interruption import interruption
from inpaint_jax.model import Model
from inpaint_jax.run_record import run_record

SHEET = 16  # pictures on the contact sheet
TRACE = 100  # points of a picture's trace in its record


class Entry(NamedTuple):
    """A picture that passed the checks."""

    position: int  # in the source
    id: str
    hole: np.ndarray  # bool [S, S, 1]


def complete_folder(
    model: Model,
    images: Sequence[str],
    holes: str,
    output: str | Path,
    *,
    seed: int = 0,
    slots: int | None = None,
    skip_errors: bool = False,
) -> int:
    """Completes pictures from files.

    Writes ``pictures/<id>.png`` at each picture's own size with its known pixels untouched bit for bit,
    ``report.json``, ``contact_sheet.png`` and ``traces.png``.

    Args:
      model: a trained system.
      images: source specs, see ``data.sources.open_source``.
      holes: a hole family, or a file or folder of holes (white = missing) at the pictures' own sizes.
      output: made when missing; refused when it holds something else.
      seed: of drawn holes and latents, each keyed by its picture's id.
      slots: pictures at once per device; default the config's.
      skip_errors: leave bad pictures out and list them in the report, instead of stopping at the first.

    Returns:
      The exit code: 0, or 128 + the signal's number after a stop with everything saved.

    Raises:
      InputError: for any bad picture, hole or folder.
    """
    output = Path(output)
    source = open_source(images, size=model.config.data.size, fit=model.config.data.fit)
    if not isinstance(source, Fitted):
        raise InputError("--images: give all sources the same fit=, or complete them one by one")
    opened = Holes(holes, source, seed=seed)
    entries, skipped = examine(source, opened, skip_errors=skip_errors)
    stacked = np.stack([entry.hole for entry in entries]).astype(np.float32)
    job = {
        "config": configuration.fingerprint(model.config),
        "steps": {name: int(state.step) for name, state in model.states.items()},
        "pictures": hashlib.sha256("\n".join(e.id for e in entries).encode()).hexdigest()[:16],
        "holes": holes,
        "holes_hash": masks.holes_hash(stacked),
        "seed": seed,
    }
    records = Records(output, job)
    remaining = [entry for entry in entries if entry.id not in records.done]
    began, completed = time.perf_counter(), 0
    with interruption() as stop, tqdm(total=len(entries), initial=len(records.done), unit="image") as bar:
        driver = Driver(model.system, model.states, slots=slots or model.config.search.slots)
        tasks = (Task(e.id, *model_example(source, opened, e)) for e in remaining)
        index = {entry.id: entry for entry in remaining}
        for result in driver.run(tasks, seed=seed, stop=stop, on_chunk=lambda count: bar.set_postfix(chunk=count)):
            entry = index[result.task.id]
            write_completed(output, source, opened, entry, result)
            records.add(record_of(entry, result, seed))
            completed += 1
            bar.update()
        if stop.signal:
            done = f"{len(records.done)} of {len(entries)} pictures done"
            print(f"stopped with {done}; the same command goes on from there", file=sys.stderr)
            return 128 + stop.signal
    seconds = time.perf_counter() - began
    write_report(output, model, job, records, skipped, pictures=completed, seconds=seconds)
    write_pictures(output, model, source, opened, entries, records)
    print(f"{len(entries)} pictures in {output}/pictures; look at {output}/contact_sheet.png")
    return 0


class Holes:
    """One hole per picture: drawn from a family by the picture's id, or read from files."""

    def __init__(self, spec: str, source: Fitted, *, seed: int):
        self.fit, names = source.fit, [source.id(i) for i in range(len(source))]
        self.files: HoleFiles | None = None
        self.drawn: dict[str, np.ndarray] = {}
        if spec.partition(":")[0] in masks.FAMILIES:
            drawn = masks.evaluation_holes(spec, ids=names, size=self.fit.size, seed=seed) > 0
            self.drawn = dict(zip(names, drawn, strict=True))
        elif Path(spec).exists():
            self.files = HoleFiles(spec, names)
        else:
            raise InputError(
                f"--holes: {spec!r} is no file, no folder and no family; families: {', '.join(masks.FAMILIES)}"
            )

    def at_picture(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """bool ``[H, W]``, at the picture's own size ``shape``."""
        if self.files:
            return self.files.at_picture(name, shape, self.fit)
        return self.fit.hole_to_picture(self.drawn[name], shape)

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """bool ``[S, S, 1]``, for a picture of size ``shape``."""
        if self.files:
            return self.files.at_model(name, shape, self.fit)
        self.fit.box(shape)  # refuses a picture that the crop does not fit into
        return self.drawn[name]


def examine(source: Fitted, holes: Holes, *, skip_errors: bool) -> tuple[list[Entry], dict[str, str]]:
    """Reads every picture and hole once; what is wrong is raised here, or listed by id."""
    entries, skipped = [], {}
    for i in tqdm(range(len(source)), desc="checking", unit="image", leave=False, delay=2):
        name = source.id(i)
        try:
            picture = source.pictures[i]["image"]
            hole = holes.at_model(name, picture.shape)
            if hole.all():
                raise InputError("no pixel is known at the model's size")
            entries.append(Entry(i, name, hole))
        except InputError as error:
            if not skip_errors:
                raise InputError(f"{error} (picture {name!r})" if name not in str(error) else str(error)) from error
            skipped[name] = str(error)
    if not entries:
        raise InputError(
            f"no picture is left to complete; the first was refused because {next(iter(skipped.values()))}"
        )
    return entries, skipped


def model_example(source: Fitted, holes: Holes, entry: Entry) -> tuple[np.ndarray, np.ndarray]:
    """A picture in [-1, 1] and its hole, at the model's size."""
    picture = source.pictures[entry.position]["image"]
    damaged = holes.at_picture(entry.id, picture.shape) if holes.files else None
    return sheets.from_uint8(source.fit.to_model(picture, damaged)), entry.hole.astype(np.float32)


def picture_file(output: Path, name: str) -> Path:
    """Where a completed picture goes."""
    return output / "pictures" / f"{name}.png"


def write_completed(output: Path, source: Fitted, holes: Holes, entry: Entry, result: Result) -> None:
    """The completion, carried back into the picture's own hole."""
    picture = source.pictures[entry.position]["image"]
    whole = source.fit.carry_back(picture, result.images[0], holes.at_picture(entry.id, picture.shape))
    write_picture(picture_file(output, entry.id), whole)


def record_of(entry: Entry, result: Result, seed: int) -> dict[str, Any]:
    """What the report says of one picture."""
    every = max(1, -(-len(next(iter(result.traces.values()), ())) // TRACE))
    return {
        "id": entry.id,
        "seed": seed,
        "hole_share": round(float(entry.hole.mean()), 6),
        "losses": {name: float(values[0]) for name, values in result.losses.items()},
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
        self.done = {record["id"]: record for record in self._lines()}

    def _lines(self) -> Iterator[dict[str, Any]]:
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
        self.done[record["id"]] = record


def write_report(output, model, job, records, skipped, *, pictures, seconds) -> None:
    """``report.json``."""
    shown = [
        {k: v for k, v in record.items() if k not in ("traces", "trace_every")} for record in records.done.values()
    ]
    iterations = model.config.search.iterations
    report = {
        "job": job,
        "run": run_record(model.config),
        "this_call": {
            "pictures": pictures,
            "seconds": round(seconds, 2),
            "image_iterations_per_second": round(pictures * iterations / seconds, 2) if pictures else None,
        },
        "skipped": skipped,
        "images": sorted(shown, key=lambda record: record["id"]),
    }
    files.write_json(output / "report.json", report)


def write_pictures(output, model, source, holes, entries, records) -> None:
    """The contact sheet, with the truth where the pictures came whole, and the plot of the losses' traces."""
    first = entries[:SHEET]
    pairs = [model_example(source, holes, entry) for entry in first]
    images, gaps = (np.stack(parts) for parts in zip(*pairs, strict=True))
    completed = [source.fit.to_model(read_picture(picture_file(output, entry.id))) for entry in first]
    columns = {"damaged": np.where(gaps > 0, 0, images), "completed": sheets.from_uint8(np.stack(completed))}
    if not holes.files:
        columns["truth"] = images
    sheets.save_png(output / "contact_sheet.png", sheets.contact_sheet(columns))
    traced = [record for record in records.done.values() if record["traces"]]
    if traced:
        every = traced[0]["trace_every"]
        traces = {name: np.array([record["traces"][name] for record in traced]) for name in traced[0]["traces"]}
        weights = {label: term.get("weight", 1.0) for label, term in model.config.losses.items()}
        plots.plot_traces(output / "traces.png", traces, {**weights, "total": 1.0}, every=every)
