"""Read and check every image and hole of a folder job before any computation."""

import hashlib
import os
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import masks
from inpaint_jax.data import files
from inpaint_jax.data.ahead import ahead
from inpaint_jax.data.encoding import suffix_for
from inpaint_jax.data.originals import Original
from inpaint_jax.data.views import Fitted, original
from inpaint_jax.errors import InputError, some_of
from inpaint_jax.runs.holes import Holes, at_model

LONGEST = 235  # bytes in an image name; most file systems allow 255 in a file name
MOST = 0.8  # missing share above which a hole may be inverted
SAMPLE = 1000  # holes kept in memory, for averaging the weights of a loss


class Entry(NamedTuple):
    """An image that passed the checks.

    Attributes:
      position: index in the source.
      id: name of the image.
      hash: hash of image and hole at their original size.
      share: missing share of the image, in [0, 1].
      frames: number of frames in its file.
      suffix: suffix of its output files.
      empty: True if no pixel is missing at the model's size.
    """

    position: int
    id: str
    hash: str
    share: float
    frames: int
    suffix: str
    empty: bool


class Entries:
    """The images of a job that passed the checks, in the order of the source.

    A job may have millions of images. Each takes about 100 bytes besides its id; pixels and holes
    are not kept.
    """

    def __init__(self):
        self.names: list[str] = []
        self.rows: dict[str, int] = {}
        self._positions, self._hashes, self._shares = array("q"), array("Q"), array("d")
        self._frames, self._suffixes, self._empty = array("l"), bytearray(), bytearray()
        self._known: list[str] = []  # suffixes

    def add(self, entry: Entry) -> None:
        """Append an image."""
        if entry.suffix not in self._known:
            self._known.append(entry.suffix)
        self.rows[entry.id] = len(self.names)
        self.names.append(entry.id)
        self._positions.append(entry.position)
        self._hashes.append(int(entry.hash, 16))
        self._shares.append(entry.share)
        self._frames.append(entry.frames)
        self._suffixes.append(self._known.index(entry.suffix))
        self._empty.append(entry.empty)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, row: int) -> Entry:
        suffix = self._known[self._suffixes[row]]
        found = (
            self._positions[row],
            self.names[row],
            f"{self._hashes[row]:016x}",
            self._shares[row],
        )
        return Entry(*found, self._frames[row], suffix, bool(self._empty[row]))

    def __iter__(self) -> Iterator[Entry]:
        return (self[row] for row in range(len(self)))


class Examination(NamedTuple):
    """Result of reading every image and hole.

    Attributes:
      entries: images that can be completed.
      skipped: reason per skipped image, by id.
      holes_hash: hash of the holes of all entries, at the model's size.
      sample: up to ``SAMPLE`` of those holes, bool ``[N, S, S, 1]``; None if some have another side
        than requested.
    """

    entries: Entries
    skipped: dict[str, str]
    holes_hash: str
    sample: np.ndarray | None


def examine(
    source: Fitted, holes: Holes, *, skip_errors: bool, same_format: bool, side: int | None = None
) -> Examination:
    """Read and check every image and hole once, on several threads.

    Args:
      source: the images.
      holes: one hole per image.
      skip_errors: list bad images by id instead of raising.
      same_format: completed images keep the file formats of their originals.
      side: side of the model, for a sample of the holes at that side; None: no sample.
    """

    def read(i: int) -> tuple[str, tuple[Entry, np.ndarray] | InputError]:
        name = source.id(i)
        try:
            check_name(name)
            image = original(source.images, i)
            hole = at_model(holes, name, image.pixels.shape)
            full = holes.at_image(name, image.pixels.shape)
            suffix = suffix_for(image) if same_format else ".png"
            found = (
                content_hash(image, full),
                float(full.mean()),
                image.frames,
                suffix,
                not hole.any(),
            )
            return name, (Entry(i, name, *found), hole)
        except InputError as error:
            return name, error

    entries, skipped, hashed = Entries(), {}, HoleSetHash(len(source))
    sample: list[np.ndarray] | None = None if side is None else []
    everything = tqdm(range(len(source)), desc="checking", unit="image", leave=False, delay=2)
    for name, found in ahead(read, everything):
        if isinstance(found, InputError):
            if not skip_errors:
                raise found
            skipped[name] = str(found)
            continue
        entry, hole = found
        entries.add(entry)
        hashed.add(hole)
        if sample is not None and len(sample) < SAMPLE:
            sample = [*sample, hole] if hole.shape == (side, side, 1) else None
    if not len(entries):
        raise InputError(
            "no image is left to complete; the first was refused because "
            f"{next(iter(skipped.values()))}"
        )
    if skipped and hashed.one_shape:  # the hash starts with the number of holes
        hashed = HoleSetHash(len(entries))
        for hole in ahead(hole_reader(source, holes), entries):
            hashed.add(hole)
    return Examination(
        entries, skipped, hashed.digest(), None if sample is None else np.stack(sample)
    )


