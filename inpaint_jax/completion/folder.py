"""``inpaint complete``: a folder of pictures and holes in, completed pictures at their own sizes out.

Everything is read and checked before anything is written. Finished pictures are recorded one by one, so a job that was
interrupted goes on where it stopped, and the same command on a finished job does nothing.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inpaint_jax import checks
from inpaint_jax.completion.examination import Entry, examine, hole_set_hash, notes_on
from inpaint_jax.completion.records import (
    Records,
    answer_files,
    deviation_file,
    files_hash,
    kept_file,
    picture_file,
    record_of,
    unchanged,
    write_completions,
)
from inpaint_jax.completion.report import weights_of_terms, write_report, write_traces
from inpaint_jax.compositing import from_levels
from inpaint_jax.data import files, sheets
from inpaint_jax.data.encoding import completed
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.pictures import read_picture, write_picture
from inpaint_jax.data.places import refuse_own_input
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.views import Fitted, original
from inpaint_jax.errors import InputError, note
from inpaint_jax.runs.holes import Holes, open_holes, place_of
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.locks import locked
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.methods import one_method
from inpaint_jax.runs.model import Model
from inpaint_jax.systems.driver import Result, Task

SHEET, TILE = 16, 128  # images on the contact sheet, and their side where they have several sizes


def complete_folder(
    method: Model | str,
    images: Sequence[str],
    holes: str,
    output: str | Path,
    *,
    size: int | None = None,
    fit: str | None = None,
    train: str | None = None,
    seed: int = 0,
    keep: int = 1,
    slots: int | None = None,
    skip_errors: bool = False,
    same_format: bool = False,
) -> dict[str, Any]:
    """Complete images from files.

    Writes ``pictures/<id>.png`` at each image's own size with its known pixels untouched bit for bit: transparency, 16
    bits, colour profile, EXIF data and resolution are kept. Where nothing is missing the image is copied. It writes
    ``report.json``, ``contact_sheet.png`` and ``traces.png``. Of several completions kept, ``pictures/`` holds the
    best, ``kept/<id>/1.png``, ``2.png``, ... all of them, best first by the search's own loss, and
    ``deviation/<id>.png`` where they differ: twice the standard deviation of the levels, averaged over channels.

    Args:
      method: a trained model, or the text of a method, see ``runs.methods.open_methods``.
      images: source specs, see ``data.sources.open_source``.
      holes: a hole family, a file or folder of holes (white = missing) at the images' own sizes, or "alpha"; see
        ``runs.holes.open_holes``.
      output: made when missing; refused when it holds something else.
      size: side at which images are completed; None: that of the trained model, and the images' own size for a method
        that completes any.
      fit: how images meet that size; None: as the trained model has it, or else "crop". "around": images keep
        their own sizes, and squares around their holes are completed at the model's.
      train: source specs of training images, for a method that looks at some.
      seed: of drawn holes and latents, each keyed by its image's id.
      keep: completions per image; a search makes at least as many restarts.
      slots: images at once, as ``driver.Driver`` takes them; None: those of the config.
      skip_errors: leave bad images out and list them in the report, instead of stopping at the first.
      same_format: write JPEG, WebP, TIFF, BMP and PPM images in their own formats, not as PNG, where these hold all
        that is kept. Of a JPEG file, known pixels change as much as writing JPEG changes them.

    Returns:
      The content of ``report.json``.

    Raises:
      InputError: any bad image, hole or folder.
      Interrupted: a signal stopped the work; what is completed is kept.
    """
    checks.counts(keep=keep, slots=slots, size=size)
    output = Path(output)
    refuse_own_input(images, output)
    [opened], setting = one_method(method, size=size, fit=fit, train=train, slots=slots, k=keep)
    place = place_of(holes)
    source = open_source(images, size=setting.size, fit=setting.fit, holes=[place] if place else ())
    if not isinstance(source, Fitted):
        raise InputError("--images: give all sources the same fit=, or complete them one by one")
    gaps = open_holes(holes, source, seed=seed, images=images)
    if not skip_errors:
        gaps.check()
    entries, skipped = examine(source, gaps, skip_errors=skip_errors, same_format=same_format)
    notes = [*source.notes, *gaps.notes, *notes_on(entries, skipped, damaged=gaps.damaged)]
    for text in notes:
        note(text)
    job = {
        "method": opened.name,
        "method_hash": files.fingerprint(opened.identity),
        "pictures": files.digest("\n".join(e.id for e in entries).encode(errors="surrogateescape")),
        "holes": holes,
        "holes_hash": hole_set_hash([entry.hole for entry in entries]),
        "seed": seed,
        "keep": keep,
        **({"format": "same"} if same_format else {}),
    }
    with locked(output, "completing images", option="--output"):
        records = Records(output, job, {entry.id: entry.hash for entry in entries})
        this_call = complete_entries(opened, source, gaps, entries, records, output, job)
        finished = list(records.done.values())
        weights, remark = weights_of_terms(opened.model, [entry.hole for entry in entries], gaps.family)
        told = {
            "notes": [*notes, remark] if remark else notes,
            "weights": weights,
            "unchanged": [entry.id for entry in entries if not entry.hole.any()],
        }
        report = write_report(output, opened, job, finished, skipped, this_call, told)
        write_contact_sheet(output, source, gaps, entries, keep=keep)
        write_traces(output, weights, finished)
    print(f"{len(entries)} pictures in {output}/pictures; look at {output}/contact_sheet.png")
    return report


def complete_entries(
    method: Method,
    source: Fitted,
    holes: Holes,
    entries: Sequence[Entry],
    records: Records,
    output: Path,
    job: Mapping[str, Any],
) -> dict[str, Any]:
    """Complete the images that are not finished yet, and record each.

    Returns:
      The number of images, the seconds that they took, and evaluations of the loss per second.

    Raises:
      Interrupted: a signal stopped the work.
    """
    remaining = {entry.id: entry for entry in entries if entry.id not in records.done}
    seed, iterations = job["seed"], method.iterations()
    began, spent = time.perf_counter(), 0
    with interruption() as stop, tqdm(total=len(entries), initial=len(records.done), unit="image") as bar:
        for entry in [entry for entry in remaining.values() if not entry.hole.any()]:
            image = original(source.pictures, entry.position)
            write_completions(output, entry.id, [image] * job["keep"], entry.suffix)
            answer = files_hash(answer_files(output, entry.id, job["keep"], entry.suffix))
            records.add(unchanged(entry.id, seed=seed, suffix=entry.suffix), answer, entry.hash)
            bar.update()
        tasks = (
            Task(entry.id, *model_example(source, holes, entry), holes.family)
            for entry in remaining.values()
            if entry.hole.any()
        )
        for result in method.run(tasks, seed=seed, stop=stop, bar=bar):
            entry = remaining[result.task.id]
            write_completed(output, source, holes, entry, result)
            answer = files_hash(answer_files(output, entry.id, job["keep"], entry.suffix))
            record = record_of(result, seed=seed, iterations=iterations, suffix=entry.suffix)
            records.add(record, answer, entry.hash)
            spent += result.evaluations or 0
    if stop and len(records.done) < len(entries):
        raise stop.error(f"{len(records.done)} of {len(entries)} images are completed")
    seconds = time.perf_counter() - began
    return {
        "pictures": len(remaining),
        "seconds": round(seconds, 2),
        "evaluations_per_second": round(spent / seconds, 1),
    }


def model_example(source: Fitted, holes: Holes, entry: Entry) -> tuple[np.ndarray, np.ndarray]:
    """A picture in [-1, 1] and its hole, at the model's size."""
    picture = source.pictures[entry.position]["image"]
    damaged = holes.at_picture(entry.id, picture.shape) if holes.damaged else None
    return from_levels(source.fit.to_model(picture, damaged)), entry.hole.astype(np.float32)


