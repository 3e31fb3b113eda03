"""Answers of the shares of an evaluation: a file for every completed image, for the report.

A file is ``completions/<method>-<holes>-<hash>/<hash of image and hole>.npz`` in the folder of the
evaluation.
"""

import shutil
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from inpaint_jax.compositing import to_uint8
from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.masks import holes_hash
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.stored_results import family_folder
from inpaint_jax.systems.driver import Task

TRACE = "trace_"  # prefix of term names in files


class ShareAnswers:
    """The answers of one method under one family, image by image.

    Args:
      method: the method.
      image_set: all images of an evaluation, or the images of a share.
      family: family of the holes.
      folder: folder of the completions of an evaluation.
    """

    def __init__(self, method: Method, image_set: ImageSet, family: str, folder: Path):
        self.method, self.image_set, self.family = method, image_set, family
        identity = {
            "method": [*method.identity, method.slots],
            "seed": image_set.seed,
            "holes": family,
        }
        name = (
            f"{method.name.replace('/', '-')}-{family_folder(family)}-{files.fingerprint(identity)}"
        )
        self.folder = folder / name

    def file(self, row: int) -> Path:
        """Return the file of an image; the name depends on all that determines the answer."""
        pixels = files.digest(to_uint8(self.image_set.truth[row]).tobytes())
        hole = holes_hash(self.image_set.holes[self.family][row][None])
        return self.folder / f"{files.fingerprint([self.image_set.names[row], pixels, hole])}.npz"

    def read(self, row: int) -> dict[str, np.ndarray] | None:
        """Read the answer of an image: "image", "seconds" and traces; None if absent or damaged."""
        file = self.file(row)
        try:
            return (
                files.read_arrays(file, "image", "seconds", identity=file.stem)
                if file.exists()
                else None
            )
        except InputError:
            return None

    def missing(self) -> list[int]:
        """Return the rows of images without an answer."""
        return [row for row in range(len(self.image_set.names)) if self.read(row) is None]

    def complete(self, stop: StopRequest) -> None:
        """Complete the missing images; write every answer as soon as it is ready.

        Raises:
          Interrupted: a signal stopped the work.
        """
        names, holes = self.image_set.names, self.image_set.holes[self.family]
        rows = {names[row]: row for row in self.missing()}
        tasks = (
            Task(name, self.image_set.truth[row], holes[row], self.family)
            for name, row in list(rows.items())
        )
        began = time.perf_counter()
        label = f"{self.method.name}, {self.family}"
        with tqdm(
            total=len(names), initial=len(names) - len(rows), desc=label, unit="image"
        ) as bar:
            for result in self.method.run(tasks, seed=self.image_set.seed, stop=stop, bar=bar):
                file = self.file(rows.pop(result.task.id))
                now = time.perf_counter()
                parts = {"image": to_uint8(result.images[0]), "seconds": np.asarray(now - began)}
                traces = {f"{TRACE}{term}": trace for term, trace in result.traces.items()}
                files.write_bytes(
                    file, files.arrays_as_bytes({**parts, **traces}, identity=file.stem)
                )
                began = now
        if stop and rows:
            raise stop.error(
                f"{len(names) - len(rows)} of {len(names)} images are completed by {label}"
            )

    def remove(self) -> None:
        """Remove all files, after their collection in one file."""
        shutil.rmtree(self.folder, ignore_errors=True)
