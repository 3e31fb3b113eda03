"""An image as its file holds it, with everything that a completed copy keeps."""

import contextlib
import os
import stat
import struct
import sys
import warnings
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, JpegImagePlugin

from inpaint_jax.data.formats import readable
from inpaint_jax.errors import InputError

ORIENTATION = 0x0112
_SIXTEEN_BIT = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_SPACES = {b"RGB ": False, b"GRAY": True}  # colour spaces of profiles, and whether each is grey
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class Original(NamedTuple):
    """An image file at full size.

    Attributes:
      pixels: ``[H, W, 3]``, uint8, or uint16 for a file with 16 bits per channel; grey is repeated.
      alpha: ``[H, W]`` of the same dtype; None: the file has no transparency.
      grey: whether the file is grey.
      format: Pillow's name of the file format.
      suffix: suffix of the file, if known.
      frames: number of frames or pages; the pixels are those of the first.
      saved: arguments of Pillow's ``save``: colour profile, EXIF (upright), resolution.
      coding: arguments of ``save`` that write a JPEG file with the original's compression.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    grey: bool = False
    format: str = "PNG"
    suffix: str = ".png"
    frames: int = 1
    saved: Mapping[str, Any] = {}
    coding: Mapping[str, Any] = {}

    @property
    def rgb(self) -> np.ndarray:
        """Return the image as models see it, uint8 ``[H, W, 3]``."""
        return to_eight_bits(self.pixels)

    def cut(self, rows: slice, columns: slice) -> "Original":
        """Cut a box out of the image."""
        alpha = None if self.alpha is None else self.alpha[rows, columns]
        return self._replace(pixels=self.pixels[rows, columns], alpha=alpha)


def to_eight_bits(values: np.ndarray) -> np.ndarray:
    """Round uint16 to uint8 (65535 becomes 255); return uint8 unchanged."""
    if values.dtype == np.uint8:
        return values
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def read_original(
    path: str | os.PathLike | BinaryIO, *, name: str | None = None, count_frames: bool = False
) -> Original:
    """Read an image file of any format that Pillow reads.

    Palette and CMYK images become RGB, and EXIF rotation is applied. Of an animation the first
    frame is read. Colours under transparent pixels are taken as stored.

    Args:
      path: path of the file, or a file open for reading bytes.
      name: name of the image in error messages; None: the path.
      count_frames: fill in ``frames``; an animation is then read to its end.

    Returns:
      The image.

    Raises:
      InputError: the file is missing, unreadable, truncated, 32-bit, too large, or not a regular
        file (a pipe or device is not opened). The message names the file.
    """
    name = name or str(path)
    try:
        if isinstance(path, str | os.PathLike) and not stat.S_ISREG(os.stat(path).st_mode):
            raise InputError(f"{name} is a folder, a pipe or a device, not a file")
        with _opened(path) as opened:
            deep = _low_bytes(path, opened, name)
            opened.load()
            read = original_of(opened, name, low_bytes=deep)
            return read._replace(frames=_frames(opened)) if count_frames else read
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"no such image: {name}") from error
    except PermissionError as error:
        raise InputError(f"no permission to read {name}; change its permissions") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            f"{name} is too large: it declares more than "
            f"{Image.MAX_IMAGE_PIXELS or 0:,} pixels; shrink it"
        ) from error
    except MemoryError as error:
        raise InputError(f"{name} is too large for the memory of this machine") from error
    except _UNREADABLE as error:
        raise InputError(
            f"cannot read {name} ({error}); it is damaged or not an image: replace or remove it"
        ) from error


def original_of(
    opened: Image.Image, name: str, *, low_bytes: Image.Image | None = None, upright: bool = True
) -> Original:
    """Convert an opened image of any mode.

    Args:
      opened: the image.
      name: name of the image in error messages.
      low_bytes: lower bytes of a colour image with 16 bits; ``opened`` has the upper bytes.
      upright: apply the EXIF rotation.

    Returns:
      The image.

    Raises:
      InputError: 32-bit pixels.
    """
    turn = _turn(opened) if upright else None
    image = opened.transpose(turn) if turn is not None else opened
    if image.mode in ("I", "F"):
        raise InputError(
            f"{name} has 32-bit pixels of unknown range; save it with 8 or 16 bits per channel"
        )
    if image.mode in _SIXTEEN_BIT:
        pixels, alpha, grey = np.asarray(image).astype(np.uint16)[..., None], None, True
        pixels = np.repeat(pixels, 3, axis=2)
    else:
        mode, grey = _plain_mode(image)
        converted = np.array(image.convert(mode))
        if low_bytes is not None:
            low = low_bytes.transpose(turn) if turn is not None else low_bytes
            converted = (converted.astype(np.uint16) << 8) | np.array(low.convert(mode))
        converted = converted.reshape(*converted.shape[:2], -1)
        alpha = converted[..., -1].copy() if mode.endswith("A") else None
        pixels = np.repeat(converted[..., :1], 3, axis=2) if grey else converted[..., :3]
    return Original(
        np.ascontiguousarray(pixels),
        alpha,
        grey,
        opened.format or "PNG",
        saved=_saved(opened, turn, grey=grey),
        coding=_coding(opened),
    )


@contextlib.contextmanager
def _opened(path: str | os.PathLike | BinaryIO):
    with warnings.catch_warnings():  # Pillow warns from half of the size that it refuses
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        opened = Image.open(path, formats=readable())
    with opened:
        yield opened


def _plain_mode(image: Image.Image) -> tuple[str, bool]:
    """Return the mode to which an image is converted, and whether the image is grey."""
    grey = image.mode in ("1", "L", "LA", "La")
    alpha = image.mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info
    return ("L" if grey else "RGB") + ("A" if alpha else ""), grey


def _frames(opened: Image.Image) -> int:
    """Return the number of frames; a photograph with a preview (MPO) has one."""
    try:
        return 1 if opened.format == "MPO" else getattr(opened, "n_frames", 1)
    except _UNREADABLE:  # a later frame is damaged
        return 1


def _low_bytes(
    path: str | os.PathLike | BinaryIO, opened: Image.Image, name: str
) -> Image.Image | None:
    """Return the lower bytes of a 16-bit colour image, of which Pillow reads the upper bytes.

    The same file is decoded once more with the byte order swapped.

    Raises:
      InputError: a kind of 16-bit file for which Pillow cannot swap the byte order.
    """
    arguments = [tile.args for tile in getattr(opened, "tile", ()) or ()]
    raw = {_raw_mode(args) for args in arguments}
    largest = [args[-1] for args in arguments if isinstance(args, tuple)]  # maxima, in a PPM file
    if opened.format == "PPM" and any(isinstance(level, int) and level > 255 for level in largest):
        raise InputError(f"{name} has 16 bits per channel: save it as a PNG or TIFF file")
    if opened.mode in _SIXTEEN_BIT or not any(";16" in mode for mode in raw):
        return None
    native = "16L" if sys.byteorder == "big" else "16B"
    other = {"16B": "16L", "16L": "16B", "16N": native}

    def swapped(args):
        text, *rest = (args,) if isinstance(args, str) else args
        stem, _, order = text.partition(";")
        text = f"{stem};{other.get(order, order)}"
        return text if isinstance(args, str) else (text, *rest)

    if hasattr(path, "seek"):
        path.seek(0)  # pyright: ignore
    with _opened(path) as low:
        low.tile = [tile._replace(args=swapped(tile.args)) for tile in low.tile]  # pyright: ignore
        try:
            low.load()
        except ValueError as error:  # Pillow cannot swap the byte order of grey with alpha
            raise InputError(
                f"{name} has 16 bits per channel in an unsupported form: save it as 16-bit RGB, "
                "RGBA or grey, or with 8 bits"
            ) from error
        if hasattr(path, "seek"):
            path.seek(0)  # pyright: ignore
        return low.copy()


def _raw_mode(args: Any) -> str:
    first = args if isinstance(args, str) else (args or [""])[0]
    return first if isinstance(first, str) else ""


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return the transposition that brings an image upright; None for unreadable EXIF data."""
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # cameras write broken EXIF data, and the pixels are good without them
        return None
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return turns.get(orientation)


