"""``inpaint complete``: complete a folder of images and holes at the original image sizes.

All input is read and checked before anything is written. Each finished image is recorded, so an
interrupted job resumes where it stopped. Repeating the command on a finished job does nothing.
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
from inpaint_jax.completion.report import Remarks, weights_of_terms, write_report
from inpaint_jax.compositing import from_uint8
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

    Writes ``images/<id>.png`` at the original size of each image, with known pixels unchanged bit
    for bit. Transparency, 16 bits, colour profile, EXIF data and resolution are kept. An image
    without missing pixels is copied. Also writes ``report.json``, ``contact_sheet.png`` and
    ``traces.png``. With several completions, ``images/`` holds the best, ``kept/<id>/1.png``,
    ``2.png``, ... hold all, best first by the loss of the search, and ``deviation/<id>.png`` shows
    where they differ: twice the standard deviation of the 8-bit values, averaged over channels.

    Args:
      method: a trained model, or a method spec, see ``runs.methods.open_methods``.
      images: source specs, see ``data.sources.open_source``.
      holes: a hole family, a file or folder of holes (white = missing) at the original image sizes,
        or "alpha"; see ``runs.holes.open_holes``.
      output: output folder, created if missing; refused if it holds anything else.
      size: side at which images are completed; None: the side of the trained model, or the original
        size for a method that accepts any.
      fit: how to fit images to that size; None: as in the trained model's config, or "crop".
        "around": images keep their sizes, and squares around the holes are completed at the model's
        size.
      train: source specs of training images, for a method that needs some.
      seed: random seed of holes and latents; keys also depend on the image id.
      keep: completions per image; a search runs at least as many restarts.
      slots: images at once, as in ``driver.Driver``; None: as in the config.
      skip_errors: skip bad images and list them in the report, instead of stopping at the first.
      same_format: write JPEG, WebP, TIFF, BMP and PPM images in their original format instead of
        PNG, if that format can hold everything that is kept. In a JPEG file, known pixels change by
        JPEG compression.
      share: "3/8": complete the third of eight shares, without coordination; a different number of
        shares can resume the work. "report": write the report once all images are completed.
        "processes": give every process of ``jax.distributed`` a share; the first process writes the
        report. None: everything.

    Returns:
      The content of ``report.json`` without "images"; None if only a share was completed.

    Raises:
      InputError: any bad image, hole or folder.
      Interrupted: a signal stopped the work; completed images are kept.
    """
    checks.counts(keep=keep, slots=slots, size=size)
    output, wanted = Path(output), shares.parse(share)
    refuse_own_input(images, output)
    [opened], setting = one_method(method, size=size, fit=fit, train=train, slots=slots, k=keep)
    place = place_of(holes)
    source = open_source(images, size=setting.size, fit=setting.fit, holes=[place] if place else ())
    if not isinstance(source, Fitted):
        raise InputError(
            "--images: the sources have different fit= options: give all the same, or "
            "complete them one by one"
        )
    folder = Folder(opened, source, images, holes, output, seed, keep, skip_errors, same_format)
    if wanted == shares.PROCESSES:
        shares.by_processes(folder.complete, lambda: folder.complete(report=True))
        return None
    if isinstance(wanted, shares.Share):
        return folder.complete(wanted)
    return folder.complete(report=wanted == shares.REPORT)


