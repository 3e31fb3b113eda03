"""Fit images of any size to a model of side S, and carry completions back to the images."""

import math
import re

import numpy as np
from PIL import Image

from inpaint_jax.compositing import round_to_uint8, to_255
from inpaint_jax.errors import InputError

FITS = "crop, crop:SIDE, resize, whole, random_crop:SIDE, random_crop:SIDE-SIDE"
_GRAMMAR = re.compile(r"(resize|whole|crop)|crop:(\d+)|random_crop:(\d+)(?:-(\d+))?")
_LANCZOS_RADIUS = 3  # lobes of Pillow's Lanczos filter on either side, in units of the larger pixel


class Fit:
    """A crop, or the whole image, resized to the model's side.

    Args:
      how: "crop" (the largest centred square), "crop:108" (a centred square of that side), "resize"
        (the whole image; the aspect ratio is not kept), "whole" (the image unchanged), or
        "random_crop:350" and "random_crop:128-350": training sees a random window of S x S of the
        image, whose shorter side is first scaled to 350, or to a random length from 128 to 350.
        Without random choices, the window is centred, at the smallest length.
      size: side S of the model; None for "whole", where S x S below is the size of the image.

    Attributes:
      windows: ``(smallest, largest)``, the lengths of a random crop; None for other fits.

    Raises:
      InputError: unknown ``how``, or lengths too small for a window of S x S.
    """

    def __init__(self, how: str, size: int | None):
        found = _GRAMMAR.fullmatch(how)
        name, *lengths = found.groups() if found else (None, "0", None, None)
        side, smallest, largest = (int(length) if length else None for length in lengths)
        if side == 0 or smallest == 0:
            raise InputError(f"unknown fit {how!r}; known: {FITS}")
        if (name == "whole") != (size is None):
            remedy = (
                "it keeps the size of every image, so leave the size out"
                if size
                else "give a size with it"
            )
            raise InputError(f"fit={how}: {remedy}")
        self.how, self.size, self._side = how, size, side
        self.windows = (smallest, largest or smallest) if smallest else None
        if self.windows and size and not size <= self.windows[0] <= self.windows[1]:
            raise InputError(
                f"fit={how}: give SIDE-SIDE in rising order, from the model's side {size} on"
            )

    def __repr__(self) -> str:
        return f"Fit({self.how!r}, {self.size})"

    def box(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Return the rows and columns of an image ``[H, W, ...]`` that the model sees.

        Raises:
          InputError: the image is smaller than the crop.
        """
        height, width = shape[:2]
        if self.how in ("resize", "whole"):
            return slice(0, height), slice(0, width)
        side = self._side or min(height, width)
        if self.windows and self.size:
            side = max(round(side * self.size / self.windows[0]), 1)
        if side > min(height, width):
            raise InputError(
                f"an image of {width}x{height} is smaller than crop:{side}; use fit=crop or "
                "fit=resize, or leave it out"
            )
        top, left = (height - side) // 2, (width - side) // 2
        return slice(top, top + side), slice(left, left + side)

    def scale(self, image: np.ndarray) -> np.ndarray:
        """Scale the shorter side of an image to the largest length, so that windows can be cut.

        Args:
          image: uint8 ``[H, W, 3]``.

        Returns:
          uint8 ``[h, w, 3]`` with ``min(h, w) == windows[1]``.
        """
        assert self.windows
        height, width = image.shape[:2]
        side, shorter = self.windows[1], min(height, width)
        if side == shorter:
            return np.ascontiguousarray(image)
        shape = (round(width * side / shorter), round(height * side / shorter))
        whole = Image.fromarray(np.ascontiguousarray(image))
        return np.array(whole.resize(shape, Image.Resampling.LANCZOS))

    def to_model(self, image: np.ndarray, hole: np.ndarray | None = None) -> np.ndarray:
        """Resize an image to the model's size with an antialiased Lanczos filter.

        An image of the model's size is unchanged.

        Args:
          image: uint8 ``[H, W, 3]``.
          hole: bool ``[H, W]``, True = missing. A model pixel whose Lanczos window touches the hole
            is the average over the pixel's area instead. So no value inside the hole reaches a
            model pixel that ``hole_to_model`` calls known.

        Returns:
          uint8 ``[S, S, 3]``.
        """
        rows, columns = self.box(image.shape)
        seen = image[rows, columns]
        if self.size is None or seen.shape[:2] == (self.size, self.size):
            return np.ascontiguousarray(seen)
        whole = Image.fromarray(np.ascontiguousarray(seen))
        shrunk = np.array(whole.resize((self.size, self.size), Image.Resampling.LANCZOS))
        if hole is None or not hole.any():
            return shrunk
        inside = np.array(whole.resize((self.size, self.size), Image.Resampling.BOX))
        touched = _any_below(hole[rows, columns], (self.size, self.size), _LANCZOS_RADIUS)
        return np.where(touched[..., None], inside, shrunk)

    def hole_to_model(self, hole: np.ndarray) -> np.ndarray:
        """Resize a hole to the model.

        A model pixel is missing if it overlaps any missing image pixel.

        Args:
          hole: bool ``[H, W]``, True = missing, of the image's size.

        Returns:
          bool ``[S, S, 1]``.

        Raises:
          InputError: the hole reaches outside the crop, where the model cannot complete it.
        """
        rows, columns = self.box(hole.shape)
        seen = hole[rows, columns]
        if seen.sum() != hole.sum():
            raise InputError(
                "the hole reaches outside the model's centre crop of "
                f"{seen.shape[1]}x{seen.shape[0]}; use --fit=resize"
            )
        return (
            seen[..., None]
            if self.size is None
            else _any_below(seen, (self.size, self.size))[..., None]
        )

    def hole_to_image(self, hole: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Resize a hole to the image.

        An image pixel is missing if it overlaps any missing model pixel. Image pixels outside the
        crop are known.

        Args:
          hole: ``[S, S, 1]``, non-zero = missing.
          shape: shape of the image, ``(H, W, ...)``.

        Returns:
          bool ``[H, W]``.
        """
        rows, columns = self.box(shape)
        whole = np.zeros(shape[:2], bool)
        whole[rows, columns] = _any_below(
            hole[..., 0] > 0, (rows.stop - rows.start, columns.stop - columns.start)
        )
        return whole

    def carry_back(self, image: np.ndarray, completed: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """Put the model's completion into the hole of the image, enlarged by a bicubic filter.

        Args:
          image: uint8 or uint16 ``[H, W, 3]``.
          completed: ``[S, S, 3]``, float in [-1, 1] or uint8.
          hole: bool ``[H, W]``, True = missing, of the image's size.

        Returns:
          ``[H, W, 3]`` of the image's dtype; every known pixel is copied bit for bit.
        """
        rows, columns = self.box(image.shape)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        inside = hole[rows, columns]

        def at_hole(channel: np.ndarray) -> np.ndarray:
            values = channel.astype(np.float32) if channel.dtype == np.uint8 else to_255(channel)
            image = Image.fromarray(np.ascontiguousarray(values, np.float32))
            return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))[inside]

        if self.size and (height, width) != (self.size, self.size):
            values = np.stack(
                [at_hole(channel) for channel in np.moveaxis(completed, -1, 0)], axis=-1
            )
        else:
            chosen = completed[inside]
            values = chosen.astype(np.float32) if chosen.dtype == np.uint8 else to_255(chosen)
        result = image.copy()
        if image.dtype == np.uint16:  # 65535 = 257 * 255
            result[rows, columns][inside] = np.rint(values * np.float32(257)).clip(0, 65535)
        else:
            result[rows, columns][inside] = round_to_uint8(values)
        return result


def _any_below(hole: np.ndarray, shape: tuple[int, int], radius: float | None = None) -> np.ndarray:
    """Resize bool ``[H, W]``; a pixel is True if any pixel below it is.

    "Below" is the pixel's area, or ``radius`` filter lobes around it.
    """
    for axis, count in enumerate(shape):
        scale = hole.shape[axis] / count
        windows = []
        for i in range(count):
            if radius is None:
                low, high = i * hole.shape[axis] // count, -(-(i + 1) * hole.shape[axis] // count)
            else:
                middle, reach = (i + 0.5) * scale, radius * max(scale, 1) + 1
                low, high = max(math.floor(middle - reach), 0), math.ceil(middle + reach)
            windows.append(hole.take(range(low, min(high, hole.shape[axis])), axis).any(axis))
        hole = np.stack(windows, axis)
    return hole