def write_completed(output: Path, source: Fitted, holes: Holes, entry: Entry, result: Result) -> None:
    """The completions, carried back into the picture's own hole."""
    image = original(source.pictures, entry.position)
    hole = holes.at_picture(entry.id, image.pixels.shape)
    answers = [source.fit.carry_back(image.pixels, answer, hole) for answer in result.images]
    completions = [completed(image, answer, hole, opaque=holes.transparent) for answer in answers]
    write_completions(output, entry.id, completions, entry.suffix)


def write_contact_sheet(output, source, holes, entries, *, keep) -> None:
    """The first images: damaged, completed, where kept completions differ, and the truth where it is known."""
    first = entries[:SHEET]
    tile = source.fit if source.fit.size else Fit("resize", TILE)

    def column(files):
        return np.stack([from_levels(tile.to_model(read_picture(file))) for file in files])

    pairs = [tile_of(source, holes, entry, tile) for entry in first]
    images, gaps = (np.stack(parts) for parts in zip(*pairs, strict=True))
    columns = {"damaged": np.where(gaps > 0, 0, images)}
    if keep > 1:
        for rank in range(keep):
            columns[f"kept {rank + 1}"] = column(kept_file(output, e.id, rank, e.suffix) for e in first)
        columns["deviation"] = column(deviation_file(output, e.id) for e in first)
    else:
        columns["completed"] = column(picture_file(output, e.id, e.suffix) for e in first)
    if not holes.damaged:
        columns["truth"] = images
    write_picture(output / "contact_sheet.png", sheets.contact_sheet(columns))


def tile_of(source: Fitted, holes: Holes, entry: Entry, tile: Fit) -> tuple[np.ndarray, np.ndarray]:
    """An image in [-1, 1] and its hole, at the size of the contact sheet's tiles."""
    if tile is source.fit:
        return model_example(source, holes, entry)
    image = source.pictures[entry.position]["image"]
    hole = holes.at_picture(entry.id, image.shape)
    return from_levels(tile.to_model(image, hole)), tile.hole_to_model(hole).astype(np.float32)
