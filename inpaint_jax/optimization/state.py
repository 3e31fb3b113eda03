"""Training state: a pytree of arrays, so that ``jax.tree.map`` can save, shard and donate it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from inpaint_jax.types import Key, Tree


class NetworkState(NamedTuple):
    """Network in training: parameters, running statistics, optimiser state."""

    params: Tree
    stats: Tree
    opt: Tree


class AveragedNetworkState(NamedTuple):
    """``NetworkState`` with an average of ``(params, stats)``, see ``optimization.average``."""

    params: Tree
    stats: Tree
    opt: Tree
    average: tuple[Tree, Tree]


class TrainState(NamedTuple):
    """Everything that a run needs to continue.

    Attributes:
      step: int32 ``[]``, steps taken. The next batch is number ``step``, so it is the data position
        too.
      key: the run's key; step k draws from ``fold_in(key, k)``, see ``step_key``.
      networks: states by name ("generator", "critic"), ``AveragedNetworkState`` if the stage keeps
        an average.
      schedule: arrays that validation updates (curriculum weights, patience, best so far); often
        empty.
    """

    step: jax.Array
    key: Key
    networks: dict[str, NetworkState]
    schedule: dict[str, jax.Array]


def create(
    key: Key, networks: dict[str, tuple[Tree, Tree, optax.GradientTransformation]], **schedule
) -> TrainState:
    """Create the state of step 0 from ``{name: (params, stats, optimiser)}``."""
    states = {
        name: NetworkState(params, stats, tx.init(params))
        for name, (params, stats, tx) in networks.items()
    }
    return TrainState(jnp.zeros((), jnp.int32), key, states, schedule)


def step_key(state: TrainState) -> Key:
    """Derive the key of the next step from the state alone, so that a resumed run draws the same.

    Args:
      state: the state before the step.

    Returns:
      A typed key ``[]``.
    """
    return jax.random.fold_in(state.key, state.step)


def update(network: Any, grads: Tree, stats: Tree, tx: optax.GradientTransformation) -> Any:
    """Apply one optimiser update; ``stats`` come from the forward pass that gave ``grads``."""
    updates, opt = tx.update(grads, network.opt, network.params)
    return network._replace(
        params=optax.apply_updates(network.params, updates), stats=stats, opt=opt
    )


def count_parameters(state: TrainState) -> int:
    """Count the parameters of all networks; the state can be abstract."""
    return sum(
        leaf.size for network in state.networks.values() for leaf in jax.tree.leaves(network.params)
    )


def ended(state: TrainState) -> bool:
    """Return True if the stage's ``adapt`` has decided that more steps do not help."""
    return "finished" in state.schedule and bool(state.schedule["finished"])
