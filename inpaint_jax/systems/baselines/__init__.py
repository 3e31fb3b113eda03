"""What the papers compare to, and the floors below them; none needs more training than a look at the pictures."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve
from inpaint_jax.systems.baselines import floors, opencv
from inpaint_jax.systems.interface import System

BASELINES = {
    "mean": floors.mean,
    "harmonic": floors.harmonic,
    "nearest": floors.nearest,
    "telea": functools.partial(opencv.build, method="telea"),
    "navier_stokes": functools.partial(opencv.build, method="navier_stokes"),
}


def ready(name: str, batches: Iterable[Mapping[str, Any]] = ()) -> tuple[System, dict[str, Any]]:
    """A baseline that can be used at once.

    Args:
      name: a key of ``BASELINES``, or ``module:attribute``.
      batches: training pictures, ``{"image": [B, H, W, C] in [-1, 1]}``, for a baseline that looks at some
        (``nearest``: its whole gallery); not touched by the others.

    Returns:
      The system, and the states of its stages after one step per batch, by name.

    Raises:
      InputError: for an unknown name, a missing extra, or no batches where some are needed.
    """
    system = resolve(name, BASELINES, kind="baseline")()
    states: dict[str, Any] = {}
    for stage in system.stages:
        step = jax.jit(stage.step, donate_argnums=0)
        state = None
        for batch in batches:
            batch = {"image": jnp.asarray(batch["image"])}
            state = stage.init(jax.random.key(0), batch, states) if state is None else state
            state, _ = step(state, batch, jax.random.key(0), states)
        if state is None:
            raise InputError(f"the baseline {name!r} needs training pictures for its {stage.name}, and was given none")
        states[stage.name] = state
    return system, states
