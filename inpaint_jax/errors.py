"""The exceptions that a user is meant to read: one line that says what is wrong, where, and what to do."""

import sys
from collections.abc import Sequence


class InputError(ValueError):
    """Bad input. The command line prints it as one line and exits with code 2, without a stack trace."""


class Interrupted(Exception):
    """A signal stopped the work after everything finished had been saved.

    The command line prints the message and exits with 128 + the number of the signal.

    Args:
      signal: number of the signal.
      progress: what is done, for the message: "step 5 of 20 of dcgan is saved".
    """

    def __init__(self, signal: int, progress: str):
        super().__init__(f"stopped: {progress}; the same command goes on from there")
        self.signal = signal


def note(text: str) -> None:
    """Say something on standard error that a user should know, and go on.

    Args:
      text: one line.
    """
    print(f"inpaint: note: {text}", file=sys.stderr)


def some_of(names: Sequence[str], noun: str, *, most: int = 3) -> str:
    """Count names and show the first: ``"5 files (a, b, c, ...)"``.

    Args:
      names: at least one.
      noun: what they name, in the singular.
      most: how many are shown.

    Returns:
      The text.
    """
    shown = ", ".join([*names[:most], *(["..."] if len(names) > most else [])])
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''} ({shown})"
