"""Run systems without a fixed size (``System.size`` is None) on images at their own resolution.

A run completes a window around every hole (``parts/windows.py`` documents the margins). Systems
that compute on the devices see few window shapes: two sizes per octave for each side. A thousand
image sizes then do not compile a thousand programs. Systems that compute on the host compile
nothing, and see windows of any shape.
"""

import functools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from inpaint_jax import checks
from inpaint_jax.errors import InputError
from inpaint_jax.systems.driver import Driver, Result, Task, check_task
from inpaint_jax.systems.interface import System, check_count
from inpaint_jax.systems.parts.windows import with_margin
from inpaint_jax.systems.pieces import Run, cut_windows, fill_in, in_pieces

SLOTS = 1  # windows at once: equal shapes are rare, so further slots would hold repeats


def native_run(
    system: System,
    states: dict[str, Any],
    *,
    slots: int | None = None,
    k: int = 1,
    margin: float = 1.0,
) -> Run:
    """Make the ``run`` of a system that completes images of any size.

    Args:
      system: a system without a fixed size.
      states: trained stages by name.
      slots: windows at once, see ``Driver``; None: one.
      k: completions per image.
      margin: around each hole, as a multiple of the longer side of the bounding box; see
        ``windows.with_margin``.

    Returns:
      ``(tasks, *, seed, stop=False, bar=None) -> results``, like ``Driver.run``, for tasks of any
      size.

    Raises:
      InputError: a system with a fixed size, or a number of completions that the system cannot
        give; when run, as ``Driver.run``.
    """
    if system.size is not None:
        raise InputError(f"this system completes only images of {system.size}x{system.size} pixels")
    run = (
        host_run(system, k=k)
        if system.host
        else by_shape(Driver(system, states, slots=slots or SLOTS, k=k))
    )
    around = functools.partial(with_margin, margin=margin, bucketed=system.host is None)
    return in_pieces(lambda task: cut_windows(task, around), run)


def by_shape(driver: Driver) -> Run:
    """Make a ``run`` that groups tasks by shape for a driver; it compiles once per shape."""

    def run(
        tasks: Iterable[Task], *, seed: int, stop: Any = False, bar: Any = None
    ) -> Iterator[Result]:
        groups: dict[tuple[int, ...], list[Task]] = {}
        for task in tasks:
            groups.setdefault(task.image.shape, []).append(task)
        for group in groups.values():
            yield from driver.run(group, seed=seed, stop=stop, bar=bar)

    return run


def host_run(system: System, *, k: int = 1) -> Run:
    """Make a ``run`` for a system on the host: images of any shape, one per core.

    Raises:
      InputError: a number of completions other than 1; when run, as ``Driver.run``, and for an
        image that the system cannot complete.
    """
    complete = system.host
    assert complete
    check_count(system._replace(most=1), k)

    def one(task: Task) -> Result:
        check_task(system, task)
        image = fill_in(task.image, task.hole)
        try:
            painted = complete(image, task.hole)
        except InputError as error:
            raise InputError(f"{task.id}: {error}") from error
        answer = np.where(task.hole > 0.5, np.clip(painted, -1, 1), image).astype(np.float32)
        checks.completion(task.id, answer[None], {})
        return Result(task, answer[None], {}, {}, None)

    def run(
        tasks: Iterable[Task], *, seed: int, stop: Any = False, bar: Any = None
    ) -> Iterator[Result]:
        del seed
        waiting = iter(tasks)
        workers = checks.cores()
        with ThreadPoolExecutor(workers) as pool:
            running = [pool.submit(one, task) for task in islice(waiting, workers)]
            while running:
                result = running.pop(0).result()
                if not stop:
                    running += [pool.submit(one, task) for task in islice(waiting, 1)]
                yield result
                if bar is not None:
                    bar.update()

    return run
