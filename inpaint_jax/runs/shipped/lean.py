"""The part of trained states that completion needs: weights alone, of 16 bits each."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.networks import weights_of
from inpaint_jax.optimization.best import KEPT
from inpaint_jax.optimization.state import NetworkState, TrainState
from inpaint_jax.runs import digests
from inpaint_jax.seeds import example_keys
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.pruning import prune
from inpaint_jax.systems.whole import complete


def state(trained: TrainState) -> TrainState:
    """Return a state with only the weights that completion needs: no optimisers, no key.

    The state may be abstract.
    """
    networks = {
        name: NetworkState(*weights_of(network), opt=())
        for name, network in trained.networks.items()
    }
    schedule = {name: value for name, value in trained.schedule.items() if name != KEPT}
    return TrainState(trained.step, (), networks, schedule)  # pyright: ignore[reportArgumentType]


def arrays(system: System, states: Mapping[str, TrainState], *, side: int) -> dict[str, np.ndarray]:
    """Collect the arrays of trained states by path, without networks that completion does not need.

    Weights are rounded to 16 bits, which halves their files.

    Args:
      system: the method.
      states: states of the trained stages, by name.
      side: side of the images.

    Returns:
      ``{"dcgan/networks/generator/params/...": array}``.
    """
    kept = {name: state(trained) for name, trained in states.items()}
    inputs = (
        jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32),
        jax.ShapeDtypeStruct((1, side, side, 1), jnp.float32),
    )

    def completed(states, images, hole):
        return complete(system, states, images, hole, example_keys(0, ["0"], "search")).images

    _, needed = prune(completed, kept, *inputs)
    leaves = jax.tree.leaves_with_path(kept)
    used = {_part(path) for (path, _), wanted in zip(leaves, needed, strict=False) if wanted}
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): halved(np.asarray(leaf))
        for path, leaf in leaves
        if _part(path) in used or _part(path)[1] == "step"
    }


def halved(array: np.ndarray) -> np.ndarray:
    """Round float32 to float16 if the range allows it; return other arrays unchanged."""
    if array.dtype != np.float32 or np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        return array
    return array.astype(np.float16)


def filled(
    stage: str, shape: TrainState, stored: Mapping[str, np.ndarray], *, owner: str
) -> TrainState:
    """Fill an abstract state from ``state`` with stored arrays.

    Args:
      stage: name of the stage.
      shape: the state, abstract.
      stored: arrays from ``arrays``.
      owner: name of the model in messages.

    Returns:
      The state, without networks and parts of the schedule that have no stored arrays.

    Raises:
      InputError: the arrays belong to another architecture.
    """
    begin = f"{stage}/"
    of_stage = {
        path.removeprefix(begin): value for path, value in stored.items() if path.startswith(begin)
    }
    of_stage = {
        path: value.astype(np.float32) if value.dtype == np.float16 else value
        for path, value in of_stage.items()
    }
    parts = {"/".join(path.split("/")[:2]) for path in of_stage}
    shape = shape._replace(
        networks={
            name: part for name, part in shape.networks.items() if f"networks/{name}" in parts
        },
        schedule={
            name: part for name, part in shape.schedule.items() if f"schedule/{name}" in parts
        },
    )
    if difference := digests.first_difference(
        digests.described(of_stage), digests.described(shape)
    ):
        raise InputError(f"{owner} has another architecture than its config: {difference}")
    paths, tree = jax.tree.flatten_with_path(shape)
    names = (jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in paths)
    return jax.tree.unflatten(tree, [jnp.asarray(of_stage[name]) for name in names])


def _part(path: Any) -> tuple[str, ...]:
    """Return the stage and the network, or part of the schedule, of a leaf."""
    return tuple(jax.tree_util.keystr((key,), simple=True) for key in path[:3])
