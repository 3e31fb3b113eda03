"""How a picture of any size meets a model of side S, and how the completion comes back to the picture."""

import math
import re

import numpy as np
from PIL import Image

from inpaint_jax.compositing import round_levels, to_255
from inpaint_jax.errors import InputError

FITS = "crop, crop:SIDE, resize, whole, random_crop:SIDE, random_crop:SIDE-SIDE"
_GRAMMAR = re.compile(r"(resize|whole|crop)|crop:(\d+)|random_crop:(\d+)(?:-(\d+))?")
_LANCZOS_RADIUS = 3  # lobes of Pillow's Lanczos filter on either side, in units of the larger pixel


class Fit:
    """A crop, or the whole image, resized to the model's side.

    Args:
      how: "crop" (the largest centred square), "crop:108" (a centred square of that side), "resize"
        (the whole image; its aspect is not kept), "whole" (the image as it is), or
        "random_crop:350" and "random_crop:128-350": training sees a random window of S x S of the
        image, whose shorter side is first scaled to 350, or to a length drawn from 128 to 350.
        Wherever nothing is drawn, the window is the centred one, at the smallest length.
      size: the model's side S; None for "whole": below, S x S is then the image's own size.

    Attributes:
      windows: ``(smallest, largest)``, the lengths of a random crop; None for other fits.

    Raises:
      InputError: an unknown ``how``, or lengths that a window of S x S does not fit into.
    """

    def __init__(self, how: str, size: int | None):
        found = _GRAMMAR.fullmatch(how)
        name, *lengths = found.groups() if found else (None, "0", None, None)
        side, smallest, largest = (int(length) if length else None for length in lengths)
        if side == 0 or smallest == 0:
            raise InputError(f"unknown fit {how!r}; known: {FITS}")
        if (name == "whole") != (size is None):
            remedy = "it keeps every picture's own size, and none can be given" if size else "give a size with it"
            raise InputError(f"fit={how}: {remedy}")
        self.how, self.size, self._side = how, size, side
        self.windows = (smallest, largest or smallest) if smallest else None
        if self.windows and size and not size <= self.windows[0] <= self.windows[1]:
            raise InputError(f"fit={how}: give SIDE-SIDE in rising order, from the model's side {size} on")

    def __repr__(self) -> str:
        return f"Fit({self.how!r}, {self.size})"

    def box(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """The rows and columns of a picture ``[H, W, ...]`` that the model sees.

        Raises:
          InputError: the picture is smaller than the crop.
        """
        height, width = shape[:2]
        if self.how in ("resize", "whole"):
            return slice(0, height), slice(0, width)
        side = self._side or min(height, width)
        if self.windows and self.size:
            side = max(round(side * self.size / self.windows[0]), 1)
        if side > min(height, width):
            raise InputError(
                f"a picture of {width}x{height} is smaller than crop:{side}; use fit=crop or fit=resize, "
                "or leave it out"
            )
        top, left = (height - side) // 2, (width - side) // 2
        return slice(top, top + side), slice(left, left + side)

    def scale(self, image: np.ndarray) -> np.ndarray:
        """Scale an image so that windows can be cut from it: its shorter side to the largest length.

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

    def to_model(self, picture: np.ndarray, hole: np.ndarray | None = None) -> np.ndarray:
        """Brings a picture to the model's size, by an antialiased Lanczos filter; unchanged if sizes agree.

        Args:
          picture: uint8 ``[H, W, 3]``.
          hole: bool ``[H, W]``, True = missing. Model pixels whose Lanczos window touches it are averaged
            over their own area instead, so nothing that lies in the hole reaches a model pixel that
            ``hole_to_model`` calls known.

        Returns:
          uint8 ``[S, S, 3]``.
        """
        rows, columns = self.box(picture.shape)
        seen = picture[rows, columns]
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
        """A model pixel is missing if any picture pixel that it overlaps is.

        Args:
          hole: bool ``[H, W]``, True = missing, of the picture's size.

        Returns:
          bool ``[S, S, 1]``.

        Raises:
          InputError: the hole reaches outside the crop, where the model cannot complete it.
        """
        rows, columns = self.box(hole.shape)
        seen = hole[rows, columns]
        if seen.sum() != hole.sum():
            raise InputError(
                f"the hole reaches outside the centre crop of {seen.shape[1]}x{seen.shape[0]} that the model "
                "sees; use --fit=resize"
            )
        return seen[..., None] if self.size is None else _any_below(seen, (self.size, self.size))[..., None]

    def hole_to_picture(self, hole: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A picture pixel is missing if any model pixel that it overlaps is; known outside the crop.

        Args:
          hole: ``[S, S, 1]``, non-zero = missing.
          shape: the picture's, ``(H, W, ...)``.

        Returns:
          bool ``[H, W]``.
        """
        rows, columns = self.box(shape)
        whole = np.zeros(shape[:2], bool)
        whole[rows, columns] = _any_below(hole[..., 0] > 0, (rows.stop - rows.start, columns.stop - columns.start))
        return whole

    def carry_back(self, picture: np.ndarray, completed: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """Puts the model's answer into the picture's own hole, enlarged by a bicubic filter.

        Args:
          picture: uint8 or uint16 ``[H, W, 3]``.
          completed: ``[S, S, 3]``, float in [-1, 1] or uint8.
          hole: bool ``[H, W]``, True = missing, of the picture's size.

        Returns:
          ``[H, W, 3]`` of the picture's dtype; every known pixel is the picture's own, bit for bit.
        """
        rows, columns = self.box(picture.shape)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        inside = hole[rows, columns]

        def at_hole(channel: np.ndarray) -> np.ndarray:
            levels = channel.astype(np.float32) if channel.dtype == np.uint8 else to_255(channel)
            image = Image.fromarray(np.ascontiguousarray(levels, np.float32))
            return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))[inside]

        if self.size and (height, width) != (self.size, self.size):
            levels = np.stack([at_hole(channel) for channel in np.moveaxis(completed, -1, 0)], axis=-1)
        else:
            chosen = completed[inside]
            levels = chosen.astype(np.float32) if chosen.dtype == np.uint8 else to_255(chosen)
        result = picture.copy()
        if picture.dtype == np.uint16:  # 257 times the levels of 8 bits
            result[rows, columns][inside] = np.rint(levels * np.float32(257)).clip(0, 65535)
        else:
            result[rows, columns][inside] = round_levels(levels)
        return result


def _any_below(hole: np.ndarray, shape: tuple[int, int], radius: float | None = None) -> np.ndarray:
    """Resizes bool ``[H, W]``, True wins: over a pixel's area, or over ``radius`` filter lobes about it."""
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
