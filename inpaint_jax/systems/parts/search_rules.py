"""The rules of a latent search: a config's ``search`` and ``blend``, checked and resolved."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import optax

from inpaint_jax import latent_inpainting
from inpaint_jax.blending import poisson_blend
from inpaint_jax.compositing import composite
from inpaint_jax.errors import InputError
from inpaint_jax.latents import PROJECTIONS, STARTS
from inpaint_jax.naming import resolve
from inpaint_jax.optimization import optimizers
from inpaint_jax.types import Image, Latent


class Rules(NamedTuple):
    """A config's ``search`` and ``blend`` with names resolved, see ``latent_search.build``."""

    tx: optax.GradientTransformation
    num_steps: int
    chunk: int  # iterations per call of ``advance``
    tolerance: float
    patience: int
    restarts: int
    draw_start: Callable[..., Latent]
    learnt: bool  # the first restart begins at a learnt latent
    project: Callable[..., Latent]
    keep_last: bool
    average: bool  # average the restarts instead of ranking them
    mode: Mapping[str, Any]
    blend: Callable[..., Image]  # (image, prediction, hole) -> image


def rules(search: Mapping[str, Any], blend: Mapping[str, Any]) -> Rules:
    """Resolve the names of a config, and check the numbers.

    Args:
      search: search of the config.
      blend: blend of the config.

    Returns:
      The rules.

    Raises:
      InputError: unknown name, or search settings out of range.
    """
    num_steps, patience, tolerance = search["iterations"], search["patience"], search["tolerance"]
    if min(num_steps, patience, search["restarts"]) < 1 or tolerance < 0:
        at_least = "iterations, patience and restarts must be at least 1, tolerance at least 0"
        raise InputError(f"search: {at_least}")
    learnt = search["start"] == "learnt"
    start = "uniform" if learnt else search["start"]  # of further restarts
    method = resolve(blend["method"], BLENDS, kind="blend.method")
    return Rules(
        tx=optimizers.build(search["optimizer"], num_steps=num_steps, label="search.optimizer"),
        num_steps=num_steps,
        # At most one window, so that a finished search leaves its slot at once.
        chunk=latent_inpainting.chunk_length(num_steps, at_most=patience),
        tolerance=tolerance,
        patience=patience,
        restarts=search["restarts"],
        draw_start=resolve(start, STARTS, kind="search.start"),
        learnt=learnt,
        project=resolve(search["projection"], PROJECTIONS, kind="search.projection"),
        **resolve(search["answer"], ANSWERS, kind="search.answer"),
        mode=resolve(search["batch_norm"], BATCH_NORM, kind="search.batch_norm"),
        blend=lambda image, prediction, hole: method(image, prediction, hole, **blend),
    )


ANSWERS: dict[str, dict[str, bool]] = {
    "best": {"keep_last": False, "average": False},
    "last": {"keep_last": True, "average": False},
    "mean": {"keep_last": False, "average": True},
}

BATCH_NORM: dict[str, dict[str, Any]] = {
    "running": {"train": False},
    "sample": {"train": True},
    "batch": {"train": True, "axis_name": "images"},
}


def paste(image, prediction, hole, **_):
    """Paste the generated pixels into the hole."""
    return composite(image, prediction, hole)


def poisson(image, prediction, hole, *, edge, **_):
    """Integrate the generated gradients from the hole's border inwards (Yeh et al., eq. 6)."""
    return poisson_blend(image, prediction, hole, edge=edge)


BLENDS = {"paste": paste, "poisson": poisson}
