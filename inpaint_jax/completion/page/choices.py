"""Choose the methods of the page, and the settings with which each completes an image."""

import functools
import importlib.util
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from inpaint_jax.completion.single import Opened, Request, open_request
from inpaint_jax.data.fitting import Fit
from inpaint_jax.errors import InputError
from inpaint_jax.runs.method_names import parse
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.shipped import cards
from inpaint_jax.seeds import example_keys
from inpaint_jax.systems.baselines import BASELINES
from inpaint_jax.systems.whole import complete

ALWAYS = ("patchmatch", "harmonic")
WITH_OPENCV = ("telea",)
AROUND = "around"


def available(methods: Sequence[str]) -> list[tuple[str, str]]:
    """List ``(label, spec)`` of the usual, the shipped and the given methods."""
    usual = [*ALWAYS, *(WITH_OPENCV if importlib.util.find_spec("cv2") else ())]
    shipped = [(f"{name} ({cards.read(name).trained_on})", name) for name in cards.names()]
    return [
        *((name, name) for name in usual),
        *shipped,
        *((text, text) for text in dict.fromkeys(methods)),
    ]


def check(methods: Sequence[str]) -> None:
    """Open the given methods before the page is shown; raise InputError if one fails."""
    for text in methods:
        ready(Request(text, slots=1))


@functools.lru_cache(maxsize=16)
def ready(request: Request) -> Opened:
    """Open the method of a request once, and keep its compiled functions."""
    return open_request(request)


def request_for(method: str, shape: tuple[int, ...], *, seed: int, keep: int) -> Request:
    """Choose the settings with which a method completes an image.

    An image whose size is not that of the model keeps its size; squares around its hole are
    completed. ``keep`` is 1 for a method that gives one completion.

    Args:
      method: method spec.
      shape: shape of the image, ``(H, W, ...)``.
      seed: random seed of latents.
      keep: requested completions.

    Raises:
      InputError: the method cannot be opened.
    """
    request = Request(method, seed=seed, slots=1)
    opened = ready(request._replace(seed=0))
    if (side := opened.setting.size) and not _seen_whole(opened.setting.fit, side, shape):
        request = request._replace(fit=AROUND)
    if keep == 1 or parse(method).name in BASELINES or not gives(opened.method.model, keep):
        return request
    return request._replace(keep=keep)


def open_for(request: Request) -> Opened:
    """Open the method of a request; requests that differ only in the seed share it."""
    return ready(request._replace(seed=0))


def _seen_whole(fit: str, side: int, shape: tuple[int, ...]) -> bool:
    """Return True if a model sees the whole image without resizing."""
    if tuple(shape[:2]) != (side, side):
        return False
    try:
        rows, columns = Fit(fit, side).box(shape)
    except InputError:  # the crop is larger than the image
        return False
    return (rows.stop - rows.start, columns.stop - columns.start) == (side, side)


def gives(model: Model | None, keep: int) -> bool:
    """Return True if a model gives ``keep`` completions per image; also if ``model`` is None."""
    if model is None:
        return True
    side = model.config.data.size
    image = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    hole = jax.ShapeDtypeStruct((1, side, side, 1), jnp.float32)

    def several(states, image, hole):
        return complete(
            model.system, states, image, hole, example_keys(0, ["0"], "search"), k=keep
        ).images

    try:
        jax.eval_shape(several, model.states, image, hole)
    except InputError:
        return False
    return True
