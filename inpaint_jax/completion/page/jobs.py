"""Work that streams what it is doing: it runs in a thread, one at a time, and can be stopped between its chunks."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

Made = TypeVar("Made")
BEAT = 1.0  # seconds after which a step is repeated, so that time is seen to go on


class Stop:
    """Whether work is to stop; a new job begins with it cleared."""

    def __init__(self):
        self.wanted = False

    def __bool__(self) -> bool:
        return self.wanted


class Step(NamedTuple):
    """Where work is.

    Attributes:
      chunk: how many chunks are done; 0: it is being prepared.
      seconds: since it began.
      losses: of the chunks so far, of a search; otherwise empty.
    """

    chunk: int
    seconds: float
    losses: tuple[float, ...]


class Done(NamedTuple, Generic[Made]):
    """The end of work.

    Attributes:
      made: its result.
      seconds: that it took.
    """

    made: Made
    seconds: float


class _Bar:
    """A progress bar as the driver knows it, which passes on what it is shown."""

    def __init__(self, put: Callable[[Any], None]):
        self._put, self._losses = put, []

    def set_postfix(self, *, chunk: int, loss: float | None = None, **_: float) -> None:
        if loss is not None:
            self._losses.append(loss)
        self._put((chunk, tuple(self._losses)))

    def update(self) -> None:
        """Count no image: there is one."""


def stream(work: Callable[[Any], Made], stop: Stop) -> Iterator[Step | Done[Made]]:
    """Run work in a thread.

    When the caller loses interest, the work is stopped, and has ended when this generator has.

    Args:
      work: takes a progress bar as ``Driver.run`` does.
      stop: which the work looks at.

    Yields:
      A step at every chunk and every second, and the end.

    Raises:
      Exception: that the work raised.
    """
    said: queue.Queue[tuple[int, tuple[float, ...]] | None] = queue.Queue()
    made: list[Made] = []
    failed: list[BaseException] = []

    def run():
        try:
            made.append(work(_Bar(said.put)))
        except BaseException as error:  # raised again by the caller's thread
            failed.append(error)
        said.put(None)

    began = time.perf_counter()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    at: tuple[int, tuple[float, ...]] | None = (0, ())
    try:
        while at is not None:
            yield Step(at[0], time.perf_counter() - began, at[1])
            try:
                at = said.get(timeout=BEAT)
            except queue.Empty:
                continue
    finally:
        if at is not None:
            stop.wanted = True
        thread.join()
    if failed:
        raise failed[0]
    yield Done(made[0], time.perf_counter() - began)
