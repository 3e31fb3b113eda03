"""The trained networks that metrics need, by the names of ``Metric.needs``."""

import functools
from collections.abc import Mapping
from typing import Any

import jax

from inpaint_jax.errors import InputError
from inpaint_jax.metrics import DEFAULT, PERCEPTUAL, AnyMetric, FeatureNetwork
from inpaint_jax.runs.weights import imagenet

SMALLEST = 32  # side of images that AlexNet still sees something of
FEWEST = 3  # images of which a kernel distance can be estimated


def usual(count: int, size: int) -> tuple[str, ...]:
    """Name the metrics of a table unless its caller names others.

    Args:
      count: of images.
      size: of their shorter side.

    Returns:
      The default ones, and those on networks of ImageNet where the extra ``perceptual`` is installed and the images
      are enough and large enough.
    """
    return (*DEFAULT, *(PERCEPTUAL if imagenet.is_installed() and count >= FEWEST and size >= SMALLEST else ()))


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
