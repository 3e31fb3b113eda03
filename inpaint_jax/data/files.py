"""Files that are there completely or not at all.

``write_bytes`` writes on every process; the others are for files of a run, which the first process writes.
Everything is on the disk when a function returns. What a killed process left unfinished is removed by ``sweep``.
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
    """Turns what the file system refuses into an ``InputError`` that names the file and the remedy."""
    try:
        yield
    except OSError as error:
        cause, remedy = system_fault(error.errno)
        raise InputError(f"cannot write {path} ({cause}): {remedy}") from error


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a file atomically, see ``replacing``.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Write a file atomically in pieces: whoever reads it sees the old content or the new, also after a crash.

    Folders on the way are made. Where the block raises, the old content stays.

    Args:
      path: of the file.

    Yields:
      An open binary file.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    # Beside the target, because a rename across file systems is not atomic; hidden from `*.png` and the like.
    # A hash in place of the name, which may have the greatest length that the file system allows.
    code = zlib.crc32(os.fsencode(path.name))
    temporary = path.with_name(f".inpaint-{code:08x}-{os.getpid()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                yield file
                keep(file)
            if path.is_dir() and not path.is_symlink():
                raise InputError(f"cannot write {path}: a folder of this name is in the way, remove it")
            os.replace(temporary, path)
            keep_entries(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def keep(file: IO[Any]) -> None:
    """Return when everything written to an open file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def keep_entries(folder: Path) -> None:
    """Return when the names in a folder are on the disk, where the system can say so."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: str | os.PathLike[str]) -> None:
    """Remove what killed processes left unfinished in a folder and its sub-folders, checkpoints aside.

    A temporary file of a process that lives stays.
    """
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in subfolders if name != "checkpoints"]
        for name in names:
            if (found := TEMPORARY.fullmatch(name)) and not alive(int(found[1])):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(place, name))


def alive(process: int) -> bool:
    """Return whether another process of this machine has a number."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user
        return True
    return True


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a file; raise OSError as ``open_regular``."""
    with open_regular(path) as file:
        return file.read()


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file for reading; raise OSError for a pipe or a device, on which reading might wait without end."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "a pipe or a device, not a file", str(path))
    return open(path, "rb")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file atomically, on the first process.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    if not jax.process_index():
        # File names that are not UTF-8 reach Python as surrogates, which UTF-8 has no bytes for.
        write_bytes(path, text.encode(errors="backslashreplace"))


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Writes a JSON file atomically, on the first process; numpy values and NaN (null) are welcome.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    write_text(path, json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def append_line(path: str | os.PathLike[str], line: str, *, every_process: bool = False) -> None:
    """Appends one line, on the first process; a line that a crash cut off stays a line of its own.

    Args:
      path: of the file.
      line: without its end.
      every_process: append on every process, each to a file of its own.

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


IDENTITY = "of"  # the array that holds a file's own identity
DAMAGED = (
    "is damaged ({}): delete it, and the same command writes it anew (for an experiment, also delete the arm's "
    "summary.json)"
)


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], *, identity: str = "") -> None:
    """Writes an ``.npz`` file atomically, on the first process.

    Args:
      path: the file.
      arrays: by name.
      identity: what ``read_arrays`` compares, for a file that may lie under the name of another.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    data = arrays_as_bytes(arrays, identity=identity)
    if not jax.process_index():
        write_bytes(path, data)


def arrays_as_bytes(arrays: Mapping[str, np.ndarray], *, identity: str = "") -> bytes:
    """The content of an ``.npz`` file, see ``write_arrays``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays, **({IDENTITY: np.array(identity)} if identity else {}))
    return buffer.getvalue()


def read_arrays(
    path: str | os.PathLike[str], *needed: str, identity: str = "", fault: str = DAMAGED
) -> dict[str, np.ndarray]:
    """Reads what ``write_arrays`` has written, and verifies every array by the checksum of its archive.

    Args:
      path: the file.
      needed: names of arrays that it must have.
      identity: given to ``write_arrays``; a file without one, of version 0.1, is not compared.
      fault: what the message says of a damaged file; ``{}`` is how it is damaged.

    Raises:
      InputError: the file is damaged, or the system does not let it be read.
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
        arrays = {name: np.load(io.BytesIO(member), allow_pickle=False) for name, member in members.items()}
        if identity and str(arrays.pop(IDENTITY, identity)) != identity:
            raise InputError("it is another file under this name")
        if lacking := [name for name in needed if name not in arrays]:
            raise InputError(f"it has no {lacking[0]}")
    except Exception as error:  # whatever a damaged archive brings about
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
