"""``inpaint complete``: a folder of pictures and holes in, completed pictures at their own sizes out.

Everything is read and checked before anything is written. Finished pictures are recorded one by one, so a job that was
interrupted goes on where it stopped, and the same command on a finished job does nothing.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import checks
from inpaint_jax.completion.contact_sheet import SHEET, write_contact_sheet
from inpaint_jax.completion.examination import Entries, Entry, examine, notes_on
from inpaint_jax.completion.records import (
    Records,
    answer_files,
    files_hash,
    record_of,
    unchanged,
    write_completions,
)
from inpaint_jax.completion.report import Told, weights_of_terms, write_report
from inpaint_jax.compositing import from_levels
from inpaint_jax.data import files
from inpaint_jax.data.ahead import ahead
from inpaint_jax.data.encoding import completed
from inpaint_jax.data.places import refuse_own_input
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.views import Fitted, Subset, ids, original
from inpaint_jax.errors import InputError, note
from inpaint_jax.runs import shares
from inpaint_jax.runs.holes import Holes, at_model, open_holes, place_of
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.methods import one_method
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.shares import Share
from inpaint_jax.systems.driver import Result, Task


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
    share: str | None = None,
) -> dict[str, Any] | None:
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
      share: "3/8": complete the third of eight shares, which never have to meet; any number of shares goes on
        where others have stopped. "report": write the report when all images are completed. "processes": give every
        process of ``jax.distributed`` a share; the first writes the report. None: everything.

    Returns:
      The content of ``report.json`` without "images"; None where only a share was completed.

    Raises:
      InputError: any bad image, hole or folder.
      Interrupted: a signal stopped the work; what is completed is kept.
    """
    checks.counts(keep=keep, slots=slots, size=size)
    output, wanted = Path(output), shares.parse(share)
    refuse_own_input(images, output)
    [opened], setting = one_method(method, size=size, fit=fit, train=train, slots=slots, k=keep)
    place = place_of(holes)
    source = open_source(images, size=setting.size, fit=setting.fit, holes=[place] if place else ())
    if not isinstance(source, Fitted):
        raise InputError("--images: give all sources the same fit=, or complete them one by one")
    folder = Folder(opened, source, images, holes, output, seed, keep, skip_errors, same_format)
    if wanted == shares.PROCESSES:
        shares.by_processes(folder.complete, lambda: folder.complete(report=True))
        return None
    if isinstance(wanted, shares.Share):
        return folder.complete(wanted)
    return folder.complete(report=wanted == shares.REPORT)


class Folder(NamedTuple):
    """A job on files, of which this process does all or a share; see ``complete_folder``."""

    method: Method
    source: Fitted
    images: Sequence[str]
    holes: str
    output: Path
    seed: int
    keep: int
    skip_errors: bool
    same_format: bool

    def complete(self, share: Share | None = None, *, report: bool = False) -> dict[str, Any] | None:
        """Complete the images of a share, or all that remain; write the report of the whole job.

        Args:
          share: whose images are completed, without a report; None: all.
          report: only write the report, and complete nothing.

        Returns:
          The report without "images"; None for a share.

        Raises:
          InputError: any bad image, hole or folder; a report of images that are not all completed.
          Interrupted: a signal stopped the work.
        """
        part = self.source
        if share:
            chosen = [i for i, name in enumerate(ids(self.source)) if share.takes(name)]
            if not chosen:
                print(f"share {share.number} of {share.total} has no image")
                return None
            part = Fitted(Subset(self.source.pictures, chosen), self.source.fit)
        holes = open_holes(self.holes, self.source, seed=self.seed, images=self.images, part=part)
        if not self.skip_errors:
            holes.check()
        side = self.method.model.system.size if self.method.model and not share else None
        entries, skipped, holes_hash, sample = examine(
            part, holes, skip_errors=self.skip_errors, same_format=self.same_format, side=side
        )
        notes = [*part.notes, *holes.notes, *notes_on(entries, skipped, damaged=holes.damaged)]
        for text in notes:
            note(text)
        job = self.identity(None if share else holes_hash)
        with shares.working(self.output, share, "completing images"):
            records = Records(self.output, job, entries, share=share)
            if report and len(records) < len(entries):
                left = len(entries) - len(records)
                raise InputError(
                    f"{self.output}: {left} of {len(entries)} images are not completed: run their shares, or "
                    "complete them without --share"
                )
            this_call = complete_entries(self.method, part, holes, entries, records, self.output, job)
            if share:
                print(f"share {share.number} of {share.total}: {len(entries)} pictures in {self.output}/pictures")
                return None
            weights, remark = weights_of_terms(self.method.model, sample, holes.family)
            unchanged = [entry.id for entry in entries if entry.empty]
            told = Told([*notes, remark] if remark else notes, weights, unchanged)
            written = write_report(self.output, self.method, job, records, skipped, this_call, told)
            first = [entries[row] for row in range(min(SHEET, len(entries)))]
            write_contact_sheet(self.output, part, holes, first, keep=self.keep)
        print(f"{len(entries)} pictures in {self.output}/pictures; look at {self.output}/contact_sheet.png")
        return written

    def identity(self, holes_hash: str | None) -> dict[str, Any]:
        """What identifies the job."""
        return {
            "method": self.method.name,
            "method_hash": files.fingerprint(self.method.identity),
            "pictures": files.digest("\n".join(ids(self.source)).encode(errors="surrogateescape")),
            "holes": self.holes,
            "holes_hash": holes_hash,
            "seed": self.seed,
            "keep": self.keep,
            **({"format": "same"} if self.same_format else {}),
        }


