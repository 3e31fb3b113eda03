"""Exponential average of network weights over training steps, which the trained network uses.

The last iterates of a generator that trains against a critic oscillate around a better generator.
Their average is close to it. Source: Polyak & Juditsky 1992; for GANs Yazıcı et al. 2019.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from inpaint_jax.optimization.state import AveragedNetworkState, TrainState


def start(state: TrainState) -> TrainState:
    """Start an average in every network of a state, equal to the current weights.

    Args:
      state: a state of any step; an existing average restarts.

    Returns:
      The state with an ``average`` in every network.
    """

    def begun(network):
        average = jax.tree.map(jnp.copy, (network.params, network.stats))
        return AveragedNetworkState(network.params, network.stats, network.opt, average)

    return state._replace(
        networks={name: begun(network) for name, network in state.networks.items()}
    )


def after(step: Callable, decay: float) -> Callable:
    """Wrap a step so that it updates the average of every network.

    ``average <- d average + (1 - d) weights`` with ``d = min(decay, (1 + t) / (10 + t))`` after
    ``t`` steps. The average soon forgets the initial weights.

    Args:
      step: ``(state, batch, earlier, *, axis_name=None) -> (state, metrics)``, as ``Stage.step``.
      decay: in [0, 1). 0 means no average: ``step`` is returned unchanged.

    Returns:
      The wrapped step, for states with averages from ``start``.
    """
    if not decay:
        return step

    def averaged(state, batch, earlier, **options):
        state, metrics = step(state, batch, earlier, **options)
        count = state.step.astype(jnp.float32)
        kept = jnp.minimum(decay, (1 + count) / (10 + count))
        networks = {name: _followed(network, kept) for name, network in state.networks.items()}
        return state._replace(networks=networks), metrics

    return averaged


def _followed(network: AveragedNetworkState, kept: jax.Array) -> AveragedNetworkState:
    """Advance the average of a network by one step; copy values that are not floating-point."""

    def towards(average, value):
        if not jnp.issubdtype(value.dtype, jnp.floating):
            return value
        return average + (1 - kept).astype(value.dtype) * (value - average)

    weights = network.params, network.stats
    return network._replace(average=jax.tree.map(towards, network.average, weights))
