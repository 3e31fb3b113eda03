"""A lock on a folder for one process at a time.

The lock names its holder, and the system frees it when the holder dies.
"""

import contextlib
import datetime
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import jax

from inpaint_jax.data import files
from inpaint_jax.data.json_files import parse
from inpaint_jax.errors import InputError
from inpaint_jax.runs.startup import agree

LOCK, HOLDER = ".lock", ".lock.json"  # the locked file, and the description of the holder
PATIENCE = 0.2  # seconds before a lock counts as held
PROBES = 5  # attempts, 0.05 s apart, before a lock that is only probed counts as held


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str], doing: str, *, option: str) -> Iterator[None]:
    """Hold a folder against other writers, and remove what killed processes left in it.

    If a run has several processes, the first one holds the folder for all.

    Args:
      folder: created if missing, and removed again if nothing was written.
      doing: activity that the message to a second process names: "training", "completing images".
      option: command-line option that the message suggests for choosing another folder.

    Raises:
      InputError: another process holds the folder (names host, process and time), or the folder
        cannot be written.
    """
    folder, refusal = Path(folder), None
    with contextlib.ExitStack() as held:
        if not jax.process_index():
            try:
                held.enter_context(holding(folder, doing, option=option))
            except InputError as error:
                refusal = error
        if agree(refusal is not None):
            raise refusal or InputError(f"{folder} is in use: see the message of the first process")
        yield


def unoccupied(folder: Path) -> bool:
    """Return whether a folder is missing, or holds nothing but a lock."""
    if not folder.exists():
        return True
    return folder.is_dir() and not {entry.name for entry in folder.iterdir()} - {LOCK, HOLDER}


def in_use(folder: Path) -> str | None:
    """Describe the process that holds a folder; None if no process does."""
    for _ in range(PROBES):
        if not (folder / LOCK).exists():
            return None
        try:
            with filelock.FileLock(folder / LOCK, blocking=False):
                return None
        except NotImplementedError:  # a file system without locks
            return None
        except filelock.Timeout:  # perhaps held by another probe
            time.sleep(0.05)
    return described(folder)


@contextlib.contextmanager
def holding(folder: Path, doing: str, *, option: str, sweep: bool = True) -> Iterator[None]:
    """Hold a folder for this process alone, whatever other processes of the run do.

    Args:
      folder: as in ``locked``.
      doing: as in ``locked``.
      option: as in ``locked``.
      sweep: remove what killed processes left in the folder.

    Raises:
      InputError: as in ``locked``.
    """
    made = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK)
    try:
        with files.writing(folder / LOCK):
            _acquire(lock, folder, option)
            if sweep:
                files.sweep(folder)
            files.write_bytes(folder / HOLDER, json.dumps(holder(doing), indent=2).encode())
        yield
    finally:
        if lock.is_locked:
            for name in (HOLDER, LOCK):  # while held: who opens it now notices
                with contextlib.suppress(OSError):  # already removed, or replaced by a folder
                    (folder / name).unlink()
            lock.release()
        for place in made:
            with contextlib.suppress(OSError):  # not empty
                place.rmdir()


def _acquire(lock: filelock.BaseFileLock, folder: Path, option: str) -> None:
    try:
        lock.acquire(timeout=PATIENCE)  # a probe (``in_use``) holds it for a moment
    except filelock.Timeout as error:
        raise InputError(
            f"{folder} is in use: {described(folder)}; wait until it ends, stop it, "
            f"or give another {option}"
        ) from error
    except NotImplementedError:
        print(f"{folder}: this file system has no locks; do not run a second process there")


def holder(doing: str) -> dict[str, str | int]:
    """Describe this process for the messages of others."""
    since = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {"host": socket.gethostname(), "process": os.getpid(), "since": since, "doing": doing}


def described(folder: Path) -> str:
    """Name the holder of a folder."""
    try:
        found = parse(files.read_bytes(folder / HOLDER))
        return "process {process} on {host} has been {doing} there since {since}".format(**found)
    except (OSError, ValueError, LookupError, TypeError):  # the holder has only just taken the lock
        return "another process has just started there"
