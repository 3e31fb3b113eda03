"""Holes from files: white = missing."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.pictures import list_pictures, picture_ids, read_picture
from inpaint_jax.errors import InputError

THRESHOLD = 127  # grey levels above it are missing


class HoleFiles:
    """One hole for each picture, from one file for all of them or from a folder.

    A folder's files belong to the pictures whose id they bear, or else the last part of it; if not one file
    bears such a name, files and pictures are paired in their order.

    Args:
      path: a file, or a folder with at least one file per picture.
      names: the pictures' ids, in order.

    Raises:
      InputError: no such file or folder, or a picture is left without a hole, by name.
    """

    def __init__(self, path: str | os.PathLike, names: Sequence[str]):
        self.path = Path(path)
        if not self.path.exists():
            raise InputError(f"no such file or folder of holes: {self.path}")
        files = list_pictures(self.path)
        if self.path.is_file():
            self._files = dict.fromkeys(names, self.path)
            return
        by_id = dict(picture_ids(self.path, files))
        by_stem = {file.stem: file for file in files}
        if len(by_stem) < len(files):  # a stem that two files share names neither
            by_stem = {}
        found = {name: by_id.get(name) or by_stem.get(name.rsplit("/", 1)[-1]) for name in names}
        if not any(found.values()):
            found = {name: files[i] if i < len(files) else None for i, name in enumerate(names)}
        self._files = {name: file for name, file in found.items() if file}
        if len(self._files) < len(names):
            first = next(name for name in names if name not in self._files)
            raise InputError(
                f"{self.path} has no hole for {len(names) - len(self._files)} of {len(names)} pictures, "
                f"the first of them {first!r}; add {first}.png, or give one file for all"
            )

    def at_picture(self, name: str, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
        """The hole at the picture's own size.

        Args:
          name: the picture's id.
          shape: the picture's, ``(H, W, ...)``.
          fit: how the picture meets the model; a hole of the model's size is carried to the picture by it.

        Returns:
          bool ``[H, W]``, True = missing.

        Raises:
          InputError: another size than the picture's and the model's (both are named), or a hole without
            missing or without known pixels.
        """
        return hole_to_picture(self._read(name, shape, fit), shape, fit)

    def at_model(self, name: str, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
        """The hole at the model's size, bool ``[S, S, 1]``; arguments and errors as in ``at_picture``.

        Raises:
          InputError: also for a hole that reaches outside the crop.
        """
        return hole_to_model(self._read(name, shape, fit), shape, fit)

    def _read(self, name: str, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
        file = self._files[name]
        hole = read_hole(file)
        check_size(hole, shape, fit, hole_name=str(file), picture_name=name)
        return hole


def read_hole(path: str | os.PathLike) -> np.ndarray:
    """Reads one hole: pixels whose mean grey level is above 127 are missing.

    Returns:
      bool ``[H, W]``, True = missing.

    Raises:
      InputError: an unreadable file, or one in which nothing or everything is missing.
    """
    return hole_of_levels(read_picture(path), str(path))


def hole_of_levels(levels: np.ndarray, name: str) -> np.ndarray:
    """Convert a painted hole: pixels whose mean level is above 127 are missing.

    Args:
      levels: ``[H, W, C]``, 0 to 255.
      name: what error messages call it.

    Returns:
      bool ``[H, W]``, True = missing.

    Raises:
      InputError: where nothing or everything is missing.
    """
    hole = levels.mean(axis=2) > THRESHOLD
    if not hole.any():
        raise InputError(
            f"{name} has no missing pixel (white = missing); paint the hole white, or leave the picture out"
        )
    if hole.all():
        raise InputError(f"{name} has no known pixel (white = missing); is it inverted?")
    return hole


def hole_to_picture(hole: np.ndarray, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
    """Bring a hole of an image's size, or of the model's, to the image's.

    Args:
      hole: bool ``[H, W]`` or ``[S, S]``, True = missing; see ``check_size``.
      shape: the image's, ``(H, W, ...)``.
      fit: how the image meets the model.

    Returns:
      bool ``[H, W]``.
    """
    return hole if hole.shape == tuple(shape[:2]) else fit.hole_to_picture(hole[..., None], shape)


def hole_to_model(hole: np.ndarray, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
    """Bring a hole of an image's size, or of the model's, to the model's.

    Args:
      hole: bool ``[H, W]`` or ``[S, S]``, True = missing; see ``check_size``.
      shape: the image's, ``(H, W, ...)``.
      fit: how the image meets the model.

    Returns:
      bool ``[S, S, 1]``.

    Raises:
      InputError: for a hole that reaches outside the crop.
    """
    return fit.hole_to_model(hole) if hole.shape == tuple(shape[:2]) else hole[..., None]


def check_size(hole: np.ndarray, shape: tuple[int, ...], fit: Fit, *, hole_name: str, picture_name: str) -> None:
    """Raise InputError unless a hole ``[H, W]`` has the size of its picture, or of the model."""
    if hole.shape not in (tuple(shape[:2]), (fit.size, fit.size)):
        model = f"at the model's, {fit.size}x{fit.size}" if fit.size else "at no other"
        raise InputError(
            f"{hole_name} is {hole.shape[1]}x{hole.shape[0]}, but picture {picture_name!r} is "
            f"{shape[1]}x{shape[0]}; save the hole at the picture's size, or {model}"
        )