def hole_reader(source: Fitted, holes: Holes) -> Callable[[Entry], np.ndarray]:
    """Return a function that reads the hole of an entry at the model's size."""
    return lambda entry: at_model(holes, entry.id, source.images[entry.position]["image"].shape)


class HoleSetHash:
    """Incremental hash of a set of holes.

    Equals ``masks.holes_hash`` of all holes if they have one shape, and otherwise the hash of their
    hashes.

    Args:
      count: number of holes.
    """

    def __init__(self, count: int):
        self.count, self.shape, self.one_shape = count, (), True
        self._each, self._bits = array("Q"), np.zeros(0, bool)

    def add(self, hole: np.ndarray) -> None:
        """Add the next hole, ``[S, S, 1]``."""
        if not self._each:
            self.shape = hole.shape
            self._whole = hashlib.sha256(str((self.count, *hole.shape)).encode())
        self._each.append(int(masks.holes_hash(hole[None]), 16))
        self.one_shape &= hole.shape == self.shape
        if self.one_shape:
            bits = np.concatenate([self._bits, np.asarray(hole).ravel() > 0.5])
            whole = len(bits) // 8 * 8  # the remaining bits share a byte with the next hole
            self._whole.update(np.packbits(bits[:whole]).tobytes())
            self._bits = bits[whole:]

    def digest(self) -> str:
        """Return 16 hex digits."""
        if not self.one_shape:
            return files.fingerprint([f"{each:016x}" for each in self._each])
        self._whole.update(np.packbits(self._bits).tobytes())
        return self._whole.hexdigest()[:16]


def check_name(name: str) -> None:
    """Refuse an image whose name is too long for its output file."""
    for part in name.split("/"):
        if (length := len(os.fsencode(part))) > LONGEST:
            raise InputError(
                f"the name of image {part[:20]}... has {length} bytes, more "
                f"than {LONGEST}: rename it"
            )


def content_hash(image: Original, hole: np.ndarray) -> str:
    """Hash an image and its hole, bool ``[H, W]``, to detect edits."""
    found = hashlib.sha256(str(image.pixels.shape).encode())
    for part in (image.pixels, image.alpha, np.packbits(hole)):
        if part is not None:
            found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()[:16]


def notes_on(entries: Entries, skipped: Mapping[str, str], *, damaged: bool) -> list[str]:
    """Return notes on unusual images and holes, one line each."""
    notes = []
    if skipped:
        total = len(skipped) + len(entries)
        notes.append(
            f"left out {some_of(list(skipped), 'image')} of {total}; report.json gives the reasons"
        )
    if same := [entry.id for entry in entries if entry.empty]:
        notes.append(f"nothing is missing in {some_of(same, 'image')}: copied unchanged")
    full = [entry.id for entry in entries if entry.share > MOST]
    if damaged and 2 * len(full) > len(entries):
        notes.append(
            f"more than {MOST:.0%} is missing in {some_of(full, 'image')} of {len(entries)}: are "
            "the holes inverted? White = missing; --invert-holes swaps black and white"
        )
    if moving := [entry.id for entry in entries if entry.frames > 1]:
        notes.append(f"completing only the first frame or page of {some_of(moving, 'image')}")
    return notes
