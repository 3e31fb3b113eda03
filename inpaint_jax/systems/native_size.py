"""Run systems without a fixed size (``System.size`` is None) on images of any sizes, each at its own resolution.

What is completed is a window around every hole (``parts/windows.py`` states the margins). Systems that
compute on the devices get windows of few shapes: two sizes per octave for each side, so that a thousand
image sizes do not compile a thousand programs. Systems that compute on the host compile nothing, and get
windows of any shape.
"""

import functools
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from inpaint_jax import checks
from inpaint_jax.errors import InputError
from inpaint_jax.systems.driver import Driver, Result, Task, check_task
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts.windows import with_margin
from inpaint_jax.systems.pieces import Run, cut_windows, fill_in, in_pieces

SLOTS = 1  # windows at once: those of one shape are rare, and every slot but one would repeat a window


def native_run(
    system: System,
    states: dict[str, Any],
    *,
    slots: int | None = None,
    k: int = 1,
    margin: float = 1.0,
) -> Run:
    """Make the ``run`` of a system that completes images of any sizes.

    Args:
      system: one without a fixed size.
      states: of its stages by name.
      slots: windows at once, as ``Driver`` takes them; None: one.
      k: completions per image.
      margin: around each hole, in longer sides of its bounding box; see ``windows.with_margin``.

    Returns:
      ``(tasks, *, seed, stop=False, bar=None) -> results`` as ``Driver.run``, for tasks of any sizes.

    Raises:
      InputError: a system of one size; when run, as ``Driver.run``.
    """
    if system.size is not None:
        raise InputError(f"this system completes images of {system.size}x{system.size} pixels, and no others")
    run = host_run(system, k=k) if system.host else by_shape(Driver(system, states, slots=slots or SLOTS, k=k))
    around = functools.partial(with_margin, margin=margin, bucketed=system.host is None)
    return in_pieces(lambda task: cut_windows(task, around), run)


def by_shape(driver: Driver) -> Run:
    """Make a ``run`` that hands a driver the tasks of one shape together; it compiles once for each shape."""

    def run(tasks: Iterable[Task], *, seed: int, stop: Any = False, bar: Any = None) -> Iterator[Result]:
        groups: dict[tuple[int, ...], list[Task]] = {}
        for task in tasks:
            groups.setdefault(task.image.shape, []).append(task)
        for alike in groups.values():
            yield from driver.run(alike, seed=seed, stop=stop, bar=bar)

    return run


def host_run(system: System, *, k: int = 1) -> Run:
    """Make a ``run`` for a system that computes on the host: images of any shapes, one on each core.

    Raises:
      InputError: more than one completion per image; when run, as ``Driver.run``, and what the system cannot complete.
    """
    complete = system.host
    assert complete
    if k > 1:
        raise InputError(f"this system gives one completion per picture, not {k}")

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

    def run(tasks: Iterable[Task], *, seed: int, stop: Any = False, bar: Any = None) -> Iterator[Result]:
        del seed
        waiting = iter(tasks)
        workers = cores()
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


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
