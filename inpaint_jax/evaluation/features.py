"""The trained networks that metrics need, by the names of ``Metric.needs``."""

import functools
from collections.abc import Mapping
from typing import Any

import jax

from inpaint_jax.errors import InputError
from inpaint_jax.metrics import AnyMetric, FeatureNetwork
from inpaint_jax.runs.weights import imagenet


def given(metrics: Mapping[str, AnyMetric]) -> dict[str, Any]:
    """Load what some metrics need.

    Args:
      metrics: as ``metrics.resolve`` returns them.

    Returns:
      What ``metrics.measure`` takes as ``given``: ``{"vgg16": FeatureNetwork}``, empty for metrics that need nothing.

    Raises:
      InputError: a network that is not known, or not installed.
    """
    found = {}
    for name, metric in metrics.items():
        for need in metric.needs:
            if need not in imagenet.ORIGINS:
                raise InputError(f"metric {name!r} needs {need!r}; known networks: {', '.join(imagenet.ORIGINS)}")
            try:
                found[need] = network(need)
            except InputError as error:
                raise InputError(f"metric {name!r}: {error}") from error
    return found


@functools.cache
def network(name: str) -> FeatureNetwork:
    """A network trained on ImageNet, "alexnet" or "vgg16", with the weights of its channels in LPIPS."""
    trained = imagenet.read(name)

    def maps(params, images):
        return trained.network.apply(params, {}, images, train=False)[0]

    return FeatureNetwork(jax.tree_util.Partial(maps, jax.device_put(trained.params)), jax.device_put(trained.heads))
