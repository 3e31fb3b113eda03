"""Read uploaded images and masks; combine mask and strokes to a hole.

The image keeps the content of its file. The editor shows a resized copy, used only for painting.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from inpaint_jax.completion.examination import check_name
from inpaint_jax.data.holes import read_hole
from inpaint_jax.data.originals import Original, read_original
from inpaint_jax.data.painted import HoleOptions, grown, resized
from inpaint_jax.errors import InputError

LONGEST, SHORTEST = 1024, 384  # longer side of the copy in the editor, in pixels
MISSING = np.array([236, 64, 122], np.float32)  # colour of a mask over the image


class Upload(NamedTuple):
    """An uploaded image.

    Attributes:
      file: file name.
      id: file name without the suffix.
      image: content of the file.
    """

    file: str
    id: str
    image: Original


def read_upload(path: str) -> Upload:
    """Read an image.

    Raises:
      InputError: the file cannot be read or completed; the message gives the file name.
    """
    name = Path(path).name
    with _by_name(path):
        check_name(Path(name).stem)
        return Upload(name, Path(name).stem, read_original(path))


def read_mask(path: str, shape: tuple[int, ...], *, invert: bool) -> np.ndarray:
    """Read a mask; white is missing, or black with ``invert``.

    Returns:
      bool ``[H, W]``, True = missing.

    Raises:
      InputError: the file is not a mask, or its size differs from the image.
    """
    name = Path(path).name
    with _by_name(path):
        mask = read_hole(path, HoleOptions(invert=invert))
    if mask.shape != tuple(shape[:2]):
        raise InputError(
            f"{name} is {mask.shape[1]}x{mask.shape[0]}, but the image is {shape[1]}x{shape[0]}: "
            "save the mask at the size of the image"
        )
    return mask


@contextlib.contextmanager
def _by_name(path: str) -> Iterator[None]:
    """Replace the server's path in error messages by the file name."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace(path, Path(path).name)) from error


def shown(image: Original, mask: np.ndarray | None) -> np.ndarray:
    """Draw the copy for the editor, tinted where the mask is.

    Returns:
      uint8 ``[h, w, 3]``; small images are enlarged by an integer factor, large images are reduced.
    """
    rgb = image.rgb
    if mask is not None:
        tinted = 0.35 * rgb[mask] + 0.65 * MISSING
        rgb = rgb.copy()
        rgb[mask] = np.rint(tinted)
    height, width = rgb.shape[:2]
    longer = max(height, width)
    if longer > LONGEST:
        size = (max(1, width * LONGEST // longer), max(1, height * LONGEST // longer))
        return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))
    factor = -(-SHORTEST // longer)
    return rgb.repeat(factor, 0).repeat(factor, 1)


def strokes(painted: dict[str, Any] | None, shape: tuple[int, ...]) -> np.ndarray:
    """Return the painted area at the size of the image; a pixel touched by a stroke is missing.

    Args:
      painted: value of the editor, with "layers", each uint8 ``[h, w, 4]``.
      shape: shape of the image.

    Returns:
      bool ``[H, W]``.
    """
    height, width = shape[:2]
    hole = np.zeros((height, width), bool)
    for layer in (painted or {}).get("layers") or ():
        touched = np.asarray(layer)[..., 3] > 0
        factor = touched.shape[0] // height
        if touched.shape == (factor * height, factor * width):
            hole |= touched.reshape(height, factor, width, factor).any((1, 3))
        else:
            hole |= resized(touched, shape)
    return hole


def hole_of(
    painted: dict[str, Any] | None, mask: np.ndarray | None, image: Original, *, grow: int
) -> np.ndarray:
    """Unite strokes and mask, and grow the union.

    Args:
      painted: as in ``strokes``.
      mask: bool ``[H, W]``, or None.
      image: the image of both.
      grow: growth in every direction, in pixels.

    Returns:
      bool ``[H, W]``, True = missing.

    Raises:
      InputError: nothing is missing, or everything is.
    """
    shape = image.pixels.shape
    hole = strokes(painted, shape)
    hole = grown(hole if mask is None else hole | mask, grow)
    if not hole.any():
        raise InputError("nothing is missing yet: paint over a part of the image, or upload a mask")
    if hole.all():
        raise InputError("everything is missing: leave a part of the image known")
    return hole
