"""Perceptual losses: distances between the features or class logits of a trained network.

Features are maps ``{layer: [B, h, w, C]}`` with the layer names of ``networks.vgg19`` and
``networks.googlenet``.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve
from inpaint_jax.types import PerExample, check_same_shape

LEAST_PROBABILITY = 1e-12
REDUCTIONS = {"sum": jnp.sum, "mean": jnp.mean}


def feature_l2(
    features: Mapping[str, jax.Array],
    target_features: Mapping[str, jax.Array],
    *,
    layer: str = "relu3_1",
    gram: bool = False,
    reduction: str = "sum",
) -> PerExample:
    """Squared distance between the feature maps of one layer (Liu et al., eq. 2, "style").

    Args:
      features: feature maps of the generated image, ``{layer: [B, h, w, C]}``.
      target_features: feature maps of the ground truth, same layers and shapes.
      layer: name of the layer to compare.
      gram: compare Gram matrices ``[C, C]``, averaged over positions, instead of maps. They
        describe texture regardless of position (Gatys et al. 2015).
      reduction: over h, w and C, or over the matrix: "sum", our reading of the weight of Liu et
        al., or "mean".

    Returns:
      ``[B]``.

    Raises:
      InputError: unknown reduction, a layer that is not among the maps, shapes that differ, or maps
        that are not float.
    """
    reduce = resolve(reduction, REDUCTIONS, kind="reduction")
    if layer not in features:
        raise InputError(
            f"feature_l2: no layer {layer!r} among {', '.join(features)}; choose "
            "one, or a later last map"
        )
    painted, target = features[layer], target_features[layer]
    check_same_shape(features=painted, target_features=target)
    if gram:
        painted, target = (
            jnp.einsum("bhwi,bhwj->bij", x, x) / (x.shape[1] * x.shape[2])
            for x in (painted, target)
        )
    return reduce(jnp.square(painted - target), axis=tuple(range(1, painted.ndim)))


def semantic(
    features: Mapping[str, jax.Array],
    completed_features: Mapping[str, jax.Array],
    *,
    layers: Mapping[str, float] | None = None,
    stop_target: bool = False,
) -> PerExample:
    """Squared distance between feature maps, relative to the second maps (Buchacek et al., eq. 2).

    Args:
      features: feature maps of the generator's image, ``{layer: [B, h, w, C]}``.
      completed_features: feature maps of the completed image, same layers and shapes.
      layers: ``{layer: weight}``; default: 1 for 3b and 4b, as published.
      stop_target: stop the gradient through the completed image; the authors' code does not stop
        it.

    Returns:
      ``[B]``, relative distances summed over layers; invariant to a common scale of both maps.

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    total = jnp.zeros(())
    for layer, weight in (layers or {"3b": 1.0, "4b": 1.0}).items():
        painted, completed = features[layer], completed_features[layer]
        check_same_shape(features=painted, completed_features=completed)
        completed = jax.lax.stop_gradient(completed) if stop_target else completed
        distance, size = (jnp.square(x).sum((1, 2, 3)) for x in (painted - completed, completed))
        total = total + weight * distance / (size + 1e-12)
    return total


def jeffreys(
    class_logits: jax.Array, completed_class_logits: jax.Array, *, stop_target: bool = False
) -> PerExample:
    """Symmetric KL divergence of two class distributions (Buchacek et al., eq. 3).

    This is the Jeffreys divergence KL(p, q) + KL(q, p).

    Args:
      class_logits: class logits of the generator's image, ``[B, N]``.
      completed_class_logits: class logits of the completed image, ``[B, N]``.
      stop_target: stop the gradient through the completed image; the authors' code does not stop
        it.

    Returns:
      ``[B]`` in nats, at least 0. Log-probabilities are clamped to at least log(1e-12).

    Raises:
      InputError: the shapes differ, or an array is not float.
    """
    check_same_shape(class_logits=class_logits, completed_class_logits=completed_class_logits)
    completed_class_logits = (
        jax.lax.stop_gradient(completed_class_logits) if stop_target else completed_class_logits
    )
    logs = [jax.nn.log_softmax(logits) for logits in (class_logits, completed_class_logits)]
    log_p, log_q = (jnp.maximum(log, jnp.log(LEAST_PROBABILITY)) for log in logs)
    p, q = (jnp.exp(log) for log in logs)
    return ((p - q) * (log_p - log_q)).sum(-1)
