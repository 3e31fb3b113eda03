"""The best state of a stage: kept whenever a validation finds one, and what the stage ends with.

It is a part of the state's schedule, so saving, resuming and sharding know nothing of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.optimization.state import NetworkState, TrainState

KEPT = "kept"  # its place in the schedule


def best_by(error: str) -> Callable[..., dict[str, jax.Array]]:
    """Make the ``adapt`` of a stage that is best where a mean error is smallest.

    Args:
      error: which of the scores of its ``validate``.

    Returns:
      ``({"best"}, scores) -> {"best"}``, the largest negative mean so far.
    """

    def adapt(schedule, scores):
        return {"best": jnp.maximum(schedule["best"], -scores[error].mean())}

    return adapt


def learnt(networks: Mapping[str, NetworkState]) -> dict[str, NetworkState]:
    """What networks have learnt, without the state of their optimisers."""
    return {name: network._replace(opt=()) for name, network in networks.items()}


def keeping(state: TrainState) -> TrainState:
    """Make room for the best networks in a state whose schedule has ``best []``, -inf at first.

    Args:
      state: of step 0.

    Returns:
      The state with one entry more in its schedule, zeros until the first validation.
    """
    room = jax.tree.map(jnp.zeros_like, learnt(state.networks))
    return state._replace(schedule={**state.schedule, KEPT: room})


def adapted(adapt: Callable[..., Any], schedule: Any, networks: Any, scores: Any) -> Any:
    """Apply a stage's ``adapt``, and keep the networks where it has found them better than any before.

    Args:
      adapt: ``(schedule, scores) -> schedule``; with a higher ``best`` where the networks are better.
      schedule: of the state, with or without room for networks.
      networks: of the state, which were validated.
      scores: what the validation measured.

    Returns:
      The schedule.
    """
    after = adapt({name: value for name, value in schedule.items() if name != KEPT}, scores)
    if KEPT not in schedule:
        return after
    better = after["best"] > schedule["best"]
    kept = jax.tree.map(lambda new, old: jnp.where(better, new, old), learnt(networks), schedule[KEPT])
    return {**after, KEPT: kept}


def best_of(state: TrainState) -> TrainState:
    """The state that a stage ends with: its best networks where it keeps them, otherwise its last.

    Args:
      state: as it was trained; its arrays are looked at.

    Returns:
      A state whose schedule has no networks any more, and whose optimisers are those of the last step.
    """
    if KEPT not in state.schedule:
        return state
    schedule = {name: value for name, value in state.schedule.items() if name != KEPT}
    if not bool(jnp.isfinite(schedule["best"])):
        return state._replace(schedule=schedule)
    kept: Any = state.schedule[KEPT]
    networks = {name: kept[name]._replace(opt=net.opt) for name, net in state.networks.items()}
    return state._replace(networks=networks, schedule=schedule)
