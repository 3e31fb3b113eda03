"""One hole per image: drawn from a family by the image's id, from files, or transparent pixels."""

import functools
import os
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl

import numpy as np

from inpaint_jax import masks
from inpaint_jax.data import painted
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.holes import HoleFiles, hole_to_model
from inpaint_jax.data.painted import HoleOptions
from inpaint_jax.data.sources import image_places
from inpaint_jax.data.views import Fitted, ids, original
from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_options

NATIVE = 64  # side at which holes of a family are drawn for images at full size
DRAWN = 64  # images whose holes are drawn together
KEPT = 64 * 2**20  # maximum bytes of drawn holes in memory
ALPHA = "alpha"  # spec for holes that are the transparent pixels of the images


class Holes(Protocol):
    """A hole for every image.

    Attributes:
      damaged: whether the images are damaged, so that their pixels inside the holes are worthless.
      transparent: whether the holes are transparent pixels, which completion makes opaque.
      family: name of the hole family; empty for holes from images or files.
    """

    damaged: bool
    transparent: bool
    family: str

    @property
    def notes(self) -> Sequence[str]:
        """Return notes for the user, a line each."""
        ...

    def check(self) -> None:
        """Raise InputError if an image has no hole, before any image is read."""
        ...

    def at_image(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the size ``shape`` of the image, bool ``[H, W]``."""
        ...

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole of an image of size ``shape`` at the model's size, bool ``[S, S, 1]``."""
        ...


def open_holes(
    spec: str, source: Fitted, *, seed: int, images: Sequence[str] = (), part: Fitted | None = None
) -> Holes:
    """Open the holes that ``--holes`` names.

    ``center``, ``random:0.8``, ``my_masks:cross``
      a hole family (``masks``).
    ``masks``, ``hole.png``
      a folder with a hole for every image, paired by name (``data.pairing``), or one file for all.
      Options: ``masks?grow=4&invert=1&resize=1&above=0`` (``data.painted.HoleOptions``), and
      ``masks?draw=1``: the image's id and the seed choose a file of the folder for every image, as
      for a set of irregular masks that belong to no images.
    ``alpha``
      the transparent pixels of the images; with the same options.

    Args:
      spec: one such line. A family wins over an existing file or folder, which wins over ``alpha``.
      source: the images.
      seed: seed of drawn holes.
      images: specs of the images, whose files are not listed as holes.
      part: the images that need holes; None: all. Files are paired with all images.

    Raises:
      InputError: no such file, folder or family, or a bad option.
    """
    name, query = split_options(spec)
    if is_stored(spec):
        place = os.path.expanduser(name)
        options, draw = options_of(spec, query)
        if draw and not os.path.isdir(place):
            raise InputError(
                f"--holes: {spec!r}: draw needs a folder of holes; {place} is one file"
            )
        draws: dict[str, Any] = {"draw": seed} if draw else {"images": image_places(images)}
        files = HoleFiles(place, list(ids(source)), options, **draws)
        return StoredHoles(files, source.fit)
    source = source if part is None else part
    names = list(ids(source))
    if name == ALPHA:
        options, draw = options_of(spec, query)
        if draw:
            raise InputError(f"--holes: {spec!r}: draw needs a folder of holes")
        return TransparentHoles(source, names, options)
    if query:
        raise InputError(f"--holes: {spec!r}: only hole files and alpha take options, not families")
    if masks.names_family(spec):
        return DrawnHoles(spec, names, source.fit, seed=seed)
    raise InputError(
        f"--holes: {spec!r} is not a file, folder or family; families: {', '.join(masks.FAMILIES)}"
    )


def at_model(holes: Holes, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the hole of an image of size ``shape`` at the model's size, bool ``[S, S, 1]``.

    Raises:
      InputError: the error of the hole, with the image's name; also if no pixel is known at that
        size.
    """
    try:
        hole = holes.at_model(name, shape)
    except InputError as error:
        if name in str(error):
            raise
        raise InputError(f"{error} (image {name!r})") from error
    if hole.all():
        raise InputError(
            f"image {name!r}: at the model's size of {hole.shape[1]}x{hole.shape[0]} every pixel "
            "overlaps a missing one: complete it at its original size, as --method=harmonic does, "
            "or with a larger model"
        )
    return hole


def is_stored(spec: str) -> bool:
    """Return whether a spec names a file or folder of holes, not a family."""
    name, _ = split_options(spec)
    if not name.strip():
        raise InputError("--holes is empty; is a shell variable unset?")
    return os.path.exists(os.path.expanduser(name)) and name not in masks.FAMILIES


def is_drawn(spec: str) -> bool:
    """Return whether a spec names a hole family."""
    return not is_stored(spec) and split_options(spec)[0] != ALPHA


def place_of(spec: str) -> str | None:
    """Return the file or folder of holes that a spec names; None for families and ``alpha``."""
    return os.path.expanduser(split_options(spec)[0]) if is_stored(spec) else None


def labels(specs: Sequence[str]) -> dict[str, str]:
    """Return the label of each spec in tables: files and folders without their parent folders.

    If two labels would be equal, both are shown in full.
    """
    short = {
        spec: spec if is_drawn(spec) else spec.rstrip("/").rpartition("/")[2] for spec in specs
    }
    counts = Counter(short.values())
    return {spec: text if counts[text] == 1 else spec for spec, text in short.items()}


def options_of(spec: str, query: str) -> tuple[HoleOptions, bool]:
    """Read ``grow=4&invert=1&resize=1&above=0&draw=1``.

    Returns:
      How the files are read, and whether images draw their holes.

    Raises:
      InputError: an unknown option, or a number out of range.
    """
    limits = {"above": 254, "grow": 1000, "invert": 1, "resize": 1, "draw": 1}
    pairs = parse_qsl(query, keep_blank_values=True)
    if len(dict(pairs)) < len(pairs) or (query and not pairs):
        raise InputError(
            f"--holes: {spec!r}: write each option once, as name?option=value&option=value"
        )
    values = {}
    for key, text in pairs:
        if key not in limits:
            raise InputError(
                f"--holes: {spec!r}: unknown option {key!r}; known: {', '.join(limits)}"
            )
        if not text.isdecimal() or int(text) > limits[key]:
            raise InputError(
                f"--holes: {spec!r}: {key} must be a whole number from 0 to "
                f"{limits[key]}, got {text!r}"
            )
        values[key] = int(text)
    read = HoleOptions(
        values.get("above"),
        values.get("grow", 0),
        bool(values.get("invert")),
        bool(values.get("resize")),
    )
    return read, bool(values.get("draw"))


class DrawnHoles:
    """Holes of a family, drawn for several images at a time; the images are whole."""

    damaged, transparent, notes = False, False, ()

    def __init__(self, spec: str, names: list[str], fit: Fit, *, seed: int):
        self.positions = {name: i for i, name in enumerate(names)}
        self.fit, self.family, side = fit, spec, fit.size or NATIVE

        @functools.lru_cache(max(2, KEPT // (DRAWN * side**2)))
        def drawn(chunk: int) -> np.ndarray:
            some = names[chunk * DRAWN : (chunk + 1) * DRAWN]
            return masks.evaluation_holes(spec, ids=some, size=side, seed=seed) > 0

        self._drawn, self._lock = drawn, threading.Lock()
        self._hole(names[0])  # raises for invalid options of the family

    def _hole(self, name: str) -> np.ndarray:
        chunk, row = divmod(self.positions[name], DRAWN)
        with self._lock:  # several threads need holes of neighbours at once
            return self._drawn(chunk)[row]

    def check(self) -> None:
        """Do nothing: every image has a hole."""

    def at_image(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the size ``shape`` of the image, bool ``[H, W]``."""
        return self.fit.hole_to_image(self._hole(name), shape)

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the model's size, bool ``[S, S, 1]``."""
        self.fit.box(shape)  # raises for an image smaller than the crop
        return self._hole(name) if self.fit.size else self.at_image(name, shape)[..., None]


class StoredHoles:
    """Holes from files; the images are damaged."""

    damaged, transparent, family = True, False, ""

    def __init__(self, files: HoleFiles, fit: Fit):
        self.files, self.fit, self.notes = files, fit, files.notes

    def check(self) -> None:
        """Raise InputError if an image has no hole file, or several."""
        self.files.check()

    def at_image(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the size ``shape`` of the image, bool ``[H, W]``."""
        return self.files.at_image(name, shape, self.fit)

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the model's size, bool ``[S, S, 1]``."""
        return self.files.at_model(name, shape, self.fit)


class TransparentHoles:
    """The transparent pixels of the images, which are damaged."""

    damaged, transparent, family, notes = True, True, "", ()

    def __init__(self, source: Fitted, names: list[str], options: HoleOptions):
        self.source, self.options = source, options
        self.positions = {name: i for i, name in enumerate(names)}

    def check(self) -> None:
        """Do nothing: transparent pixels are known only when the images are read."""

    def at_image(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the size of the image, bool ``[H, W]``."""
        alpha = original(self.source.images, self.positions[name]).alpha
        if alpha is None:
            raise InputError(
                f"--holes=alpha: image {name!r} has no transparency; give its hole as a file"
            )
        missing = (1 - alpha / np.iinfo(alpha.dtype).max) * 255
        hole = missing > (painted.ABOVE if self.options.above is None else self.options.above)
        hole = painted.grown(hole ^ self.options.invert, self.options.grow)
        if hole.all():
            raise InputError(f"--holes=alpha: every pixel of image {name!r} is missing")
        return hole

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the model's size, bool ``[S, S, 1]``."""
        return hole_to_model(self.at_image(name, shape), shape, self.source.fit)
