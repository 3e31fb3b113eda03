"""Which methods the page offers, and how each completes an image."""

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


def offered(methods: Sequence[str]) -> list[tuple[str, str]]:
    """List the methods: ``(label, text)``, the usual ones, those that ship, and those that were given."""
    usual = [*ALWAYS, *(WITH_OPENCV if importlib.util.find_spec("cv2") else ())]
    shipped = [(f"{name} ({cards.read(name).trained_on})", name) for name in cards.names()]
    return [*((name, name) for name in usual), *shipped, *((text, text) for text in dict.fromkeys(methods))]


def check(methods: Sequence[str]) -> None:
    """Open the methods that were given, before the page is shown; raise InputError for one that cannot be."""
    for text in methods:
        ready(Request(text, slots=1))


@functools.lru_cache(maxsize=16)
def ready(request: Request) -> Opened:
    """Open the method of a request once; what it has compiled is kept."""
    return open_request(request)


def request_for(method: str, shape: tuple[int, ...], *, seed: int, keep: int) -> Request:
    """Choose how a method completes an image.

    An image that is not of a model's own size keeps its size, and squares around its hole are completed.
    A method that gives one answer is asked for one.

    Args:
      method: its text.
      shape: of the image, ``(H, W, ...)``.
      seed: of latents.
      keep: completions wanted.

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
    """Open the method of a request, whatever its seed."""
    return ready(request._replace(seed=0))


def _seen_whole(fit: str, side: int, shape: tuple[int, ...]) -> bool:
    """Return whether a model sees all of an image, pixel by pixel."""
    if tuple(shape[:2]) != (side, side):
        return False
    try:
        rows, columns = Fit(fit, side).box(shape)
    except InputError:  # the crop is larger than the image
        return False
    return (rows.stop - rows.start, columns.stop - columns.start) == (side, side)


def gives(model: Model | None, keep: int) -> bool:
    """Return whether a model gives several completions of one image; unknown (None): it is asked for them."""
    if model is None:
        return True
    side = model.config.data.size
    image = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    hole = jax.ShapeDtypeStruct((1, side, side, 1), jnp.float32)

    def several(states, image, hole):
        return complete(model.system, states, image, hole, example_keys(0, ["0"], "search"), k=keep).images

    try:
        jax.eval_shape(several, model.states, image, hole)
    except InputError:
        return False
    return True
