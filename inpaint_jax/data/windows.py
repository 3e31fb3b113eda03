"""Random windows of images: the position follows from seed, epoch and image id alone."""

import numpy as np
from PIL import Image

from inpaint_jax.data.drawn import chances
from inpaint_jax.naming import hashed

CENTRED = (0.5, 0.5, 0.0)  # window if nothing is random


def window_chances(seed: int, epoch: int, name: str) -> tuple[float, ...]:
    """Draw the position and the scale of a window.

    Args:
      seed: seed of the run.
      epoch: how often all images were seen before.
      name: id of the image.

    Returns:
      Three numbers in [0, 1), equal on any machine, for ``cut_window``.
    """
    return tuple(chances(hashed(f"{seed} {epoch} {name}"), len(CENTRED)))


def cut_window(
    image: np.ndarray, *, size: int, smallest: int, at: tuple[float, ...] = CENTRED
) -> np.ndarray:
    """Cut a square window from an image, at some scale.

    Args:
      image: uint8 ``[H, W, 3]``, whose shorter side has the largest length, ``Fit.windows[1]``.
      size: side S of the window.
      smallest: the smallest length, ``Fit.windows[0]``.
      at: three numbers in [0, 1). The third chooses a length from ``smallest`` to the largest, all
        equally likely, to which the shorter side is scaled. The first two place the window; 0 means
        top and left.

    Returns:
      uint8 ``[S, S, 3]``: copied pixels at the largest length, otherwise shrunk by an antialiased
      Lanczos filter.
    """
    height, width = image.shape[:2]
    down, right, scale = at
    largest = min(height, width)
    length = smallest + int(scale * (largest - smallest + 1))
    if length == largest:
        top, left = int(down * (height - size + 1)), int(right * (width - size + 1))
        return image[top : top + size, left : left + size]
    side = size * largest / length
    top, left = down * (height - side), right * (width - side)
    box = (left, top, min(left + side, width), min(top + side, height))
    seen = Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS, box=box)
    return np.array(seen)
