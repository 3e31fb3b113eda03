"""Complete one image under one hole, in memory."""

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
    """Settings that determine the completions of an image, besides the image, its id and its hole.

    Attributes:
      method: method spec, see ``runs.methods.open_methods``.
      seed: random seed of latents.
      keep: number of completions.
      slots: images at once; None: as in the method.
      size: side at which a method of any size completes; None: the size of the image.
      fit: how to fit the image to the model; None: as in the method. "around": squares around the
        hole.
    """

    method: str
    seed: int = 0
    keep: int = 1
    slots: int | None = None
    size: int | None = None
    fit: str | None = None


class Opened(NamedTuple):
    """An opened method, ready to complete images.

    Attributes:
      method: the method.
      setting: settings of the method.
    """

    method: Method
    setting: Setting


class Answer(NamedTuple):
    """The completions of an image.

    Attributes:
      images: completed images with all other content of the image file, best first.
      result: losses and traces.
    """

    images: list[Original]
    result: Result


def open_request(request: Request) -> Opened:
    """Open the method of a request.

    Raises:
      InputError: unknown method, or numbers out of range.
    """
    checks.counts(keep=request.keep, slots=request.slots, size=request.size)
    options = {"size": request.size, "fit": request.fit, "slots": request.slots, "k": request.keep}
    [method], setting = one_method(request.method, **options)
    return Opened(method, setting)


def complete_one(
    opened: Opened,
    name: str,
    image: Original,
    hole: np.ndarray,
    *,
    seed: int,
    stop: Any = False,
    bar: Any = None,
) -> Answer | None:
    """Complete an image.

    Args:
      opened: the method.
      name: image id; id and seed determine the result.
      image: content of the image file.
      hole: bool ``[H, W]``, True = missing, at the size of the image.
      seed: random seed of latents.
      stop: object whose truth value is checked before each chunk of iterations; True stops.
      bar: progress bar, as in ``Driver.run``.

    Returns:
      The completions; None after a stop.

    Raises:
      InputError: the hole has another size, is empty or full, or is one that the method cannot
        complete.
    """
    if hole.shape != image.pixels.shape[:2]:
        height, width = image.pixels.shape[:2]
        raise InputError(
            f"{name}: the hole is {hole.shape[1]}x{hole.shape[0]}, but the "
            f"image is {width}x{height}"
        )
    if not hole.any() or hole.all():
        raise InputError(
            f"{name}: {'nothing' if not hole.any() else 'everything'} is missing in this image"
        )
    fit = Fit(opened.setting.fit, opened.setting.size)
    held = fitted(name, image, hole, fit)
    if held.model_hole.all():
        raise InputError(
            f"{name}: at the model's size every pixel overlaps a missing one: use a method that "
            "completes images at their original size"
        )
    tasks = [Task(name, held.image, held.model_hole)]
    results = list(opened.method.run(tasks, seed=seed, stop=stop, bar=bar))
    if not results:
        return None
    return Answer([held.completed(image, fit) for image in results[0].images], results[0])
