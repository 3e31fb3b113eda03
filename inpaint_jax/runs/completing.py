"""Completion from Python: float arrays of one size, or PIL images and uint8 arrays of any size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inpaint_jax import checks
from inpaint_jax.data import in_memory
from inpaint_jax.data.fitting import Fit
from inpaint_jax.runs.methods import one_method
from inpaint_jax.runs.model import Model
from inpaint_jax.systems.driver import Task
from inpaint_jax.systems.pieces import Run


def complete(
    method: Model | str,
    images: ArrayLike | Sequence[in_memory.Held],
    holes: ArrayLike | in_memory.Held | Sequence[in_memory.Held],
    *,
    seed: int = 0,
    ids: Sequence[str] | None = None,
    keep: int | None = None,
    slots: int | None = None,
    size: int | None = None,
    fit: str | None = None,
    train: str | None = None,
) -> Any:
    """Complete images with a trained model or with a method that needs no training.

    ``complete("harmonic", photographs, holes)`` works on images of any size, each at its own
    resolution, in a window around every hole (``systems.native_size``).

    Warns if float images have no negative value: they are probably in [0, 1].

    Args:
      method: a model from ``load``, or a method's text, such as "telea?radius=5" or a workdir.
      images: float ``[B, H, W, C]`` in [-1, 1]; or B PIL images or uint8 arrays ``[H, W, 3]`` of
        any size, which ``fit`` brings to the model. Pixels inside the holes are ignored.
      holes: ``[B, H, W, 1]``, or one ``[H, W, 1]`` for all; 1 = missing. For PIL images and uint8
        arrays, also PIL images and uint8 arrays (white = missing) or bool arrays ``[H, W]``, one
        for each image or one for all, of the image's size or the model's.
      seed: seed; together with an image's id it fixes the image's result.
      ids: one id per image; default "0", "1", ...
      keep: number k of completions per image; a search makes at least as many restarts.
      slots: images at once on each accelerator, or on all cores of the CPU; default: the config's
        value. The number of images that share a device changes the last bits of a result.
      size: side at which a method of any size completes PIL images and uint8 arrays; default: full
        size.
      fit: how PIL images and uint8 arrays meet the model's size: "crop", "crop:SIDE", "resize", or
        "around" (a square around every hole of an image of any size, float arrays too); default:
        the config's value.
      train: source specs of training images, for a method that searches in them.

    Returns:
      For float images ``[B, H, W, C]`` in [-1, 1]; with ``keep`` ``[B, keep, H, W, C]``, best first
      by the loss of the system. Other images are returned in the type in which they came, at full
      size: a PIL image (grey or RGB, with transparency) for a PIL image, uint8 for uint8, in a
        list, or one
      array for one array; with ``keep`` a list of ``keep`` for each. Known pixels are preserved bit
      for bit.

    Raises:
      InputError: an unknown method, or shapes, values or holes that the method cannot use.
    """
    checks.counts(keep=keep, slots=slots, size=size)
    [opened], setting = one_method(
        method, size=size, fit=fit, train=train, slots=slots, k=keep or 1
    )
    if in_memory.are_images(images):
        ids = checks.identifiers(ids, len(images))
        seen = Fit(setting.fit, setting.size)
        held = in_memory.gather(images, holes, seen, ids)
        tasks = [Task(name, one.image, one.model_hole) for name, one in zip(ids, held, strict=True)]
        found = _run(opened.run, tasks, seed=seed)
        back = [
            [one.carry_back(image, seen) for image in found[name]]
            for name, one in zip(ids, held, strict=True)
        ]
        completed: Any = back if keep else [best for best, *_ in back]
        return np.stack(completed) if hasattr(images, "dtype") else completed
    arrays, holes, ids = checks.arrays(images, holes, ids)
    tasks = [Task(*parts) for parts in zip(ids, arrays, holes, strict=True)]
    found = _run(opened.run, tasks, seed=seed)
    completed = np.empty((len(ids), keep or 1, *arrays.shape[1:]), np.float32)
    for row, name in zip(completed, ids, strict=True):
        row[:] = found[name]
    return completed if keep else completed[:, 0]


def _run(run: Run, tasks: list[Task], *, seed: int) -> dict[str, np.ndarray]:
    """Return completions ``[K, H, W, C]`` by id."""
    return {result.task.id: result.images for result in run(tasks, seed=seed)}
