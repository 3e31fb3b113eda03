"""Perceptual distances between the features of a trained network."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.types import Image, PerExample, check_image, check_same_shape


class FeatureNetwork(NamedTuple):
    """Trained network with the channel weights for ``lpips``.

    It is a pytree of arrays if ``maps`` is a ``jax.tree_util.Partial`` of a pure function and its
    parameters. Compiled programs then take the parameters as arguments.

    Attributes:
      maps: function from images ``[B, H, W, 3]`` in [-1, 1] to ``{layer: [B, h, w, C]}``; it
        normalises the images itself.
      heads: ``{layer: [C]}``, non-negative channel weights of the layers to compare.
    """

    maps: Callable[[Image], Mapping[str, jax.Array]]
    heads: Mapping[str, jax.Array]


def lpips(prediction: Image, target: Image, *, features: FeatureNetwork) -> PerExample:
    """Learned perceptual image patch similarity (Zhang et al. 2018, eq. 1).

    This is version 0.1 with linear heads.

    Args:
      prediction: completed images, ``[B, H, W, 3]`` in [-1, 1].
      target: ground truth, same shape and range.
      features: the network and its channel weights.

    Returns:
      ``[B]``, at least 0; lower is better. Features are normalised to unit length over channels.
      Their squared differences are weighted by channel, averaged over positions, and summed over
      layers.

    Raises:
      InputError: the shapes differ, an array is not float, or the network lacks the layer of a
        head.
    """
    check_image("prediction", prediction)
    check_same_shape(prediction=prediction, target=target)
    predicted, true = features.maps(prediction), features.maps(target)
    if missing := features.heads.keys() - predicted.keys():
        raise InputError(
            f"lpips: the network has no {', '.join(sorted(missing))} among {', '.join(predicted)}"
        )
    distance = jnp.zeros(len(prediction))
    for layer, head in features.heads.items():
        difference = _unit(predicted[layer]) - _unit(true[layer])
        distance += (jnp.square(difference) * head[None, None, None]).sum(-1).mean((1, 2))
    return distance


def _unit(maps: jax.Array) -> jax.Array:
    """Normalise features to unit length; 1e-10 as in the authors' code, differentiable at 0."""
    length = jnp.sqrt(jnp.maximum(jnp.square(maps).sum(-1, keepdims=True), 1e-30))
    return maps / (length + 1e-10)
