"""Every image and hole of a folder job is read once before anything is computed."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import masks
from inpaint_jax.data import files
from inpaint_jax.data.encoding import suffix_for
from inpaint_jax.data.originals import Original
from inpaint_jax.data.views import Fitted, original
from inpaint_jax.errors import InputError, some_of
from inpaint_jax.runs.holes import Holes, at_model

LONGEST = 235  # bytes in the name of an image: its answer's file has at most 255, on most file systems
MOST = 0.8  # share of an image above which its hole may be inverted


class Entry(NamedTuple):
    """An image that passed the checks.

    Attributes:
      position: in the source.
      id: the name of the image.
      hole: bool ``[S, S, 1]``; nowhere True: nothing is missing.
      hash: of image and hole, at the image's own size.
      share: of the image that is missing.
      frames: of its file.
      suffix: of the files of its answer.
    """

    position: int
    id: str
    hole: np.ndarray
    hash: str
    share: float
    frames: int
    suffix: str


def examine(
    source: Fitted, holes: Holes, *, skip_errors: bool, same_format: bool
) -> tuple[list[Entry], dict[str, str]]:
    """Reads every picture and hole once; what is wrong is raised here, or listed by id."""
    entries, skipped = [], {}
    for i in tqdm(range(len(source)), desc="checking", unit="image", leave=False, delay=2):
        name = source.id(i)
        try:
            check_name(name)
            image = original(source.pictures, i)
            hole = at_model(holes, name, image.pixels.shape)
            own = holes.at_picture(name, image.pixels.shape)
            suffix = suffix_for(image) if same_format else ".png"
            entries.append(Entry(i, name, hole, content_hash(image, own), float(own.mean()), image.frames, suffix))
        except InputError as error:
            if not skip_errors:
                raise
            skipped[name] = str(error)
    if not entries:
        raise InputError(
            f"no picture is left to complete; the first was refused because {next(iter(skipped.values()))}"
        )
    return entries, skipped


def check_name(name: str) -> None:
    """Refuse an image whose answer could not be written, before it is computed."""
    for part in name.split("/"):
        if (length := len(os.fsencode(part))) > LONGEST:
            raise InputError(f"the name of image {part[:20]}... has {length} bytes, more than {LONGEST}: rename it")


def content_hash(image: Original, hole: np.ndarray) -> str:
    """The hash of an image and its hole, bool ``[H, W]``: an edited image is another one."""
    found = hashlib.sha256(str(image.pixels.shape).encode())
    for part in (image.pixels, image.alpha, np.packbits(hole)):
        if part is not None:
            found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()[:16]


def hole_set_hash(holes: Sequence[np.ndarray]) -> str:
    """The hash of a set of holes; of holes of several shapes, that of their hashes."""
    if len({hole.shape for hole in holes}) == 1:
        return masks.holes_hash(np.stack(holes))
    return files.fingerprint([masks.holes_hash(hole[None]) for hole in holes])


def notes_on(entries: Sequence[Entry], skipped: Mapping[str, str], *, damaged: bool) -> list[str]:
    """Say what is odd about the images and their holes, a line each."""
    notes = []
    if skipped:
        total = len(skipped) + len(entries)
        notes.append(f"of {total} images, {some_of(list(skipped), 'image')} left out; report.json says why")
    if same := [entry.id for entry in entries if not entry.hole.any()]:
        notes.append(f"nothing is missing in {some_of(same, 'image')}: copied unchanged")
    full = [entry.id for entry in entries if entry.share > MOST]
    if damaged and 2 * len(full) > len(entries):
        notes.append(
            f"more than {MOST:.0%} is missing in {some_of(full, 'image')} of {len(entries)}: are the holes "
            "inverted? white = missing, --invert-holes swaps black and white"
        )
    if moving := [entry.id for entry in entries if entry.frames > 1]:
        notes.append(f"only the first frame or page is completed of {some_of(moving, 'image')}")
    return notes
