"""Ordered, threaded map that computes a bounded number of results in advance."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

from inpaint_jax.checks import cores

Item = TypeVar("Item")
MOST_THREADS = 8
DEPTH = 2  # results per thread that are in progress or waiting


def ahead(
    function: Callable[[Item], Any], items: Iterable[Item], *, threads: int | None = None
) -> Iterator[Any]:
    """Map a function over items on several threads and yield the results in order.

    Memory is bounded: at most ``DEPTH`` results per thread are in progress or waiting, however many
    items there are. Decoding releases Python's lock, so threads suffice.

    Args:
      function: takes one item; called on several threads at once.
      items: consumed as the caller takes results.
      threads: number of threads; None: one per core, at most 8.

    Returns:
      Iterator of results. An exception is raised when the result of its item is due. ``close()``
      stops the threads.
    """
    remaining = iter(items)
    count = threads or min(MOST_THREADS, cores())
    with ThreadPoolExecutor(count) as pool:
        first = islice(remaining, DEPTH * count)
        waiting = deque(pool.submit(function, item) for item in first)
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(remaining, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()
