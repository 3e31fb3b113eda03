"""Hole files: white = missing."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.listing import list_images
from inpaint_jax.data.marked_names import is_marked
from inpaint_jax.data.originals import Original, read_original
from inpaint_jax.data.painted import HoleOptions, hole_of, resized
from inpaint_jax.data.pairing import Pairs, explain, pair
from inpaint_jax.errors import InputError, some_of
from inpaint_jax.naming import hashed


class HoleFiles:
    """One hole for each image, from one file for all images or from a folder.

    Files of a folder are paired with images by name (``pairing``), never by order. An image without
    a hole is refused by ``check``, or at the latest when its hole is read. With ``draw``, an
    image's id chooses one of the files, whatever the names. That hole is resized to the model, or
    to an image that is completed at full size.

    Args:
      path: a file, or a folder.
      names: ids of the images.
      options: how the files are read.
      images: files and folders that hold the images. A file there is no hole, unless its name marks
        it as one (``a_mask.png``).
      draw: seed with which an image's id chooses among all files of the folder; None: pair by name.

    Raises:
      InputError: no such file or folder, or no hole in it.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        names: Sequence[str],
        options: HoleOptions = HoleOptions(),  # noqa: B008
        *,
        images: Collection[str | os.PathLike] = (),
        draw: int | None = None,
    ):
        self.path, self.options, self.draw = Path(path), options, draw
        self.notes: list[str] = []
        if not self.path.exists():
            raise InputError(f"no such file or folder of holes: {self.path}")
        self._pairs = Pairs({}, {}, [])
        if self.path.is_dir() and draw is not None:
            files = list_images(self.path, masks=True).files
            self._files = {name: files[drawn_index(name, len(files), seed=draw)] for name in names}
        elif self.path.is_dir():
            self._pair(names, {os.path.realpath(place) for place in images})
        else:
            self._files = dict.fromkeys(names, list_images(self.path).files[0])

    def _pair(self, names: Sequence[str], places: set[str]) -> None:
        folder = os.path.realpath(self.path)
        inside = [place for place in places if place.startswith(folder + os.sep)]

        def is_image(file: Path) -> bool:
            real, relative = os.path.realpath(file), file.relative_to(self.path).with_suffix("")
            if folder in places or real in inside:
                return not is_marked(relative.as_posix())
            return any(real.startswith(place + os.sep) for place in inside)

        listed = list_images(self.path, masks=True)
        files = [file for file in listed.files if not is_image(file)]
        if not files:
            raise InputError(
                f"--holes: {self.path} is the folder of the images, and no file there has the name "
                "of a hole (a_mask.png beside a.png); --holes=alpha takes the transparent pixels "
                "of images"
            )
        by_name = {file.relative_to(self.path).as_posix(): file for file in files}
        self._pairs = pair(names, list(by_name))
        self._files = {name: by_name[hole] for name, hole in self._pairs.files.items()}
        self.notes = list(listed.notes)
        if self._pairs.unused and self._files:
            self.notes.append(
                f"{self.path}: {some_of(self._pairs.unused, 'hole file')} without an image"
            )

    def check(self) -> None:
        """Raise InputError unless every image has exactly one hole; name the others."""
        if self._pairs.problems:
            raise InputError(f"--holes: {self.path}: {explain(self._pairs)}")

    def at_image(self, name: str, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
        """Return the hole at the full size of the image.

        Args:
          name: id of the image.
          shape: shape of the image, ``(H, W, ...)``.
          fit: how the image meets the model; it resizes a hole of the model's size to the image.

        Returns:
          bool ``[H, W]``, True = missing; all False if the file is black.

        Raises:
          InputError: the hole has neither the image's size nor the model's (the message gives
            both), or no known pixels.
        """
        return hole_to_image(self._read(name, shape, fit), shape, fit)

    def at_model(self, name: str, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
        """Return the hole at the model's size, bool ``[S, S, 1]``; arguments as in ``at_image``.

        Raises:
          InputError: as in ``at_image``, or the hole reaches outside the crop.
        """
        return hole_to_model(self._read(name, shape, fit), shape, fit)

    def _read(self, name: str, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
        if name not in self._files:
            raise InputError(f"--holes: {self.path}: {self._pairs.problems[name]}")
        file = self._files[name]
        hole = read_hole(file, self.options)
        if self.draw is not None:
            return resized(hole, (fit.size, fit.size) if fit.size else shape)
        if self.options.resize and hole.shape != (fit.size, fit.size):
            return resized(hole, shape)
        check_size(hole, shape, fit, hole_name=str(file), image_name=name)
        return hole


def drawn_index(name: str, count: int, *, seed: int) -> int:
    """Return a random whole number below ``count``, fixed by the seed and the image's id."""
    return hashed(f"{seed}:{name}") % count


def read_hole(path: str | os.PathLike, options: HoleOptions = HoleOptions()) -> np.ndarray:  # noqa: B008
    """Read one hole, see ``painted.hole_of``.

    Returns:
      bool ``[H, W]``, True = missing; all False if the file is black.

    Raises:
      InputError: the file is unreadable, is no hole, or leaves no known pixel.
    """
    return hole_of(read_original(path), str(path), options)


def hole_of_values(values: np.ndarray, name: str) -> np.ndarray:
    """Convert a painted hole: pixels whose mean value is above 127 are missing.

    Args:
      values: ``[H, W, C]``, 0 to 255; or 0 and 1.
      name: name of the hole in error messages.

    Returns:
      bool ``[H, W]``, True = missing.

    Raises:
      InputError: nothing or everything is missing, or the values are those of a photograph.
    """
    grey = values.shape[2] == 1
    pixels = np.repeat(values, 3, axis=2) if grey else values
    hole = hole_of(Original(pixels, grey=grey), name)
    check_not_empty(hole, name)
    return hole


def check_not_empty(hole: np.ndarray, name: str) -> None:
    """Raise InputError for a hole without missing pixels."""
    if not hole.any():
        raise InputError(
            f"{name} has no missing pixel (white = missing); paint the hole white, "
            "or leave the image out"
        )


def hole_to_image(hole: np.ndarray, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
    """Resize a hole to the image.

    Args:
      hole: bool ``[H, W]`` (the image's size) or ``[S, S]`` (the model's), True = missing; see
        ``check_size``.
      shape: shape of the image, ``(H, W, ...)``.
      fit: how the image meets the model.

    Returns:
      bool ``[H, W]``.
    """
    return hole if hole.shape == tuple(shape[:2]) else fit.hole_to_image(hole[..., None], shape)


def hole_to_model(hole: np.ndarray, shape: tuple[int, ...], fit: Fit) -> np.ndarray:
    """Resize a hole to the model.

    Args:
      hole: bool ``[H, W]`` (the image's size) or ``[S, S]`` (the model's), True = missing; see
        ``check_size``.
      shape: shape of the image, ``(H, W, ...)``.
      fit: how the image meets the model.

    Returns:
      bool ``[S, S, 1]``.

    Raises:
      InputError: the hole reaches outside the crop.
    """
    return fit.hole_to_model(hole) if hole.shape == tuple(shape[:2]) else hole[..., None]


def check_size(
    hole: np.ndarray, shape: tuple[int, ...], fit: Fit, *, hole_name: str, image_name: str
) -> None:
    """Raise InputError unless a hole ``[H, W]`` has the size of the image or of the model."""
    if hole.shape not in (tuple(shape[:2]), (fit.size, fit.size)):
        model = f"at the model's, {fit.size}x{fit.size}" if fit.size else "at no other"
        remedy = (
            f"save the hole at the image's size, or {model}; --resize-holes resizes it to the image"
        )
        if hole.shape[::-1] == tuple(shape[:2]):
            remedy = (
                "EXIF data rotate one of the two; save the hole upright, like the displayed image"
            )
        raise InputError(
            f"{hole_name} is {hole.shape[1]}x{hole.shape[0]}, but image {image_name!r} is "
            f"{shape[1]}x{shape[0]}; {remedy}"
        )