def _saved(image: Image.Image, turn: Image.Transpose | None, *, grey: bool) -> dict[str, Any]:
    """Return profile, EXIF and resolution for the file of an upright RGB or grey image."""
    saved: dict[str, Any] = {}
    profile = image.info.get("icc_profile")
    if profile and _SPACES.get(profile[16:20]) is grey:
        saved["icc_profile"] = profile
    try:
        exif = image.getexif()
        exif.pop(ORIENTATION, None)
        if image.format != "TIFF" and len(exif):  # a TIFF file's tags describe its own layout
            saved["exif"] = exif.tobytes()
    except Exception:  # as in _turn
        pass
    dpi = image.info.get("dpi")
    if dpi and len(dpi) == 2 and all(0 < float(each) < 1e6 for each in dpi):
        sideways = turn in (
            Image.Transpose.TRANSPOSE,
            Image.Transpose.ROTATE_270,
            Image.Transpose.TRANSVERSE,
            Image.Transpose.ROTATE_90,
        )
        saved["dpi"] = tuple(float(each) for each in (dpi[::-1] if sideways else dpi))
    return saved


def _coding(image: Image.Image) -> dict[str, Any]:
    """Return the quantisation tables and subsampling of a JPEG file."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("L", "RGB"):
        return {}
    tables = getattr(image, "quantization", None)
    sampling = JpegImagePlugin.get_sampling(image)
    return (
        {"qtables": tables, **({"subsampling": sampling} if sampling >= 0 else {})}
        if tables
        else {}
    )
