"""Files that are there completely or not at all.

``write_bytes`` writes on every process; the others are for files of a run, which the first process writes.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from inpaint_jax.errors import InputError


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns what the file system refuses into an ``InputError`` that names the file and the remedy."""
    try:
        yield
    except OSError as error:
        remedy = "free some space or choose another folder"
        raise InputError(f"cannot write {path} ({error.strerror}): {remedy}") from error


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a file atomically: whoever reads it sees the old content or the new, also after a crash.

    Folders on the way are made.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    # Beside the target, because a rename across file systems is not atomic; hidden from `*.png` and the like.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file atomically, on the first process.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    if not jax.process_index():
        write_bytes(path, text.encode())


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Writes a JSON file atomically, on the first process; numpy values and NaN (null) are welcome.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    write_text(path, json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def append_line(path: str | os.PathLike[str], line: str) -> None:
    """Appends one line, on the first process; a line that a crash cut off stays a line of its own.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    if jax.process_index():
        return
    with writing(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else f"\n{line}"
            file.write(f"{line}\n".encode())


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes an ``.npz`` file atomically, on the first process.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    if not jax.process_index():
        write_bytes(path, buffer.getvalue())


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Reads what ``write_arrays`` has written.

    Raises:
      InputError: the file is damaged.
    """
    try:
        with np.load(io.BytesIO(Path(path).read_bytes())) as archive:
            return dict(archive)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"cannot read {path}, it is damaged: delete it (of an experiment's arm, its summary.json too), and the "
            "same command writes it anew"
        ) from error


def fingerprint(value: Any) -> str:
    """Return 16 hex digits that two plain values share exactly when they are equal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    """The value in terms that JSON knows: numpy and JAX values become Python's, what is not finite null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return plain(np.asarray(value).tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, os.PathLike) else value
