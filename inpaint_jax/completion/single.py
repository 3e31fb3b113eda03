"""Complete one image under one hole: what ``complete`` does for every image of a folder, without a folder."""

from typing import Any, NamedTuple

import numpy as np

from inpaint_jax import checks
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.in_memory import fitted
from inpaint_jax.data.originals import Original
from inpaint_jax.errors import InputError
from inpaint_jax.runs.method import Method, Setting
from inpaint_jax.runs.methods import one_method
from inpaint_jax.systems.driver import Result, Task


class Request(NamedTuple):
    """What fixes the completions of an image besides the image, its id and its hole.

    Attributes:
      method: its text, see ``runs.methods.open_methods``.
      seed: of latents.
      keep: completions.
      slots: images at once; None: those of the method.
      size: side at which a method of any size completes; None: the image's own.
      fit: how the image meets the model; None: as the method has it. "around": squares around the hole.
    """

    method: str
    seed: int = 0
    keep: int = 1
    slots: int | None = None
    size: int | None = None
    fit: str | None = None


class Opened(NamedTuple):
    """A method that is ready for one image after another.

    Attributes:
      method: see there.
      setting: what was chosen for it.
    """

    method: Method
    setting: Setting


class Answer(NamedTuple):
    """The completions of an image.

    Attributes:
      images: with everything that the image's file holds, best first.
      result: losses and traces.
    """

    images: list[Original]
    result: Result


def open_request(request: Request) -> Opened:
    """Open the method of a request.

    Raises:
      InputError: an unknown method, or numbers out of range.
    """
    checks.counts(keep=request.keep, slots=request.slots, size=request.size)
    options = {"size": request.size, "fit": request.fit, "slots": request.slots, "k": request.keep}
    [method], setting = one_method(request.method, **options)
    return Opened(method, setting)


def complete_one(
    opened: Opened, name: str, image: Original, hole: np.ndarray, *, seed: int, stop: Any = False, bar: Any = None
) -> Answer | None:
    """Complete an image.

    Args:
      opened: the method.
      name: the image's id, which fixes its result together with the seed.
      image: as its file holds it.
      hole: bool ``[H, W]``, True = missing, of the image's size.
      seed: of latents.
      stop: when it becomes true, no further chunk of iterations is started.
      bar: as ``Driver.run`` takes it.

    Returns:
      The completions; None after a stop.

    Raises:
      InputError: a hole of another size, without missing or without known pixels, or one that the method cannot
        complete.
    """
    if hole.shape != image.pixels.shape[:2]:
        height, width = image.pixels.shape[:2]
        raise InputError(f"{name}: the hole is {hole.shape[1]}x{hole.shape[0]}, the image {width}x{height}")
    if not hole.any() or hole.all():
        raise InputError(f"{name}: {'nothing' if not hole.any() else 'everything'} is missing in this image")
    fit = Fit(opened.setting.fit, opened.setting.size)
    held = fitted(name, image, hole, fit)
    if held.model_hole.all():
        raise InputError(
            f"{name}: at the model's size no pixel is known, because each overlaps a missing one: take a method that "
            "completes images at their own sizes"
        )
    tasks = [Task(name, held.image, held.model_hole)]
    results = list(opened.method.run(tasks, seed=seed, stop=stop, bar=bar))
    if not results:
        return None
    return Answer([held.completed(image, fit) for image in results[0].images], results[0])
