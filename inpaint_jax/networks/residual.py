"""Residual generators, whose output is added to an initial fill."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.networks.functional import Network


class Given(NamedTuple):
    """Input of a residual generator.

    Attributes:
      seen: input of the inner generator, ``[B, H, W, C]``.
      base: image to which the output is added, ``[B, S, S, 3]``.
    """

    seen: jax.Array
    base: jax.Array


def residual(network: Network) -> Network:
    """Add a network's output to a base image, starting from a zero correction.

    Args:
      network: a network of Linen modules, ``(seen, ...) -> output`` or ``(output, ...)``. The last
        layer with a kernel starts at zero. The output then starts at zero too if that layer ends in
        a tanh.

    Returns:
      The network ``(Given, ...) -> base + output``, with the parameters of ``network``.
    """

    def init(key, given, *rest):
        layers: list[tuple[str, ...]] = []

        def record(call, args, kwargs, context):
            out = call(*args, **kwargs)
            if context.method_name == "__call__" and "kernel" in context.module.variables.get(
                "params", {}
            ):
                layers.append(context.module.path)
            return out

        with nn.intercept_methods(record):
            params, stats = network.init(key, given.seen, *rest)
        if not layers:
            raise InputError(
                "residual: the generator has no layer with a kernel that could start at zero"
            )
        return _zeroed(params, layers[-1]), stats

    def apply(params, stats, given, *rest, **mode):
        out, stats = network.apply(params, stats, given.seen, *rest, **mode)
        added = (given.base + out[0], *out[1:]) if isinstance(out, tuple) else given.base + out
        return added, stats

    return Network(init, apply)


def _zeroed(params: Any, path: tuple[str, ...]) -> Any:
    """Return the parameters with one layer set to zero."""
    if not path:
        return jax.tree.map(jnp.zeros_like, params)
    return {**params, path[0]: _zeroed(params[path[0]], path[1:])}
