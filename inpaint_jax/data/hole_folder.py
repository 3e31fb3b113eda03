"""All holes of a folder at one size, from which training draws."""

import os

import numpy as np

from inpaint_jax.data.holes import check_not_empty, read_hole
from inpaint_jax.data.listing import list_images
from inpaint_jax.data.painted import resized


def read_holes(folder: str | os.PathLike, *, size: int) -> np.ndarray:
    """Read every hole below a folder.

    Args:
      folder: folder of image files, white = missing; or one such file.
      size: side S to which the holes are resized, by nearest pixels.

    Returns:
      bool ``[M, S, S, 1]``, in the order of the file names.

    Raises:
      InputError: no such folder, or a file that is no hole, or a hole without missing pixels at
        that size.
    """
    holes = []
    for file in list_images(os.path.expanduser(folder), masks=True).files:
        hole = resized(read_hole(file), (size, size))
        check_not_empty(hole, str(file))
        holes.append(hole[..., None])
    return np.stack(holes)