def complete_entries(
    method: Method,
    source: Fitted,
    holes: Holes,
    entries: Entries,
    records: Records,
    output: Path,
    job: Mapping[str, Any],
) -> dict[str, Any]:
    """Complete the images that are not finished yet, and record each.

    Images are decoded ahead of the device on some threads. Memory holds those that are under completion.

    Returns:
      The number of images, the seconds that they took, and evaluations of the loss per second.

    Raises:
      Interrupted: a signal stopped the work.
    """
    remaining = len(entries) - len(records)
    seed, iterations, keep = job["seed"], method.iterations(), job["keep"]
    began, spent = time.perf_counter(), 0
    with interruption() as stop, tqdm(total=len(entries), initial=len(records), unit="image") as bar:
        for entry in (entry for entry in entries if entry.empty and entry.id not in records):
            image = original(source.pictures, entry.position)
            write_completions(output, entry.id, [image] * keep, entry.suffix)
            answer = files_hash(answer_files(output, entry.id, keep, entry.suffix))
            records.add(unchanged(entry.id, seed=seed, suffix=entry.suffix), answer, entry.hash)
            bar.update()
        left = (entry for entry in entries if not entry.empty and entry.id not in records)
        under_way: dict[str, Entry] = {}
        for result in method.run(tasks_of(source, holes, left, under_way), seed=seed, stop=stop, bar=bar):
            entry = under_way.pop(result.task.id)
            write_completed(output, source, holes, entry, result)
            answer = files_hash(answer_files(output, entry.id, keep, entry.suffix))
            record = record_of(result, seed=seed, iterations=iterations, suffix=entry.suffix)
            records.add(record, answer, entry.hash)
            spent += result.evaluations or 0
    if stop and len(records) < len(entries):
        raise stop.error(f"{len(records)} of {len(entries)} images are completed")
    seconds = time.perf_counter() - began
    return {
        "pictures": remaining,
        "seconds": round(seconds, 2),
        "evaluations_per_second": round(spent / seconds, 1),
    }


def tasks_of(source: Fitted, holes: Holes, entries: Iterable[Entry], under_way: dict[str, Entry]) -> Iterator[Task]:
    """Read the images of entries ahead; an entry is in ``under_way`` from the moment that its task is taken."""

    def read(entry: Entry) -> tuple[Entry, Task]:
        return entry, Task(entry.id, *model_example(source, holes, entry), holes.family)

    for entry, task in ahead(read, entries):
        under_way[entry.id] = entry
        yield task


def model_example(source: Fitted, holes: Holes, entry: Entry) -> tuple[np.ndarray, np.ndarray]:
    """A picture in [-1, 1] and its hole, at the model's size."""
    picture = source.pictures[entry.position]["image"]
    damaged = holes.at_picture(entry.id, picture.shape) if holes.damaged else None
    hole = at_model(holes, entry.id, picture.shape)
    return from_levels(source.fit.to_model(picture, damaged)), hole.astype(np.float32)


def write_completed(output: Path, source: Fitted, holes: Holes, entry: Entry, result: Result) -> None:
    """The completions, carried back into the picture's own hole."""
    image = original(source.pictures, entry.position)
    hole = holes.at_picture(entry.id, image.pixels.shape)
    answers = [source.fit.carry_back(image.pixels, answer, hole) for answer in result.images]
    completions = [completed(image, answer, hole, opaque=holes.transparent) for answer in answers]
    write_completions(output, entry.id, completions, entry.suffix)
