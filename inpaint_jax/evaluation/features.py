"""Pretrained networks for metrics, by the names in ``Metric.needs``."""

import functools
from collections.abc import Mapping
from typing import Any

import jax

from inpaint_jax.errors import InputError
from inpaint_jax.metrics import DEFAULT, PERCEPTUAL, AnyMetric, FeatureNetwork
from inpaint_jax.runs.weights import imagenet

SMALLEST = 32  # pixels; smallest side of images that AlexNet can process
FEWEST = 3  # images; smallest set for an estimate of a kernel distance


def usual(count: int, size: int) -> tuple[str, ...]:
    """Name the default metrics of a table.

    Args:
      count: number of images.
      size: shorter side of the images.

    Returns:
      The default metrics. Metrics on ImageNet networks are included if the extra ``perceptual`` is
      installed, and the images are numerous and large enough.
    """
    return (
        *DEFAULT,
        *(PERCEPTUAL if imagenet.is_installed() and count >= FEWEST and size >= SMALLEST else ()),
    )


def given(metrics: Mapping[str, AnyMetric]) -> dict[str, Any]:
    """Load the networks that some metrics need.

    Args:
      metrics: from ``metrics.resolve``.

    Returns:
      The argument ``given`` of ``metrics.measure``: ``{"vgg16": FeatureNetwork}``; empty if the
      metrics need no network.

    Raises:
      InputError: a network that is unknown or not installed.
    """
    found = {}
    for name, metric in metrics.items():
        for need in metric.needs:
            if need not in imagenet.ORIGINS:
                raise InputError(
                    f"metric {name!r} needs {need!r}; known networks: {', '.join(imagenet.ORIGINS)}"
                )
            try:
                found[need] = network(need)
            except InputError as error:
                raise InputError(f"metric {name!r}: {error}") from error
    return found


@functools.cache
def network(name: str) -> FeatureNetwork:
    """Load an ImageNet network, "alexnet" or "vgg16", with its channel weights in LPIPS."""
    trained = imagenet.read(name)

    def maps(params, images):
        return trained.network.apply(params, {}, images, train=False)[0]

    return FeatureNetwork(
        jax.tree_util.Partial(maps, jax.device_put(trained.params)), jax.device_put(trained.heads)
    )
