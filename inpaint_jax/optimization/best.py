"""Keep the best networks of a stage, found by validation, and end the stage with them.

The best networks are part of the state's schedule, so saving, resuming and sharding need no special
case.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.optimization.state import NetworkState, TrainState

KEPT = "kept"  # key in the schedule


def best_by(error: str) -> Callable[..., dict[str, jax.Array]]:
    """Build an ``adapt`` function for which the smallest mean error is the best.

    Args:
      error: name of an error among the scores of ``validate``.

    Returns:
      ``({"best"}, scores) -> {"best"}``, the largest negated mean so far.
    """

    def adapt(schedule, scores):
        return {"best": jnp.maximum(schedule["best"], -scores[error].mean())}

    return adapt


def learnt(networks: Mapping[str, NetworkState]) -> dict[str, NetworkState]:
    """Return the networks without the states of their optimisers."""
    return {name: network._replace(opt=()) for name, network in networks.items()}


def keeping(state: TrainState) -> TrainState:
    """Reserve room for the best networks in the schedule of a state.

    Args:
      state: the state of step 0. Its schedule has ``best []``, initially -inf.

    Returns:
      The state with one more entry in its schedule, zeros until the first validation.
    """
    room = jax.tree.map(jnp.zeros_like, learnt(state.networks))
    return state._replace(schedule={**state.schedule, KEPT: room})


def adapted(adapt: Callable[..., Any], schedule: Any, networks: Any, scores: Any) -> Any:
    """Apply a stage's ``adapt``, and keep the networks if they are the best so far.

    Args:
      adapt: ``(schedule, scores) -> schedule``, with a higher ``best`` if the networks are better.
      schedule: schedule of the state, with or without room for networks.
      networks: validated networks of the state.
      scores: scores from the validation.

    Returns:
      The schedule.
    """
    after = adapt({name: value for name, value in schedule.items() if name != KEPT}, scores)
    if KEPT not in schedule:
        return after
    better = after["best"] > schedule["best"]
    kept = jax.tree.map(
        lambda new, old: jnp.where(better, new, old), learnt(networks), schedule[KEPT]
    )
    return {**after, KEPT: kept}


def best_of(state: TrainState) -> TrainState:
    """Return the final state of a stage, with the best networks if it keeps them, else the last.

    Args:
      state: the trained state. The function reads the values of its arrays.

    Returns:
      A state without networks in the schedule, with the optimiser states of the last step.
    """
    if KEPT not in state.schedule:
        return state
    schedule = {name: value for name, value in state.schedule.items() if name != KEPT}
    if not bool(jnp.isfinite(schedule["best"])):
        return state._replace(schedule=schedule)
    kept: Any = state.schedule[KEPT]
    networks = {name: kept[name]._replace(opt=net.opt) for name, net in state.networks.items()}
    return state._replace(networks=networks, schedule=schedule)
