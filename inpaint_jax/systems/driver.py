"""The driver: images of any system flow through a fixed number of device slots.

Free slots are padded with repeats, whose results are discarded. XLA compiles a batch of one
differently from a batch of seven. With a constant number of slots, the result of an image is
bit-equal alone, in company, in any order and on any number of devices. For the same reason new
images begin in groups of a constant size, smaller than the number of slots: a few free slots are
refilled without the first step of all others.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax import checks, parallel
from inpaint_jax.compositing import fill
from inpaint_jax.errors import InputError
from inpaint_jax.seeds import example_keys
from inpaint_jax.systems.interface import System, check_count

GROUP = 8  # images that begin together on a device, at least


class Task(NamedTuple):
    """One image to complete."""

    id: str
    image: np.ndarray  # [H, W, C] float32 in [-1, 1]; values inside the hole are never used
    hole: np.ndarray  # [H, W, 1] float32, 1 = missing
    group: str = ""  # the family of the hole, if the caller knows it


class Result(NamedTuple):
    """One completed image."""

    task: Task
    images: np.ndarray  # [K, H, W, C] float32 in [-1, 1], best first
    losses: dict[str, np.ndarray]  # {term: [K]}
    traces: dict[str, np.ndarray]  # {term: [T]}, up to the end of the search
    evaluations: int | None  # of the loss, summed over restarts; None for systems without a search


class Driver:
    """The pure functions of a system, compiled once for a fixed number of slots.

    Args:
      system: the method.
      states: trained stages by name.
      slots: images under completion on each device of the mesh; without a mesh, on each
        accelerator, or on all CPU cores together.
      k: completions per image.
      mesh: devices to spread the slots over; default: all local devices.
    """

    def __init__(
        self, system: System, states: dict[str, Any], *, slots: int, k: int = 1, mesh=None
    ):
        if slots < 1:
            raise InputError(f"slots must be at least 1, got {slots}")
        check_count(system, k)
        self.system, self.k = system, k
        self.mesh, each = parallel.share_slots(slots) if mesh is None else (mesh, slots)
        self.slots = each * self.mesh.size
        # A system without iterations does its work in ``begin``, and refills all slots at once.
        group = min(each, max(GROUP, each // 8)) if system.advance else each
        self._each, self._group = each, group  # per device
        self.states = parallel.replicate(states, self.mesh)

        def begin(states, examples):
            images, hole, keys, family = examples
            known = {"family": family} if system.families else {}
            return system.begin(states, fill(images, hole), hole, keys, k, **known)

        def merge(_, trees):
            old, new, take = trees
            return jax.tree.map(lambda o, n: _select(take, n, o), old, new)

        def widen(_, fresh):
            return jax.tree.map(lambda rows: rows[np.arange(each) % group], fresh)

        def place(_, trees):
            progress, fresh, slots = trees
            return jax.tree.map(
                lambda old, new: old.at[slots].set(new, mode="drop"), progress, fresh
            )

        self._begin = jax.jit(parallel.spread(begin, self.mesh))
        self._widen = jax.jit(parallel.spread(widen, self.mesh))
        placed = parallel.spread(place, self.mesh)
        self._place = jax.jit(lambda progress, *new: placed((), (progress, *new)), donate_argnums=0)
        self._finish = jax.jit(parallel.spread(system.finish, self.mesh))
        self._merge = jax.jit(parallel.spread(merge, self.mesh))
        if system.advance:
            self._advance = jax.jit(parallel.spread(system.advance, self.mesh), donate_argnums=1)

    def run(
        self,
        tasks: Iterable[Task],
        *,
        seed: int,
        stop: Any = False,
        bar: Any = None,
    ) -> Iterator[Result]:
        """Complete images; yield results in the order of completion.

        Results come in batches: once half the slots are done, or when a finished slot is needed.

        Args:
          tasks: images of one size; read as slots become free.
          seed: fixes the latents of an image, together with the image's id.
          stop: once it is true, no further chunk starts; finished results are yielded, and the run
            ends.
          bar: a ``tqdm`` bar. It counts images, and shows the chunks of iterations and the mean
            over the slots of the values of ``System.watch``, such as the loss.

        Raises:
          InputError: an image, a hole or a number of completions that the system cannot take, or a
            completion that is not finite.
        """

        for result in self._results(iter(tasks), seed, stop, bar):
            yield result
            if bar is not None:
                bar.update()

    def run_all(
        self,
        tasks: Iterable[Task],
        *,
        seed: int,
        stop: Any = False,
        bar: Any = None,
    ) -> dict[str, Result]:
        """Complete images, and keep all results in memory.

        Args:
          tasks: images of one size, with unique ids.
          seed: as in ``run``.
          stop: as in ``run``.
          bar: as in ``run``.

        Returns:
          The results by id, in the order of completion; after a stop, the finished ones.

        Raises:
          InputError: as ``run``; also two images with the same id.
        """
        results: dict[str, Result] = {}
        for result in self.run(tasks, seed=seed, stop=stop, bar=bar):
            if result.task.id in results:
                same = result.task.id
                raise InputError(
                    f"two images have the id {same!r}: give every image a different one"
                )
            results[result.task.id] = result
        return results

    def _results(self, queue: Iterator[Task], seed: int, stop: Any, bar: Any) -> Iterator[Result]:
        slots: list[Task | None] = [None] * self.slots
        waiting: list[Task | None] = [None] * self.slots  # finished in this slot, not yet yielded
        progress: Any = None
        held: Any = None  # progress of the waiting tasks
        chunks = 0
        while not stop:
            free = [i for i, task in enumerate(slots) if task is None]
            if fresh := list(islice(queue, len(free))):
                for i, task in zip(free, fresh, strict=False):
                    check_task(self.system, task)
                    slots[i] = task
                progress = self._refill(progress, slots, set(free[: len(fresh)]), seed)
            if not any(slots):
                break
            if self.system.advance:
                progress = self._advance(self.states, progress)
            done = np.asarray(progress.done)
            chunks += 1
            if bar is not None:
                bar.set_postfix(chunk=chunks, **self._watched(progress, slots))
            ready = [i for i, task in enumerate(slots) if task is not None and done[i]]
            if any(waiting[i] for i in ready):
                yield from self._answer(held, waiting)
            if ready:
                held = self._merge(
                    (), (progress if held is None else held, progress, self._mask(ready))
                )
                for i in ready:
                    waiting[i], slots[i] = slots[i], None
            if 2 * sum(task is not None for task in waiting) >= self.slots:
                yield from self._answer(held, waiting)
        yield from self._answer(held, waiting)

    def _watched(self, progress: Any, slots: Sequence[Task | None]) -> dict[str, float]:
        """Return the values that a bar shows of the images in the slots, ``{name: mean}``."""
        occupied = np.array([task is not None for task in slots])
        shown = jax.device_get(dict(self.system.watch(progress)))
        return {name: float(np.mean(values[occupied])) for name, values in shown.items()}

    def _answer(self, held: Any, waiting: list[Task | None]) -> Iterator[Result]:
        """Yield all waiting results. One call finishes all slots: it costs the same for one."""
        if not any(waiting):
            return
        completion = jax.device_get(self._finish(self.states, held))
        if completion.images.shape[1] < self.k:
            raise InputError(f"this system gives one completion per image, not {self.k}")
        for i, task in enumerate(waiting):
            if task is not None:
                waiting[i] = None
                result = result_of(task, jax.tree.map(itemgetter(i), completion), self.k)
                # A search that ends in NaN returns its first iterate: only the traces show the NaN.
                checks.completion(task.id, result.images, {**result.traces, **result.losses})
                yield result

    def _mask(self, rows: Collection[int]) -> np.ndarray:
        """Return bool ``[slots]``, true at ``rows``."""
        return np.isin(np.arange(self.slots), list(rows))

    def _refill(self, progress, slots, filled, seed):
        """Start the newly filled slots; leave the other slots unchanged."""
        families = self.system.families
        for group in self._groups(filled):
            padding = next(slots[i] for i in group if i is not None)
            chosen = [padding if i is None else slots[i] for i in group]
            examples = (
                np.stack([t.image for t in chosen]),
                np.stack([t.hole for t in chosen]),
                example_keys(seed, [t.id for t in chosen], "search"),
                np.array(
                    [families.index(t.group) if t.group in families else -1 for t in chosen],
                    np.int32,
                ),
            )
            fresh = self._begin(self.states, examples)
            if progress is None:
                progress = self._widen((), fresh)
            # On its device; the padding is placed behind the last slot, where it is dropped.
            places = [self._each if i is None else i % self._each for i in group]
            progress = self._place(progress, fresh, np.array(places, np.int32))
        return progress

    def _groups(self, filled: Collection[int]) -> Iterator[list[int | None]]:
        """Divide slots into groups of the same number per device, padded with None."""
        of_device = [
            [i for i in sorted(filled) if i // self._each == device]
            for device in range(self.mesh.size)
        ]
        for begin in range(0, max(map(len, of_device)), self._group):
            rows = [slots[begin : begin + self._group] for slots in of_device]
            yield [i for row in rows for i in (*row, *[None] * (self._group - len(row)))]


def check_task(system: System, task: Task) -> None:
    """Check that the system can take an image and a hole.

    Raises:
      InputError: see ``checks.image``; also a hole that the system does not support.
    """
    checks.image(task.id, task.image, task.hole, size=system.size)
    if reason := system.supports(task.hole):
        raise InputError(f"{task.id}: this system does not support the hole: {reason}")


def result_of(task: Task, completion: Any, k: int) -> Result:
    """Take the row of one image from a ``Completion`` on the host; trim traces to the search."""
    length = int(np.isfinite(completion.traces.get("evaluations", np.zeros(0))).sum())
    return Result(
        task,
        completion.images[:k],
        {name: values[:k] for name, values in completion.losses.items()},
        {name: values[:length] for name, values in completion.traces.items()},
        None if completion.evaluations is None else int(completion.evaluations),
    )


def stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Stack rows of different lengths as ``float32 [N, T]``, padded with NaN."""
    out = np.full((len(rows), max(map(len, rows), default=0)), np.nan, np.float32)
    for whole, row in zip(out, rows, strict=True):
        whole[: len(row)] = row
    return out


def _select(take, new, old):
    """Take rows of ``new`` where ``take [B]``, else rows of ``old``; typed keys included."""
    return jnp.where(take.reshape(take.shape + (1,) * (new.ndim - 1)), new, old)
