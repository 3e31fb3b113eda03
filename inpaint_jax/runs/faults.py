"""Why a stored checkpoint could not be read or written: its files, or the machine around them."""

import gc
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax.errors import system_fault

# How tensorstore begins what it says of the content of files.
OF_CONTENT = ("DATA_LOSS", "NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT", "OUT_OF_RANGE", "Error decoding")


class Failure(NamedTuple):
    """A failed call.

    Attributes:
      reason: in a few words.
      remedy: where the operating system is to blame, what to do; otherwise empty.
      of_files: whether the failure proves that files do not hold what was written.
    """

    reason: str
    remedy: str
    of_files: bool


def damage(how: str) -> Failure:
    """Describe a damage of files."""
    return Failure(how, "", of_files=True)


def attempt(read: Callable[[], Any]) -> tuple[Any, Failure | None]:
    """Read something, with nothing of a failure left to report later.

    Args:
      read: of no arguments.

    Returns:
      ``(read(), None)``, or ``(None, why it failed)``.
    """
    with warnings.catch_warnings(action="ignore"):
        try:
            return read(), None
        except Exception as error:
            failure = explained(error)
        gc.collect()  # reads that the failure left unfinished warn when they are collected: here
        return None, failure


def explained(error: BaseException) -> Failure:
    """Explain an error of Python, Orbax or tensorstore."""
    if number := system_error(error):
        gone = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
        return Failure(*system_fault(number), of_files=gone)
    # tensorstore strings the causes together, innermost last, and appends its specification.
    first_line = str(error).partition("\n")[0].partition(" [tensorstore_spec")[0]
    text = first_line.rpartition('": ')[2] or type(error).__name__
    if isinstance(error, MemoryError | RuntimeError):  # JAX's errors among them
        memory = isinstance(error, MemoryError) or text.startswith("RESOURCE_EXHAUSTED")
        return Failure(text, "free some memory" if memory else "its files are not to blame", of_files=False)
    parsed = isinstance(error, json.JSONDecodeError | UnicodeDecodeError)
    content = type(error) is ValueError and str(error).startswith(OF_CONTENT)
    return Failure(text, "", of_files=parsed or content)


def system_error(error: BaseException) -> int | None:
    """Return the ``errno`` behind an error of Python or of tensorstore; None where the system is not to blame."""
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"os_error_code='(\d+)'", str(error))
    return int(found[1]) if found else None


def unreadable(folder: Path) -> Failure | None:
    """Return why the system does not let the files below a folder be read; None where all can be read."""
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                with open(path, "rb") as file:
                    while file.read(1 << 24):
                        pass
    except OSError as error:
        return explained(error)
    return None
