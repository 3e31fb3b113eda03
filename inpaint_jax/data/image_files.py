"""Image files as models see them, uint8 RGB; and the encoding of images that this program draws."""

import io
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from inpaint_jax.data import files
from inpaint_jax.data.originals import read_original
from inpaint_jax.errors import InputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})  # written formats


def read_image(path: str | os.PathLike | BinaryIO, *, name: str | None = None) -> np.ndarray:
    """Read an image file of any format that Pillow reads, as a model sees it.

    Grey and palette images become RGB; 16 bits are scaled to 8 (65535 -> 255); EXIF rotation is
    applied. Transparency is dropped, and the colours are taken as stored. Compositing a transparent
    image on white or black would invent a background, and an edge, that a model would learn. Of an
    animation the first frame is read.

    Args:
      path: path of the file, or a file open for reading bytes.
      name: name of the image in error messages; None: the path.

    Returns:
      uint8 ``[H, W, 3]``.

    Raises:
      InputError: as ``originals.read_original``.
    """
    return read_original(path, name=name).rgb


def write_image(path: str | os.PathLike, array: np.ndarray) -> None:
    """Write an image file atomically; create missing folders.

    Args:
      path: the suffix chooses the format. Choose a lossless one (.png) to preserve known pixels.
      array: as in ``encode_image``.

    Raises:
      InputError: unknown suffix, or the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"cannot write {path}: choose one of the suffixes {', '.join(sorted(SUFFIXES))}"
        )
    files.write_bytes(path, encode_image(array, suffix=path.suffix))


def encode_image(array: np.ndarray, *, suffix: str = ".png") -> bytes:
    """Encode an image as the content of a file.

    Args:
      array: uint8 ``[H, W, 3]`` or ``[H, W]`` (grey), or bool ``[H, W]`` (a hole: white = missing).
      suffix: one of ``SUFFIXES``; it chooses the format.

    Returns:
      The bytes of the file.
    """
    pixels = array.astype(np.uint8) * 255 if array.dtype == bool else np.ascontiguousarray(array)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, Image.registered_extensions()[suffix.lower()], quality=95)
    return buffer.getvalue()
