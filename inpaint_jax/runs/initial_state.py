"""Initial states of stages, and the settings that decide what a state holds."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax import seeds
from inpaint_jax.errors import InputError
from inpaint_jax.optimization import average
from inpaint_jax.optimization.best import keeping
from inpaint_jax.runs.configuration import Config
from inpaint_jax.systems.interface import Stage


def may_end(stages: Sequence[Stage], config: Config) -> bool:
    """Return True if the last stage may end early, as decided by its schedule."""
    shapes: dict[str, Any] = {}
    for stage in stages if stages[-1].adapt else ():
        shapes[stage.name] = jax.eval_shape(partial(initial_state, stage, config), shapes)
    return bool(shapes) and "finished" in shapes[stages[-1].name].schedule


def drawn_state(stage: Stage, config: Config, earlier: dict[str, Any]):
    """Return the state of ``initial_state`` in one compiled call.

    The program runs only once. At LLVM's first optimisation level it compiles in a sixth of the
    time and gives the same bits.
    """
    options = {"xla_backend_optimization_level": 1}
    return jax.jit(partial(initial_state, stage, config), compiler_options=options)(earlier)


def initial_state(stage: Stage, config: Config, earlier: dict[str, Any]):
    """Return the initial state of a stage, a function of the seed and the stage's name alone."""
    key = seeds.example_keys(config.seed, [stage.name], "stage")[0]
    size = config.data.size
    batch = {"image": jnp.zeros((config.stages[stage.name].batch_size, size, size, 3))}
    state = stage.init(key, batch, earlier)
    state = average.start(state) if average_decay(stage, config) else state
    return keeping(state) if ends_on_best(stage, config) else state


def average_decay(stage: Stage, config: Config) -> float:
    """Return the decay of the weight average, ``stages.NAME.average``; 0: no average."""
    decay = config.stages[stage.name].get("average", 0.0)
    if not 0 <= decay < 1:
        raise InputError(f"stages.{stage.name}.average must be at least 0 and below 1, got {decay}")
    return decay


def ends_on_best(stage: Stage, config: Config) -> bool:
    """Return True if ``stages.NAME.ends_on`` is "best", not "last"."""
    chosen = config.stages[stage.name].get("ends_on", "last")
    if chosen not in ("best", "last"):
        raise InputError(f"stages.{stage.name}.ends_on: unknown {chosen!r}; known: best, last")
    if chosen == "best" and not stage.adapt:
        raise InputError(
            f"stages.{stage.name}.ends_on=best: the stage holds out no images "
            "for validation; use last"
        )
    return chosen == "best"
