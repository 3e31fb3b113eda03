"""Map a function over items on a few threads, a bounded number of results ahead of whoever takes them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

from inpaint_jax.checks import cores

Item = TypeVar("Item")
MOST_THREADS = 8
DEPTH = 2  # results in work or waiting, for each thread


def ahead(function: Callable[[Item], Any], items: Iterable[Item], *, threads: int | None = None) -> Iterator[Any]:
    """Map a function over items, in their order.

    Memory is bounded: at most ``DEPTH`` results per thread are in work or waiting, however many
    items there are. Decoding releases Python's lock, so threads suffice.

    Args:
      function: of one item; called on several threads at once.
      items: drawn from as results are taken.
      threads: None: as many as cores, at most 8.

    Returns:
      The results. An exception is raised at the turn of its item; ``close()`` stops the threads.
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
