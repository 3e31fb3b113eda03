"""One process at a time in a folder: a lock that names its holder, and that the system frees when the holder dies."""

import contextlib
import datetime
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import filelock
import jax

from inpaint_jax.data import files
from inpaint_jax.data.json_files import parse
from inpaint_jax.errors import InputError
from inpaint_jax.runs.startup import agree

LOCK, HOLDER = ".lock", ".lock.json"  # what is locked, and who holds it


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str], doing: str, *, option: str) -> Iterator[None]:
    """Hold a folder, so that no second process writes into it; remove what killed processes left there.

    Of several processes of one run the first holds it for all.

    Args:
      folder: made where it is missing, and removed again where nothing was written.
      doing: what the message tells a second process: "training", "completing images".
      option: of the command line, which the message offers for another folder.

    Raises:
      InputError: another process holds the folder, by host, process and time; or the folder cannot be written.
    """
    folder, refusal = Path(folder), None
    with contextlib.ExitStack() as held:
        if not jax.process_index():
            try:
                held.enter_context(_holding(folder, doing, option))
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


@contextlib.contextmanager
def _holding(folder: Path, doing: str, option: str) -> Iterator[None]:
    made = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK)
    try:
        with files.writing(folder / LOCK):
            _acquire(lock, folder, option)
            files.sweep(folder)
            files.write_json(folder / HOLDER, holder(doing))
        yield
    finally:
        if lock.is_locked:
            for name in (HOLDER, LOCK):  # while it is held: who opens the file now sees that it is gone
                with contextlib.suppress(OSError):  # somebody removed it, or put a folder in its place
                    (folder / name).unlink()
            lock.release()
        for place in made:
            with contextlib.suppress(OSError):  # something was written
                place.rmdir()


def _acquire(lock: filelock.BaseFileLock, folder: Path, option: str) -> None:
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise InputError(
            f"{folder} is in use: {described(folder)}; wait until it ends, stop it, or give another {option}"
        ) from error
    except NotImplementedError:
        print(f"{folder}: this file system has no locks; let no second process write there")


def holder(doing: str) -> dict[str, str | int]:
    """Describe this process for the messages of others."""
    since = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {"host": socket.gethostname(), "process": os.getpid(), "since": since, "doing": doing}


def described(folder: Path) -> str:
    """Say who holds a folder."""
    try:
        found = parse(files.read_bytes(folder / HOLDER))
        return "process {process} on {host} has been {doing} there since {since}".format(**found)
    except (OSError, ValueError, LookupError, TypeError):  # it has only just taken the lock
        return "another process has just begun there"