class Folder(NamedTuple):
    """A job on files, done whole or as a share by this process; see ``complete_folder``."""

    method: Method
    source: Fitted
    images: Sequence[str]
    holes: str
    output: Path
    seed: int
    keep: int
    skip_errors: bool
    same_format: bool

    def complete(
        self, share: Share | None = None, *, report: bool = False
    ) -> dict[str, Any] | None:
        """Complete the images of a share, or all remaining images and write the report.

        Args:
          share: share to complete, without a report; None: all images.
          report: write only the report; complete nothing.

        Returns:
          The report without "images"; None for a share.

        Raises:
          InputError: any bad image, hole or folder; or a report before all images are completed.
          Interrupted: a signal stopped the work.
        """
        part = self.source
        if share:
            chosen = [i for i, name in enumerate(ids(self.source)) if share.takes(name)]
            if not chosen:
                print(f"share {share.number} of {share.total} has no images")
                return None
            part = Fitted(Subset(self.source.images, chosen), self.source.fit)
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
                    f"{self.output}: {left} of {len(entries)} images are not completed: run the "
                    "missing shares, or run without --share"
                )
            this_call = complete_entries(
                self.method, part, holes, entries, records, self.output, job
            )
            if share:
                print(
                    f"share {share.number} of {share.total}: {len(entries)} images in "
                    f"{self.output}/images"
                )
                return None
            weights, remark = weights_of_terms(self.method.model, sample, holes.family)
            unchanged = [entry.id for entry in entries if entry.empty]
            remarks = Remarks([*notes, remark] if remark else notes, weights, unchanged)
            written = write_report(
                self.output, self.method, job, records, skipped, this_call, remarks
            )
            first = [entries[row] for row in range(min(SHEET, len(entries)))]
            write_contact_sheet(self.output, part, holes, first, keep=self.keep)
        print(
            f"{len(entries)} images in {self.output}/images; look at "
            f"{self.output}/contact_sheet.png"
        )
        return written

    def identity(self, holes_hash: str | None) -> dict[str, Any]:
        """Return the identity of the job."""
        return {
            "method": self.method.name,
            "method_hash": files.fingerprint(self.method.identity),
            "images": files.digest("\n".join(ids(self.source)).encode(errors="surrogateescape")),
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
    """Complete and record the remaining images.

    Threads decode images ahead of the device. Memory holds only the images being completed.

    Returns:
      The number of images, the seconds, and the loss evaluations per second.

    Raises:
      Interrupted: a signal stopped the work.
    """
    remaining = len(entries) - len(records)
    seed, iterations, keep = job["seed"], method.iterations(), job["keep"]
    began, spent = time.perf_counter(), 0
    with (
        interruption() as stop,
        tqdm(total=len(entries), initial=len(records), unit="image") as bar,
    ):
        for entry in (entry for entry in entries if entry.empty and entry.id not in records):
            image = original(source.images, entry.position)
            write_completions(output, entry.id, [image] * keep, entry.suffix)
            answer = files_hash(answer_files(output, entry.id, keep, entry.suffix))
            records.add(unchanged(entry.id, seed=seed, suffix=entry.suffix), answer, entry.hash)
            bar.update()
        left = (entry for entry in entries if not entry.empty and entry.id not in records)
        under_way: dict[str, Entry] = {}
        for result in method.run(
            tasks_of(source, holes, left, under_way), seed=seed, stop=stop, bar=bar
        ):
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
        "images": remaining,
        "seconds": round(seconds, 2),
        "evaluations_per_second": round(spent / seconds, 1),
    }


def tasks_of(
    source: Fitted, holes: Holes, entries: Iterable[Entry], under_way: dict[str, Entry]
) -> Iterator[Task]:
    """Read the images of entries ahead of their use.

    Adds each entry to ``under_way`` when its task is taken.
    """

    def read(entry: Entry) -> tuple[Entry, Task]:
        return entry, Task(entry.id, *model_example(source, holes, entry), holes.family)

    for entry, task in ahead(read, entries):
        under_way[entry.id] = entry
        yield task


def model_example(source: Fitted, holes: Holes, entry: Entry) -> tuple[np.ndarray, np.ndarray]:
    """Return an image in [-1, 1] and its hole at the model's size."""
    image = source.images[entry.position]["image"]
    damaged = holes.at_image(entry.id, image.shape) if holes.damaged else None
    hole = at_model(holes, entry.id, image.shape)
    return from_uint8(source.fit.to_model(image, damaged)), hole.astype(np.float32)


def write_completed(
    output: Path, source: Fitted, holes: Holes, entry: Entry, result: Result
) -> None:
    """Paste the completions into the hole of the original image, and write them."""
    image = original(source.images, entry.position)
    hole = holes.at_image(entry.id, image.pixels.shape)
    answers = [source.fit.carry_back(image.pixels, answer, hole) for answer in result.images]
    completions = [completed(image, answer, hole, opaque=holes.transparent) for answer in answers]
    write_completions(output, entry.id, completions, entry.suffix)
