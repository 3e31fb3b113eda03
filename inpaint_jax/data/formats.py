"""Readable image formats: every Pillow format that holds images and runs no other program."""

import functools

from PIL import Image

# Pillow only recognises these, runs Ghostscript for them, or reads no image from them.
REFUSED = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "PCD", "WMF"})


@functools.cache
def readable() -> tuple[str, ...]:
    """Return the formats, by Pillow's names, in the order in which Pillow tries them."""
    Image.init()
    return tuple(name for name in Image.ID if name not in REFUSED)


@functools.cache
def suffixes() -> frozenset[str]:
    """Return the suffixes of files in these formats, in lower case, with the dot."""
    known = readable()
    return frozenset(
        suffix for suffix, name in Image.registered_extensions().items() if name in known
    )
