"""Complete images of any size in pieces: cut windows around holes, complete them, paste them."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax import checks
from inpaint_jax.systems.driver import Result, Task
from inpaint_jax.systems.parts.windows import Around, Window, windows

PORTION = 512 * 2**20  # bytes of images under completion at once
MOST_IMAGES = 1024  # per portion: small images cost more than their pixels

# ``(tasks, *, seed, stop=False, bar=None)``, as ``Driver.run``
Run = Callable[..., Iterator[Result]]


class Piece(NamedTuple):
    """A part of an image that is completed independently.

    Attributes:
      image: ``[h, w, C]`` in [-1, 1], 0 inside the hole.
      hole: ``[h, w, 1]``, 1 = missing.
      paste: ``(whole [H, W, C], completed [h, w, C])``; modifies ``whole`` in place, only inside
        the hole.
    """

    image: np.ndarray
    hole: np.ndarray
    paste: Callable[[np.ndarray, np.ndarray], None]


def in_pieces(cut: Callable[[Task], Sequence[Piece]], run: Run) -> Run:
    """Turn a ``run`` of pieces into a ``run`` of images of any size.

    The first piece of an image has the image's id. An image of one piece is thus completed exactly
    as by ``run`` itself. Further pieces have ids of their own. Every piece is cut from the damaged
    image: no piece depends on another. At most 512 MB of images, or 1,024 images, are under
    completion at a time.

    Args:
      cut: maps a task, 0 inside the hole, to at least one piece.
      run: completes the pieces.

    Returns:
      ``run`` for whole images. Evaluations are summed over all pieces; losses and traces come from
      the first piece.
    """

    def run_all(
        tasks: Iterable[Task], *, seed: int, stop: Any = False, bar: Any = None
    ) -> Iterator[Result]:
        for portion in portions(tasks):
            unfinished: dict[str, _Unfinished] = {}
            parts = pieces_of(portion, cut, unfinished)
            for result in run(parts, seed=seed, stop=stop, bar=bar and _Chunks(bar)):
                image, number = result.task.group.split(".")
                if unfinished[image].add(int(number), result):
                    yield unfinished.pop(image).result()
                    if bar is not None:
                        bar.update()
            if stop:
                return

    return run_all


def portions(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Split tasks into lists of limited size."""
    portion, size = [], 0
    for task in tasks:
        portion.append(task)
        size += task.image.nbytes
        if size >= PORTION or len(portion) == MOST_IMAGES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def pieces_of(tasks: Sequence[Task], cut, unfinished: dict[str, "_Unfinished"]) -> Iterator[Task]:
    """Cut every task, record it in ``unfinished``, and yield the pieces as tasks."""
    for i, task in enumerate(tasks):
        checks.image(task.id, task.image, task.hole, size=None)
        damaged = task._replace(image=np.asarray(fill_in(task.image, task.hole)))
        pieces = cut(damaged)
        unfinished[str(i)] = _Unfinished(task, damaged.image, pieces)
        for n, piece in enumerate(pieces):
            yield Task(f"{task.id}#{n}" if n else task.id, piece.image, piece.hole, f"{i}.{n}")


def fill_in(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Apply ``compositing.fill`` on the host, without a compilation per size."""
    return np.where(hole > 0.5, np.float32(0), image)


class _Unfinished:
    """An image with pieces still under completion."""

    def __init__(self, task: Task, damaged: np.ndarray, pieces: Sequence[Piece]):
        self.task, self.damaged = task, damaged
        self.paste = [piece.paste for piece in pieces]
        self.results: list[Result | None] = [None] * len(pieces)

    def add(self, number: int, result: Result) -> bool:
        """Store the result of a piece; return whether all pieces are done."""
        self.results[number] = result
        return None not in self.results

    def result(self) -> Result:
        """Paste all pieces."""
        found = [result for result in self.results if result is not None]
        images = np.repeat(self.damaged[None], len(found[0].images), 0)
        for paste, result in zip(self.paste, found, strict=True):
            for image, completed in zip(images, result.images, strict=True):
                paste(image, completed)
        evaluations = [result.evaluations for result in found if result.evaluations is not None]
        first = found[0]
        return Result(
            self.task, images, first.losses, first.traces, sum(evaluations) if evaluations else None
        )


class _Chunks:
    """A bar for pieces that shows chunks but counts nothing."""

    def __init__(self, bar):
        self.set_postfix = bar.set_postfix

    def update(self):
        """Count nothing: the bar counts images."""


def cut_windows(task: Task, around: Callable[[tuple[int, ...]], Around]) -> list[Piece]:
    """Cut windows from an image at the image's own resolution.

    Args:
      task: 0 inside the hole.
      around: window rule for the image's shape, see ``windows.with_margin``.

    Returns:
      One piece per window. Where a window extends beyond the image, the image is mirrored.
    """
    missing = task.hole > 0.5
    pieces = []
    for window, box in windows(missing[..., 0], around(task.image.shape)):
        assert window
        paste = functools.partial(_paste, window, box, box.of(missing))
        pieces.append(Piece(window.mirrored(task.image), window.mirrored(task.hole), paste))
    return pieces


def _paste(
    window: Window, box: Window, missing: np.ndarray, whole: np.ndarray, completed: np.ndarray
) -> None:
    np.copyto(box.of(whole), box.inside(window).of(completed), where=missing)
