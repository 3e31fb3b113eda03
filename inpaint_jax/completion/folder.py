"""``inpaint complete``: a folder of pictures and holes in, completed pictures at their own sizes out.

Everything is read and checked before anything is written. Finished pictures are recorded one by one, so a job that was
interrupted goes on where it stopped, and the same command on a finished job does nothing.
"""

import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import masks
from inpaint_jax.completion.records import (
    Records,
    deviation_file,
    kept_file,
    picture_file,
    record_of,
    write_completions,
)
from inpaint_jax.completion.report import write_report, write_traces
from inpaint_jax.compositing import from_levels
from inpaint_jax.data import sheets
from inpaint_jax.data.holes import HoleFiles
from inpaint_jax.data.pictures import read_picture, write_picture
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.views import Fitted
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.model import Model
from inpaint_jax.systems.driver import Driver, Result, Task

SHEET = 16  # pictures on the contact sheet


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
    keep: int = 1,
    slots: int | None = None,
    skip_errors: bool = False,
) -> int:
    """Completes pictures from files.

    Writes ``pictures/<id>.png`` at each picture's own size with its known pixels untouched bit for bit,
    ``report.json``, ``contact_sheet.png`` and ``traces.png``. Of several completions kept, ``pictures/`` holds the
    best, ``kept/<id>/1.png``, ``2.png``, ... all of them, best first by the search's own loss, and
    ``deviation/<id>.png`` where they differ: twice the standard deviation of the levels, averaged over channels.

    Args:
      model: a trained system.
      images: source specs, see ``data.sources.open_source``.
      holes: a hole family, or a file or folder of holes (white = missing) at the pictures' own sizes.
      output: made when missing; refused when it holds something else.
      seed: of drawn holes and latents, each keyed by its picture's id.
      keep: completions per picture; a search makes at least as many restarts.
      slots: pictures at once, as ``driver.Driver`` takes them; default the config's.
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
        "keep": keep,
    }
    driver = Driver(model.system, model.states, slots=slots or model.config.search.slots, k=keep)
    records = Records(output, job)
    remaining = [entry for entry in entries if entry.id not in records.done]
    iterations = model.config.get("search", {}).get("iterations", 1)
    began, completed, spent = time.perf_counter(), 0, 0
    with interruption() as stop, tqdm(total=len(entries), initial=len(records.done), unit="image") as bar:
        tasks = (Task(e.id, *model_example(source, opened, e)) for e in remaining)
        index = {entry.id: entry for entry in remaining}
        for result in driver.run(tasks, seed=seed, stop=stop, on_chunk=lambda count: bar.set_postfix(chunk=count)):
            entry = index[result.task.id]
            write_completed(output, source, opened, entry, result)
            records.add(record_of(result, seed=seed, iterations=iterations))
            completed, spent = completed + 1, spent + (result.evaluations or 0)
            bar.update()
        if stop.signal:
            done = f"{len(records.done)} of {len(entries)} pictures done"
            print(f"stopped with {done}; the same command goes on from there", file=sys.stderr)
            return 128 + stop.signal
    seconds = time.perf_counter() - began
    finished = list(records.read())
    this_call = {
        "pictures": completed,
        "seconds": round(seconds, 2),
        "evaluations_per_second": round(spent / seconds, 1),
    }
    write_report(output, model, job, finished, skipped, this_call)
    write_contact_sheet(output, source, opened, entries, keep=keep)
    write_traces(output, model, finished)
    print(f"{len(entries)} pictures in {output}/pictures; look at {output}/contact_sheet.png")
    return 0


class Holes:
    """One hole per picture: drawn from a family by the picture's id, or read from files."""

    def __init__(self, spec: str, source: Fitted, *, seed: int):
        self.fit, names = source.fit, [source.id(i) for i in range(len(source))]
        self.files: HoleFiles | None = None
        self.drawn: dict[str, np.ndarray] = {}
        if Path(spec).exists() and spec not in masks.FAMILIES:
            self.files = HoleFiles(spec, names)
        elif masks.names_family(spec):
            drawn = masks.evaluation_holes(spec, ids=names, size=self.fit.size, seed=seed) > 0
            self.drawn = dict(zip(names, drawn, strict=True))
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
    return from_levels(source.fit.to_model(picture, damaged)), entry.hole.astype(np.float32)


def write_completed(output: Path, source: Fitted, holes: Holes, entry: Entry, result: Result) -> None:
    """The completions, carried back into the picture's own hole."""
    picture = source.pictures[entry.position]["image"]
    hole = holes.at_picture(entry.id, picture.shape)
    write_completions(output, entry.id, [source.fit.carry_back(picture, image, hole) for image in result.images])


def write_contact_sheet(output, source, holes, entries, *, keep) -> None:
    """The first pictures: damaged, completed, where kept completions differ, and the truth where it is known."""
    first = entries[:SHEET]

    def at_model(file):
        return from_levels(source.fit.to_model(read_picture(file)))

    pairs = [model_example(source, holes, entry) for entry in first]
    images, gaps = (np.stack(parts) for parts in zip(*pairs, strict=True))
    columns = {"damaged": np.where(gaps > 0, 0, images)}
    if keep > 1:
        for rank in range(keep):
            columns[f"kept {rank + 1}"] = np.stack([at_model(kept_file(output, e.id, rank)) for e in first])
        columns["deviation"] = np.stack([at_model(deviation_file(output, e.id)) for e in first])
    else:
        columns["completed"] = np.stack([at_model(picture_file(output, e.id)) for e in first])
    if not holes.files:
        columns["truth"] = images
    write_picture(output / "contact_sheet.png", sheets.contact_sheet(columns))
