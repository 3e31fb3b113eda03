"""Run work in a thread that reports its progress and can be stopped between chunks."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

Made = TypeVar("Made")
BEAT = 1.0  # seconds between repeated steps, so that the displayed time advances


class Stop:
    """A flag that stops the work; each job gets a new one."""

    def __init__(self):
        self.wanted = False

    def __bool__(self) -> bool:
        return self.wanted


class Step(NamedTuple):
    """Progress of the work.

    Attributes:
      chunk: number of finished chunks; 0 during preparation.
      seconds: seconds since the start.
      losses: loss after each chunk of a search; otherwise empty.
    """

    chunk: int
    seconds: float
    losses: tuple[float, ...]


class Done(NamedTuple, Generic[Made]):
    """Result of the work.

    Attributes:
      made: return value of the work.
      seconds: duration.
    """

    made: Made
    seconds: float


class _Bar:
    """A progress bar for the driver that forwards its values."""

    def __init__(self, put: Callable[[Any], None]):
        self._put, self._losses = put, []

    def set_postfix(self, *, chunk: int, loss: float | None = None, **_: float) -> None:
        if loss is not None:
            self._losses.append(loss)
        self._put((chunk, tuple(self._losses)))

    def update(self) -> None:
        """Do nothing: there is only one image."""


def stream(work: Callable[[Any], Made], stop: Stop) -> Iterator[Step | Done[Made]]:
    """Run work in a thread.

    If the caller closes the generator, the generator stops the work and waits for its end.

    Args:
      work: function of a progress bar, as in ``Driver.run``.
      stop: flag that the work checks.

    Yields:
      A ``Step`` at every chunk and every second, then ``Done``.

    Raises:
      Exception: the exception of the work.
    """
    events: queue.Queue[tuple[int, tuple[float, ...]] | None] = queue.Queue()
    made: list[Made] = []
    failed: list[BaseException] = []

    def run():
        try:
            made.append(work(_Bar(events.put)))
        except BaseException as error:  # re-raised in the caller's thread
            failed.append(error)
        events.put(None)

    began = time.perf_counter()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    at: tuple[int, tuple[float, ...]] | None = (0, ())
    try:
        while at is not None:
            yield Step(at[0], time.perf_counter() - began, at[1])
            try:
                at = events.get(timeout=BEAT)
            except queue.Empty:
                continue
    finally:
        if at is not None:
            stop.wanted = True
        thread.join()
    if failed:
        raise failed[0]
    yield Done(made[0], time.perf_counter() - began)
