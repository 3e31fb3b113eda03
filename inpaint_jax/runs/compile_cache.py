"""The folder of compiled programs: private to the user, without partial files of killed processes.

JAX writes an entry in place and never replaces it, so JAX would read a partial entry, and warn,
for ever.
"""

import contextlib
import importlib
import os
import warnings
import zlib
from pathlib import Path

SWEPT = ".swept"  # its modification time: older entries were checked


def make_private(folder: Path) -> bool:
    """Close a user's folder to all other users; return whether it is closed to them."""
    if not hasattr(os, "getuid"):  # Windows keeps the folders of a profile private
        return True
    if folder.stat().st_uid == os.getuid():
        folder.chmod(0o700)
    return folder.stat().st_uid == os.getuid()


def sweep(folder: Path) -> None:
    """Remove unreadable entries written since the last call; silence JAX about later ones.

    An entry that another process is writing right now may be removed too: it is compiled once more.
    """
    warnings.filterwarnings(
        "ignore", "Error reading persistent compilation cache entry", UserWarning
    )
    stamp = folder / SWEPT
    since = stamp.stat().st_mtime_ns if stamp.exists() else 0
    stamp.touch()
    for entry in folder.glob("*-cache"):
        with contextlib.suppress(OSError):  # another process removed it
            if entry.stat().st_mtime_ns >= since and not is_whole(entry.read_bytes()):
                entry.unlink()


def is_whole(entry: bytes) -> bool:
    """Return whether JAX can unpack an entry of its cache."""
    for module, unpack in (
        ("compression.zstd", lambda zstd: zstd.decompress(entry)),
        ("zstandard", lambda zstandard: zstandard.ZstdDecompressor().decompress(entry)),
        ("zlib", lambda _: zlib.decompress(entry)),
    ):
        try:
            found = importlib.import_module(module)
        except ImportError:  # JAX takes the first of them that is installed
            continue
        try:
            unpack(found)
        except Exception:
            return False
        return True
    return True
