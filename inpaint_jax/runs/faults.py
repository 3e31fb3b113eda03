"""Reasons why a stored checkpoint cannot be read or written: its files, or the machine."""

import gc
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax.errors import system_fault

# Beginnings of tensorstore's messages about the content of files.
OF_CONTENT = (
    "DATA_LOSS",
    "NOT_FOUND",
    "FAILED_PRECONDITION",
    "INVALID_ARGUMENT",
    "OUT_OF_RANGE",
    "Error decoding",
)


class Failure(NamedTuple):
    """A failed call.

    Attributes:
      reason: short description.
      remedy: advice if the operating system is to blame; otherwise empty.
      of_files: whether the failure proves that files do not hold what was written.
    """

    reason: str
    remedy: str
    of_files: bool


def damage(how: str) -> Failure:
    """Describe damaged files."""
    return Failure(how, "", of_files=True)


def attempt(read: Callable[[], Any]) -> tuple[Any, Failure | None]:
    """Read something, and leave no part of a failure to be reported later.

    Args:
      read: function without arguments.

    Returns:
      ``(read(), None)``, or ``(None, failure)``.
    """
    with warnings.catch_warnings(action="ignore"):
        try:
            return read(), None
        except Exception as error:
            failure = explained(error)
        gc.collect()  # unfinished reads warn when they are collected; collect them now
        return None, failure


def explained(error: BaseException) -> Failure:
    """Explain an error of Python, Orbax or tensorstore."""
    if number := system_error(error):
        gone = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
        return Failure(*system_fault(number), of_files=gone)
    # tensorstore joins the causes, innermost last, and appends its specification.
    first_line = str(error).partition("\n")[0].partition(" [tensorstore_spec")[0]
    text = first_line.rpartition('": ')[2] or type(error).__name__
    if isinstance(error, MemoryError | RuntimeError):  # includes errors of JAX
        memory = isinstance(error, MemoryError) or text.startswith("RESOURCE_EXHAUSTED")
        return Failure(
            text, "free some memory" if memory else "its files are not to blame", of_files=False
        )
    parsed = isinstance(error, json.JSONDecodeError | UnicodeDecodeError)
    content = type(error) is ValueError and str(error).startswith(OF_CONTENT)
    return Failure(text, "", of_files=parsed or content)


def system_error(error: BaseException) -> int | None:
    """Return the ``errno`` behind an error; None if the operating system is not to blame."""
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"os_error_code='(\d+)'", str(error))
    return int(found[1]) if found else None


def unreadable(folder: Path) -> Failure | None:
    """Return why the system does not allow reading the files below a folder; None if it does."""
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                with open(path, "rb") as file:
                    while file.read(1 << 24):
                        pass
    except OSError as error:
        return explained(error)
    return None
