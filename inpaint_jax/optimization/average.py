"""An exponential average of a network's weights over training steps: what the trained network answers with.

The last iterates of a generator that plays against a critic jitter around a better one; their average is close to it.
Source: Polyak & Juditsky 1992; for GANs Yazıcı et al. 2019.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from inpaint_jax.optimization.state import AveragedNetworkState, TrainState


def start(state: TrainState) -> TrainState:
    """Give every network of a state an average that equals the present weights.

    Args:
      state: of any step; an average that is there already begins anew.

    Returns:
      The state, with an ``average`` in every network.
    """

    def begun(network):
        average = jax.tree.map(jnp.copy, (network.params, network.stats))
        return AveragedNetworkState(network.params, network.stats, network.opt, average)

    return state._replace(networks={name: begun(network) for name, network in state.networks.items()})


def after(step: Callable, decay: float) -> Callable:
    """Follow the weights of every network after each training step.

    ``average <- d average + (1 - d) weights`` with ``d = min(decay, (1 + t) / (10 + t))`` after
    ``t`` steps: the average soon forgets the weights that training began with.

    Args:
      step: ``(state, batch, earlier, *, axis_name=None) -> (state, metrics)``, as ``Stage.step``.
      decay: in [0, 1); 0: no average, and ``step`` is returned as it is.

    Returns:
      The step, for states that ``start`` has given averages.
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
    """The network with an average one step further; values that are no real numbers are copied."""

    def towards(average, value):
        if not jnp.issubdtype(value.dtype, jnp.floating):
            return value
        return average + (1 - kept).astype(value.dtype) * (value - average)

    weights = network.params, network.stats
    return network._replace(average=jax.tree.map(towards, network.average, weights))
