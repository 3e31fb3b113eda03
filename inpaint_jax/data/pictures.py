"""Picture files: what people keep on disk becomes uint8 RGB, and results are encoded."""

import io
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from inpaint_jax.data import files
from inpaint_jax.errors import InputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
_SIXTEEN_BIT = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def read_picture(path: str | os.PathLike | BinaryIO, *, name: str | None = None) -> np.ndarray:
    """Reads a JPEG, PNG, WebP or BMP file.

    Grey and palette pictures become RGB; 16-bit grey is scaled (65535 -> 255); EXIF rotation is applied. An
    alpha channel is dropped, and the colours are taken as stored: laying a transparent picture on white or
    black would invent a background, and an edge, that a model would learn. Of an animation the first frame is
    read.

    Args:
      path: of the file, or the file itself, open for reading bytes.
      name: what error messages call it; None: its path.

    Returns:
      uint8 ``[H, W, 3]``.

    Raises:
      InputError: a missing, unreadable, truncated or 32-bit file, by name.
    """
    name = name or str(path)
    try:
        with Image.open(path) as opened:
            opened.load()
            picture = ImageOps.exif_transpose(opened)
        return to_rgb(picture, name)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"no such picture: {name}") from error
    except PermissionError as error:
        raise InputError(f"may not read {name}; change its permissions") from error
    except _UNREADABLE as error:
        raise InputError(
            f"cannot read {name} ({error}); it is damaged or no picture: replace it or move it away"
        ) from error


def to_rgb(picture: Image.Image, name: str) -> np.ndarray:
    """Convert an opened image of any mode, as ``read_picture`` does; its EXIF rotation is not applied.

    Args:
      picture: the image.
      name: what error messages call it.

    Returns:
      uint8 ``[H, W, 3]``.

    Raises:
      InputError: for 32-bit pixels.
    """
    if picture.mode in _SIXTEEN_BIT:
        grey = (np.asarray(picture).astype(np.uint32) + 128) // 257
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if picture.mode in ("I", "F"):
        raise InputError(f"{name} has 32-bit pixels of unknown range; save it with 8 or 16 bits per channel")
    return np.array(picture.convert("RGB"))


def write_picture(path: str | os.PathLike, array: np.ndarray) -> None:
    """Write a picture file atomically; missing folders are created.

    Args:
      path: the suffix chooses the format; choose one without loss (.png) where known pixels must survive.
      array: as ``encode_picture`` takes it.

    Raises:
      InputError: unknown suffix, or the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"cannot write {path}: choose one of the suffixes {', '.join(sorted(SUFFIXES))}")
    files.write_bytes(path, encode_picture(array, suffix=path.suffix))


def encode_picture(array: np.ndarray, *, suffix: str = ".png") -> bytes:
    """Encode a picture as the content of a file.

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


def list_pictures(path: str | os.PathLike) -> list[Path]:
    """Finds the picture files of a folder and its sub-folders; hidden files do not count.

    Args:
      path: a folder, or one picture file.

    Returns:
      Paths sorted by their parts, so that the order is the same on every machine.

    Raises:
      InputError: no such folder, or none of its files is a picture.
    """
    root = Path(path)
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise InputError(f"no such folder: {root}")
    found = []
    for folder, subfolders, names in os.walk(root, followlinks=True):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found += [
            Path(folder, name) for name in names if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
    if not found:
        raise InputError(f"no pictures in {root} (looked for {', '.join(sorted(SUFFIXES))}, sub-folders included)")
    return sorted(found, key=lambda file: file.relative_to(root).parts)


def picture_ids(root: str | os.PathLike, paths: list[Path]) -> Mapping[str, Path]:
    """Names pictures by their path below ``root`` without suffix ("a/b.jpg" -> "a/b"), in the order given.

    Raises:
      InputError: two files would get one id, naming both.
    """
    base = Path(root) if Path(root).is_dir() else Path(root).parent
    named: dict[str, Path] = {}
    for file in paths:
        name = file.relative_to(base).with_suffix("").as_posix()
        if name in named:
            raise InputError(f"{named[name]} and {file} would both be called {name!r}; rename or remove one")
        named[name] = file
    return named
