"""User-facing exceptions: one line that states what is wrong, where, and what to do."""

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Iterator, Sequence


class InputError(ValueError):
    """Bad input. The command line prints it as one line without a stack trace and exits with 2."""


class Interrupted(Exception):
    """A signal stopped the work after everything finished had been saved.

    The command line prints the message and exits with 128 + the number of the signal.

    Args:
      signal: number of the signal.
      progress: completed work, for the message: "step 5 of 20 of dcgan is saved".
    """

    def __init__(self, signal: int, progress: str):
        super().__init__(f"stopped: {progress}; the same command resumes from there")
        self.signal = signal


@contextlib.contextmanager
def users_code(where: str) -> Iterator[None]:
    """Turn an error in user code into one line with the file and the line number.

    Args:
      where: origin of the code, such as "--config: my_config.py".

    Raises:
      InputError: the code inside raised another exception.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if isinstance(error, SyntaxError):
            place = f"{error.filename}, line {error.lineno}"
            what = error.msg
        else:
            others = (os.path.dirname(__file__) + os.sep, sys.prefix, sys.base_prefix, "<")
            frames = [
                f
                for f in traceback.extract_tb(error.__traceback__)
                if not f.filename.startswith(others)
            ]
            place = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else where
            what = str(error)
        kind = type(error).__name__
        raise InputError(
            f"{where}: {place}: {kind}: {what}; --debug shows the whole traceback"
        ) from error


def note(text: str) -> None:
    """Print a note for the user on standard error.

    Args:
      text: one line.
    """
    print(f"inpaint: note: {text}", file=sys.stderr)


def some_of(names: Sequence[str], noun: str, *, most: int = 3) -> str:
    """Count names and show the first few: ``"5 files (a, b, c, ...)"``.

    Args:
      names: at least one.
      noun: noun for the names, in the singular.
      most: maximum number of names to show.

    Returns:
      The text.
    """
    shown = ", ".join([*names[:most], *(["..."] if len(names) > most else [])])
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''} ({shown})"


NO_SPACE = "free some space or choose another folder"
REMEDIES = {
    errno.ENOSPC: NO_SPACE,
    errno.EDQUOT: NO_SPACE,
    errno.EFBIG: NO_SPACE,
    errno.EMFILE: "raise the limit of open files, such as ulimit -n 4096",
    errno.ENFILE: "close other programs, or raise the system's limit of open files",
    errno.ENOMEM: "free some memory",
    errno.EAGAIN: "raise the limit of processes, such as ulimit -u 4096",
    errno.EACCES: "change its permissions or choose another folder",
    errno.EPERM: "change its permissions or choose another folder",
    errno.EROFS: "choose a folder that can be written",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: "check the disk",
    errno.ESTALE: "check the network file system",
}


def system_fault(number: int | None, otherwise: str = "choose another folder") -> tuple[str, str]:
    """Explain why the operating system refused a file.

    Args:
      number: the ``errno`` of an ``OSError``.
      otherwise: remedy for a cause without a specific remedy.

    Returns:
      The cause in the words of the system, and the remedy.
    """
    cause = os.strerror(number) if number else "unknown cause"
    return cause, REMEDIES.get(number or 0, otherwise)
