"""A clean stop: Ctrl-C and SIGTERM set a flag; the loop saves and leaves at the next safe point."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from inpaint_jax.errors import Interrupted


class StopRequest:
    """Flag that a signal asked this process to stop, with the number of the signal."""

    def __init__(self):
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    def error(self, progress: str) -> Interrupted:
        """Return the exception that ends the work.

        Args:
          progress: description of what is done and saved.

        Returns:
          The exception to raise; SIGTERM if the signal reached another process of the run.
        """
        return Interrupted(int(self.signal or signal.SIGTERM), progress)


@contextmanager
def interruption() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM into a flag; a second signal acts as usual."""
    stop, previous = StopRequest(), {}

    def ask(number, frame):
        del frame
        stop.signal = signal.Signals(number)
        restore()

    def restore():
        while previous:
            signal.signal(*previous.popitem())

    if threading.current_thread() is threading.main_thread():  # others may not
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
