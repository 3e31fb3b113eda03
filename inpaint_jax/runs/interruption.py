"""A clean stop: Ctrl-C and SIGTERM set a flag, the loop saves and leaves at the next safe point."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interruption:
    """Whether a stop was asked for, and by which signal."""

    def __init__(self):
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Turns the first SIGINT or SIGTERM into a flag; a second one acts as it always did."""
    stop, previous = Interruption(), {}

    def ask(number, frame):
        del frame
        stop.signal = signal.Signals(number)
        restore()

    def restore():
        while previous:
            signal.signal(*previous.popitem())

    if threading.current_thread() is threading.main_thread():  # elsewhere Python forbids signal handlers
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
