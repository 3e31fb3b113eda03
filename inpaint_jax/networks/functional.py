"""Linen modules as pure functions, and access to trained networks."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.types import Tree

# Precisions of a config, with the JAX names for the precision of products.
PRECISIONS = {"": None, "bf16": None, "tf32": "tensorfloat32", "float32": "highest"}


class Network(NamedTuple):
    """A network as pure functions.

    Attributes:
      init: ``(key, *inputs) -> (params, stats)``; the inputs are examples, of which only shapes
        matter.
      apply: ``(params, stats, *inputs, train, key=None, axis_name=None) -> (outputs, stats)``.
        ``train=False`` uses the running statistics and returns them unchanged. ``train=True``
        normalises by the statistics of the batch (over all devices of ``axis_name``) and returns
        updated running statistics; ``key`` is the key for dropout.
    """

    init: Callable[..., tuple[Tree, Tree]]
    apply: Callable[..., tuple[Any, Tree]]


def pure(module: nn.Module) -> Network:
    """Make the pure functions of a Linen module with ``__call__(*inputs, train) -> outputs``.

    A module with batch norm needs a field ``axis_name``, so that it can take statistics over the
    global batch under ``pmap``. The same holds for modules in its fields. A module without this
    field is used unchanged.

    Args:
      module: module with any inputs and outputs.

    Returns:
      The network.
    """

    def init(key, *inputs):
        variables = dict(module.init(key, *inputs, train=False))
        return variables.pop("params", {}), variables

    def apply(params, stats, *inputs, train, key=None, axis_name=None):
        bound = _with_axis(module, axis_name) if axis_name else module
        rngs = None if key is None else {"dropout": key}
        variables = {"params": params, **stats}
        if not train:
            return bound.apply(variables, *inputs, train=False, rngs=rngs), stats
        outputs, updated = bound.apply(
            variables, *inputs, train=True, rngs=rngs, mutable=list(stats)
        )
        return outputs, {**stats, **updated}

    return Network(init, apply)


def computing_in(network: Network, precision: str) -> Network:
    """Choose the arithmetic of a network; the only place where networks leave float32.

    Parameters, statistics, gradients, inputs and outputs are float32 at every precision. ``bf16``
    rounds parameters and inputs, and converts the outputs back.

    Args:
      network: the pure functions.
      precision: "bf16" (activations and products in bfloat16, sums in float32), "tf32" or "float32"
        (float32 activations; products on a GPU or TPU in that precision), or "" (the default of the
        platform).

    Returns:
      The network.

    Raises:
      InputError: an unknown precision.
    """
    if precision not in PRECISIONS:
        raise InputError(
            f"unknown precision {precision!r}; known: {', '.join(filter(None, PRECISIONS))}"
        )
    products = PRECISIONS[precision]

    def apply(params, stats, *inputs, **mode):
        if precision != "bf16":
            with jax.default_matmul_precision(products):
                return network.apply(params, stats, *inputs, **mode)
        narrow = functools.partial(
            jax.tree.map, functools.partial(_converted, jnp.float32, jnp.bfloat16)
        )
        outputs, updated = network.apply(narrow(params), stats, *narrow(inputs), **mode)
        wide = jax.tree.map(
            functools.partial(_converted, jnp.bfloat16, jnp.float32), (outputs, updated)
        )
        return wide

    return network._replace(apply=apply) if precision else network


def _converted(given: Any, wanted: Any, leaf: Any) -> Any:
    """Convert an array of type ``given``; return others, such as labels and keys, unchanged."""
    return leaf.astype(wanted) if getattr(leaf, "dtype", None) == given else leaf


def weights_of(net: Any) -> tuple[Tree, Tree]:
    """Return the parameters and statistics with which a trained network is applied.

    Args:
      net: an ``optimization.state.NetworkState``, or anything with ``params`` and ``stats``.

    Returns:
      ``(params, stats)``: the average over training steps if the network keeps one, otherwise the
      last values.
    """
    return net.average if hasattr(net, "average") else (net.params, net.stats)


def predict(
    network: Network,
    net: Any,
    *inputs: Any,
    through: Callable[[Tree], Tree] | None = None,
    **mode: Any,
) -> Any:
    """Apply a trained network.

    Args:
      network: the pure functions.
      net: state of the network, see ``weights_of``.
      inputs: inputs of the network.
      through: function applied to the weights first, such as ``latent_inpainting.shared``.
      mode: keyword arguments of ``Network.apply``; default ``train=False``: running statistics,
        no dropout.

    Returns:
      The outputs, without statistics.
    """
    params, stats = weights_of(net) if through is None else through(weights_of(net))
    return network.apply(params, stats, *inputs, **{"train": False, **mode})[0]


def side_by_side(networks: Mapping[str, Network]) -> Network:
    """Join networks to one network whose inputs, outputs and states are dicts by name.

    Args:
      networks: networks with one input each, by name.

    Returns:
      The network ``{name: input} -> {name: outputs}``.
    """

    def init(key, inputs):
        keys = dict(zip(networks, jax.random.split(key, len(networks)), strict=True))
        begun = {name: network.init(keys[name], inputs[name]) for name, network in networks.items()}
        return {name: params for name, (params, _) in begun.items()}, {
            name: stats for name, (_, stats) in begun.items()
        }

    def apply(params, stats, inputs, *, train, key=None, axis_name=None):
        outputs, updated = {}, {}
        for number, (name, network) in enumerate(networks.items()):
            key_call = None if key is None else jax.random.fold_in(key, number)
            outputs[name], updated[name] = network.apply(
                params[name],
                stats[name],
                inputs[name],
                train=train,
                key=key_call,
                axis_name=axis_name,
            )
        return outputs, updated

    return Network(init, apply)


def _with_axis(module: nn.Module, axis_name: str) -> nn.Module:
    """Set the axis of batch statistics in a module and in the modules of its fields."""
    fields = {
        field.name: getattr(module, field.name)
        for field in dataclasses.fields(module)
        if field.init
    }
    changes: dict[str, Any] = {
        name: _with_axis(value, axis_name)
        for name, value in fields.items()
        if isinstance(value, nn.Module) and name != "parent"
    }
    if "axis_name" in fields:
        changes["axis_name"] = axis_name
    return module.clone(**changes)
