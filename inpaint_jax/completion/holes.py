"""One hole per image of a folder job: drawn from a family by the image's id, or read from files."""

from pathlib import Path
from typing import Protocol

import numpy as np

from inpaint_jax import masks
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.holes import HoleFiles
from inpaint_jax.data.views import Fitted
from inpaint_jax.errors import InputError

NATIVE = 64  # side at which the holes of a family are drawn for images that keep their own size


class Holes(Protocol):
    """A hole for every image.

    Attributes:
      damaged: whether the images themselves are damaged, so that what they hold inside the holes is worthless.
    """

    damaged: bool

    def at_picture(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the size ``shape`` of the image, bool ``[H, W]``."""
        ...

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the model's size, bool ``[S, S, 1]``, for an image of size ``shape``."""
        ...


def open_holes(spec: str, source: Fitted, *, seed: int) -> Holes:
    """Open the holes that ``--holes`` names.

    Args:
      spec: a hole family, or a file or folder of holes.
      source: the images.
      seed: of drawn holes.

    Raises:
      InputError: no such file, folder or family.
    """
    names = [source.id(i) for i in range(len(source))]
    if Path(spec).exists() and spec not in masks.FAMILIES:
        return StoredHoles(HoleFiles(spec, names), source.fit)
    if masks.names_family(spec):
        return DrawnHoles(spec, names, source.fit, seed=seed)
    raise InputError(f"--holes: {spec!r} is no file, no folder and no family; families: {', '.join(masks.FAMILIES)}")


class DrawnHoles:
    """Holes of a family; the images are whole."""

    damaged = False

    def __init__(self, spec: str, names: list[str], fit: Fit, *, seed: int):
        drawn = masks.evaluation_holes(spec, ids=names, size=fit.size or NATIVE, seed=seed) > 0
        self.drawn, self.fit = dict(zip(names, drawn, strict=True)), fit

    def at_picture(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the size ``shape`` of the image, bool ``[H, W]``."""
        return self.fit.hole_to_picture(self.drawn[name], shape)

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the model's size, bool ``[S, S, 1]``."""
        self.fit.box(shape)  # refuses an image that the crop does not fit into
        return self.drawn[name] if self.fit.size else self.at_picture(name, shape)[..., None]


class StoredHoles:
    """Holes from files; the images are damaged."""

    damaged = True

    def __init__(self, files: HoleFiles, fit: Fit):
        self.files, self.fit = files, fit

    def at_picture(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the size ``shape`` of the image, bool ``[H, W]``."""
        return self.files.at_picture(name, shape, self.fit)

    def at_model(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the hole at the model's size, bool ``[S, S, 1]``."""
        return self.files.at_model(name, shape, self.fit)
