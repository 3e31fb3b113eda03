"""Atomic file writes: a file appears complete or not at all.

``write_bytes`` writes on every process. The other functions write files of a run, on the first
process only. When a function returns, all data are on the disk. ``sweep`` removes the unfinished
files of killed processes.
"""

import contextlib
import errno
import hashlib
import io
import json
import math
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import jax
import numpy as np

from inpaint_jax import checks
from inpaint_jax.errors import InputError, system_fault

TEMPORARY = re.compile(r"\.inpaint-[0-9a-f]{8}-(\d+)\.tmp")


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an error of the file system into an ``InputError`` with the file and the remedy."""
    try:
        yield
    except OSError as error:
        cause, remedy = system_fault(error.errno)
        raise InputError(f"cannot write {path} ({cause}): {remedy}") from error


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file atomically, see ``replacing``.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Write a file in pieces, atomically: readers see old or new content, even after a crash.

    Missing folders are created. If the block raises, the old content stays.

    Args:
      path: path of the file.

    Yields:
      An open binary file.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    # Beside the target: a rename across file systems is not atomic. Hidden from `*.png`.
    # A hash replaces the name, which may already be as long as the file system allows.
    code = zlib.crc32(os.fsencode(path.name))
    temporary = path.with_name(f".inpaint-{code:08x}-{os.getpid()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                yield file
                keep(file)
            if path.is_dir() and not path.is_symlink():
                raise InputError(f"cannot write {path}: remove the folder of this name")
            os.replace(temporary, path)
            keep_entries(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def keep(file: IO[Any]) -> None:
    """Flush an open file to the disk before returning."""
    file.flush()
    os.fsync(file.fileno())


def keep_entries(folder: Path) -> None:
    """Flush the names in a folder to the disk before returning, on systems that support it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: str | os.PathLike[str]) -> None:
    """Remove unfinished files of killed processes from a folder and its sub-folders.

    Checkpoints are not touched. Temporary files of running processes stay.
    """
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in subfolders if name != "checkpoints"]
        for name in names:
            if (found := TEMPORARY.fullmatch(name)) and not alive(int(found[1])):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(place, name))


def alive(process: int) -> bool:
    """Return whether another process with this number runs on this machine."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # the process belongs to another user
        return True
    return True


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a file; raise OSError as ``open_regular`` does."""
    with open_regular(path) as file:
        return file.read()


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file for reading; raise OSError for a pipe or device, which might block for ever."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "a pipe or a device, not a file", str(path))
    return open(path, "rb")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file atomically, on the first process.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    if not jax.process_index():
        # File names that are not UTF-8 reach Python as surrogates, which UTF-8 cannot encode.
        write_bytes(path, text.encode(errors="backslashreplace"))


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a JSON file atomically, on the first process; numpy values and NaN (null) are allowed.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    write_text(path, json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def append_line(path: str | os.PathLike[str], line: str, *, every_process: bool = False) -> None:
    """Append one line, on the first process. A line cut off by a crash stays on a line by itself.

    Args:
      path: path of the file.
      line: text without a line ending.
      every_process: append on every process, each to a separate file.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    if jax.process_index() and not every_process:
        return
    with writing(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else f"\n{line}"
            file.write(f"{line}\n".encode())
            keep(file)


IDENTITY = "of"  # name of the array that holds the identity of a file
DAMAGED = (
    "is damaged ({}): delete it (for an experiment, also delete the arm's "
    "summary.json) and rerun the command"
)


def write_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], *, identity: str = ""
) -> None:
    """Write an ``.npz`` file atomically, on the first process.

    Args:
      path: path of the file.
      arrays: arrays by name.
      identity: value that ``read_arrays`` compares, for a file whose name other content may take.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    data = arrays_as_bytes(arrays, identity=identity)
    if not jax.process_index():
        write_bytes(path, data)


def arrays_as_bytes(arrays: Mapping[str, np.ndarray], *, identity: str = "") -> bytes:
    """Return the content of an ``.npz`` file, see ``write_arrays``."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, allow_pickle=False, **arrays, **({IDENTITY: np.array(identity)} if identity else {})
    )
    return buffer.getvalue()


def read_arrays(
    path: str | os.PathLike[str], *needed: str, identity: str = "", fault: str = DAMAGED
) -> dict[str, np.ndarray]:
    """Read a file written by ``write_arrays``, and verify every array by the archive's checksum.

    Args:
      path: path of the file.
      needed: names of required arrays.
      identity: the value passed to ``write_arrays``; not compared for files without one (version
        0.1).
      fault: error message for a damaged file; ``{}`` is replaced by the kind of damage.

    Raises:
      InputError: the file is damaged, or the system does not allow reading it.
    """
    try:
        data = read_bytes(path)
    except OSError as error:
        cause, remedy = system_fault(error.errno, "check the path")
        raise InputError(f"{path} cannot be read ({error.strerror or cause}): {remedy}") from error
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            checks.archive(archive)
            members = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
        arrays = {
            name: np.load(io.BytesIO(member), allow_pickle=False)
            for name, member in members.items()
        }
        if identity and str(arrays.pop(IDENTITY, identity)) != identity:
            raise InputError("it has the content of another file")
        if lacking := [name for name in needed if name not in arrays]:
            raise InputError(f"it has no {lacking[0]}")
    except Exception as error:  # a damaged archive can raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} {fault.format(reason)}") from error
    return arrays


def fingerprint(value: Any) -> str:
    """Return 16 hex digits that two plain values share exactly when they are equal."""
    return digest(json.dumps(value, sort_keys=True).encode())


def digest(data: bytes) -> str:
    """Return the first 16 hex digits of a SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def plain(value: Any) -> Any:
    """Convert a value to JSON types.

    NumPy and JAX values become Python values; numbers that are not finite become null.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return plain(np.asarray(value).tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, os.PathLike) else value
