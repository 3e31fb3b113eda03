"""How far pictures are from each other in the eyes of a network that has learnt something else.

Features are maps ``{layer: [B, h, w, C]}``, as ``networks.vgg19`` and ``networks.googlenet`` name them.
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
    """Squared distance of the maps of one layer (Liu et al., eq. 2, which they call style).

    Args:
      features: of what was painted, ``{layer: [B, h, w, C]}``.
      target_features: of the true picture, likewise.
      layer: that is compared.
      gram: compares Gram matrices ``[C, C]``, means over positions, in the place of maps: texture, wherever it is
        (Gatys et al. 2015).
      reduction: over h, w and C, or over the matrix: "sum", as the weight of Liu et al. is read, or "mean".

    Returns:
      ``[B]``.

    Raises:
      InputError: for an unknown reduction, a layer that is not among the maps, shapes that differ,
        or maps that are not float.
    """
    reduce = resolve(reduction, REDUCTIONS, kind="reduction")
    if layer not in features:
        raise InputError(f"feature_l2: no layer {layer!r} among {', '.join(features)}; choose one, or a later last map")
    painted, target = features[layer], target_features[layer]
    check_same_shape(features=painted, target_features=target)
    if gram:
        painted, target = (jnp.einsum("bhwi,bhwj->bij", x, x) / (x.shape[1] * x.shape[2]) for x in (painted, target))
    return reduce(jnp.square(painted - target), axis=tuple(range(1, painted.ndim)))


def semantic(
    features: Mapping[str, jax.Array],
    completed_features: Mapping[str, jax.Array],
    *,
    layers: Mapping[str, float] | None = None,
    stop_target: bool = False,
) -> PerExample:
    """Squared distance of two pictures' maps, relative to those of the second (Buchacek et al., eq. 2).

    Args:
      features: of the generator's picture, ``{layer: [B, h, w, C]}``.
      completed_features: of the completed picture, likewise.
      layers: weights of the layers that count; by default 1 for 3b and 4b, as published.
      stop_target: no gradient goes through the completed picture; in the authors' code it does.

    Returns:
      ``[B]``, relative distances summed over layers; the same when both maps are enlarged by one factor.

    Raises:
      InputError: where the shapes differ, or an array is not float.
    """
    total = jnp.zeros(())
    for layer, weight in (layers or {"3b": 1.0, "4b": 1.0}).items():
        painted, completed = features[layer], completed_features[layer]
        check_same_shape(features=painted, completed_features=completed)
        completed = jax.lax.stop_gradient(completed) if stop_target else completed
        distance, size = (jnp.square(x).sum((1, 2, 3)) for x in (painted - completed, completed))
        total = total + weight * distance / (size + 1e-12)
    return total


def jeffreys(class_logits: jax.Array, completed_class_logits: jax.Array, *, stop_target: bool = False) -> PerExample:
    """Symmetric divergence of two class distributions, KL(p, q) + KL(q, p) (Buchacek et al., eq. 3).

    Args:
      class_logits: of the generator's picture, ``[B, N]``.
      completed_class_logits: of the completed picture, likewise.
      stop_target: no gradient goes through the completed picture; in the authors' code it does.

    Returns:
      ``[B]`` in nats, at least 0. No probability counts as less than 1e-12.

    Raises:
      InputError: where the shapes differ, or an array is not float.
    """
    check_same_shape(class_logits=class_logits, completed_class_logits=completed_class_logits)
    completed_class_logits = jax.lax.stop_gradient(completed_class_logits) if stop_target else completed_class_logits
    logs = [jax.nn.log_softmax(logits) for logits in (class_logits, completed_class_logits)]
    log_p, log_q = (jnp.maximum(log, jnp.log(LEAST_PROBABILITY)) for log in logs)
    p, q = (jnp.exp(log) for log in logs)
    return ((p - q) * (log_p - log_q)).sum(-1)
