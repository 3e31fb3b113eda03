"""The baselines of the papers, and simple floors; at most they need a set of training images."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.systems.baselines import (
    biharmonic,
    floors,
    image_melding,
    opencv,
    opencv_contrib,
    patchmatch,
)
from inpaint_jax.systems.interface import System

BASELINES = {
    "mean": floors.mean,
    "harmonic": floors.harmonic,
    "nearest": floors.nearest,
    "patchmatch": patchmatch.build,
    "image_melding": image_melding.build,
    "telea": functools.partial(opencv.build, method="telea"),
    "navier_stokes": functools.partial(opencv.build, method="navier_stokes"),
    "fsr_fast": functools.partial(opencv_contrib.frequency_selective, quality="fast"),
    "fsr_best": functools.partial(opencv_contrib.frequency_selective, quality="best"),
    "shift_map": opencv_contrib.shift_map,
    "biharmonic": biharmonic.build,
}


def ready(
    system: System, batches: Iterable[Mapping[str, Any]] = (), *, name: str = "method"
) -> dict[str, Any]:
    """Prepare a baseline for use.

    Args:
      system: the baseline.
      batches: training images, ``{"image": [B, H, W, C] in [-1, 1]}``, for a baseline that needs
        them (``nearest``: its whole gallery); ignored by the others.
      name: for error messages.

    Returns:
      The states of the stages after one step per batch, by name.

    Raises:
      InputError: no batches for a baseline that needs them.
    """
    states: dict[str, Any] = {}
    for stage in system.stages:
        step = jax.jit(stage.step, donate_argnums=0)
        state = None
        for batch in batches:
            batch = {"image": jnp.asarray(batch["image"])}
            state = stage.init(jax.random.key(0), batch, states) if state is None else state
            state, _ = step(state, batch, states)
        if state is None:
            raise InputError(
                f"the baseline {name!r} needs training images for its "
                f"{stage.name}, but none are given"
            )
        states[stage.name] = state
    return states
