"""What a user uploads: the image, and a mask; and the hole that follows from the mask and from what was painted.

The image stays as its file holds it. The editor shows a copy of another size, which is only painted on.
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

LONGEST, SHORTEST = 1024, 384  # pixels of the longer side of the copy that is painted on
MISSING = np.array([236, 64, 122], np.float32)  # colour of a mask over the image


class Upload(NamedTuple):
    """An image.

    Attributes:
      file: the name of its file.
      id: without the suffix.
      image: as the file holds it.
    """

    file: str
    id: str
    image: Original


def read_upload(path: str) -> Upload:
    """Read an image.

    Raises:
      InputError: what cannot be read or completed, by the name of the file.
    """
    name = Path(path).name
    with _by_name(path):
        check_name(Path(name).stem)
        return Upload(name, Path(name).stem, read_original(path))


def read_mask(path: str, shape: tuple[int, ...], *, invert: bool) -> np.ndarray:
    """Read a mask: white is missing, or black with ``invert``.

    Returns:
      bool ``[H, W]``, True = missing.

    Raises:
      InputError: a file that is no mask, or one of another size than the image.
    """
    name = Path(path).name
    with _by_name(path):
        mask = read_hole(path, HoleOptions(invert=invert))
    if mask.shape != tuple(shape[:2]):
        raise InputError(
            f"{name} is {mask.shape[1]}x{mask.shape[0]}, and the image {shape[1]}x{shape[0]}: save the mask at the "
            "image's size"
        )
    return mask


@contextlib.contextmanager
def _by_name(path: str) -> Iterator[None]:
    """Name a file in error messages as the user does, without the folder of this server."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace(path, Path(path).name)) from error


def shown(image: Original, mask: np.ndarray | None) -> np.ndarray:
    """Draw the copy that is painted on, with the mask in colour over it.

    Returns:
      uint8 ``[h, w, 3]``; a small image is enlarged by a whole number, a large one is shrunk.
    """
    levels = image.levels
    if mask is not None:
        tinted = 0.35 * levels[mask] + 0.65 * MISSING
        levels = levels.copy()
        levels[mask] = np.rint(tinted)
    height, width = levels.shape[:2]
    longer = max(height, width)
    if longer > LONGEST:
        size = (max(1, width * LONGEST // longer), max(1, height * LONGEST // longer))
        return np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BOX))
    factor = -(-SHORTEST // longer)
    return levels.repeat(factor, 0).repeat(factor, 1)


def strokes(painted: dict[str, Any] | None, shape: tuple[int, ...]) -> np.ndarray:
    """Return where strokes were painted, at the image's size: a pixel that any of them touches is missing.

    Args:
      painted: what the editor gives: "layers", each uint8 ``[h, w, 4]``.
      shape: of the image.

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


def hole_of(painted: dict[str, Any] | None, mask: np.ndarray | None, image: Original, *, grow: int) -> np.ndarray:
    """Unite strokes and mask, and grow them.

    Args:
      painted: as in ``strokes``.
      mask: bool ``[H, W]``, or None.
      image: that both are of.
      grow: pixels, in every direction.

    Returns:
      bool ``[H, W]``, True = missing.

    Raises:
      InputError: nothing is painted, or everything.
    """
    shape = image.pixels.shape
    hole = strokes(painted, shape)
    hole = grown(hole if mask is None else hole | mask, grow)
    if not hole.any():
        raise InputError("nothing is missing yet: paint over a part of the image, or upload a mask")
    if hole.all():
        raise InputError("everything is missing: leave some of the image to complete it from")
    return hole
