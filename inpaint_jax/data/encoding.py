"""Image encoding that keeps what the original file had: transparency, depth, profile, EXIF."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from inpaint_jax.data.originals import Original

# Formats that a completed image can keep, by file suffix. All other images become PNG.
WRITTEN = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".ppm": "PPM",
}
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R 601, as Pillow converts


def completed(
    original: Original, pixels: np.ndarray, hole: np.ndarray, *, opaque: bool = False
) -> Original:
    """Put completed pixels into the hole of an image and leave everything else unchanged.

    Args:
      original: the image.
      pixels: completed image ``[H, W, 3]``, of the dtype of ``original``.
      hole: bool ``[H, W]``, True = missing.
      opaque: make a transparent hole opaque.

    Returns:
      The completed image. A grey image stays grey.
    """
    inside = pixels[hole]
    if original.grey:
        luma = np.rint(inside.astype(np.float32) @ _GREY).astype(pixels.dtype)
        inside = np.repeat(luma[:, None], 3, axis=1)
    result = original.pixels.copy()
    result[hole] = inside
    alpha = original.alpha
    if opaque and alpha is not None:
        alpha = np.where(hole, np.iinfo(alpha.dtype).max, alpha).astype(alpha.dtype)
    return original._replace(pixels=result, alpha=alpha)


def encode(image: Original, *, suffix: str = ".png") -> bytes:
    """Encode an image as the content of a file.

    Args:
      image: the image, with everything that its file keeps.
      suffix: ".png", which is lossless, or a key of ``WRITTEN``.

    Returns:
      The bytes of the file.
    """
    kind = WRITTEN.get(suffix, "PNG")
    channels = _channels(image)
    if channels.dtype == np.uint16 and channels.shape[2] > 1:
        return _png_of_16_bits(channels, dict(image.saved))
    pillow = to_pillow(image)
    options: dict[str, Any] = dict(image.saved)
    if kind == "JPEG":
        options |= image.coding or {"quality": 95}
    elif kind == "WEBP":
        options |= {"lossless": True, "exact": True}
    elif kind == "TIFF":
        options |= {"compression": "tiff_adobe_deflate"}
    buffer = io.BytesIO()
    pillow.save(buffer, kind, **options)
    return buffer.getvalue()


def to_pillow(image: Original) -> Image.Image:
    """Make a PIL image, grey or RGB, with transparency. Only grey images can have 16 bits."""
    channels = _channels(image)
    return Image.fromarray(
        np.ascontiguousarray(channels[..., 0] if channels.shape[2] == 1 else channels)
    )


def _channels(image: Original) -> np.ndarray:
    channels = image.pixels[..., :1] if image.grey else image.pixels
    if image.alpha is None:
        return channels
    return np.concatenate([channels, image.alpha[..., None]], axis=2)


def suffix_for(image: Original) -> str:
    """Return the suffix that keeps a completed image in the format of the original file.

    Args:
      image: the image as it was read.

    Returns:
      The suffix of the original file if such a file can hold everything, otherwise ".png".
    """
    suffix = image.suffix.lower()
    kind = WRITTEN.get(suffix)
    deep = image.pixels.dtype == np.uint16
    holds_alpha, holds_depth = ("WEBP", "TIFF", "BMP"), ("TIFF",) if image.grey else ()
    if kind is None or kind != {"MPO": "JPEG"}.get(image.format, image.format):
        return ".png"
    if image.alpha is not None and (kind not in holds_alpha or deep):
        return ".png"
    return suffix if not deep or kind in holds_depth else ".png"


def _png_of_16_bits(values: np.ndarray, saved: dict[str, Any]) -> bytes:
    """Encode a PNG file with 16 bits in each of 2, 3 or 4 channels, which Pillow cannot write."""
    height, width, channels = values.shape
    rows = np.ascontiguousarray(values.astype(">u2")).view(np.uint8).reshape(height, width, -1)
    filtered = np.diff(rows, axis=1, prepend=np.uint8(0))  # modulo 256: PNG's filter "Sub"
    lines = np.concatenate([np.ones((height, 1), np.uint8), filtered.reshape(height, -1)], axis=1)
    colour = {2: 4, 3: 2, 4: 6}[channels]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))]
    if profile := saved.get("icc_profile"):
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)))
    if dpi := saved.get("dpi"):
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(each / 0.0254) for each in dpi), 1)))
    if exif := saved.get("exif"):
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    chunks += [(b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)
