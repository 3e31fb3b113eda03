"""Loss functions by config name, each a function of named values to ``[B]``.

A config can also name your own loss as ``module:attribute``. The parameters of the function name
values that the training step or the latent search provides. Keyword-only parameters are options::

    # my_losses.py
    import jax.numpy as jnp

    def edge_l1(prediction, target, *, axis=1):
        difference = jnp.diff(prediction - target, axis=axis)
        return jnp.abs(difference).mean((1, 2, 3))

In a config: ``losses.edge = dict(fn="my_losses:edge_l1", weight=0.1, axis=2)``.
"""

from collections.abc import Mapping
from typing import Any

from inpaint_jax.losses.adversarial import (
    discriminator_bce,
    discriminator_least_squares,
    generator_least_squares,
    generator_nonsaturating,
    generator_saturating,
    score_matching,
)
from inpaint_jax.losses.binding import Objective, bind
from inpaint_jax.losses.contextual import contextual_l1, contextual_l2, importance_weight
from inpaint_jax.losses.patches import patch_l2, total_variation
from inpaint_jax.losses.perceptual import feature_l2, jeffreys, semantic
from inpaint_jax.losses.reconstruction import (
    half_l2_sum,
    known_pyramid_l1,
    l1,
    l2_mean,
    l2_sum,
    masked_l2,
    overlap_l2,
    pyramid_l1,
    pyramid_l2,
    weighted_l2,
)
from inpaint_jax.losses.variational import gaussian_kl, gaussian_kl_between

__all__ = [
    "LOSSES",
    "Objective",
    "contextual_l1",
    "contextual_l2",
    "discriminator_bce",
    "discriminator_least_squares",
    "feature_l2",
    "gaussian_kl",
    "gaussian_kl_between",
    "generator_least_squares",
    "generator_nonsaturating",
    "generator_saturating",
    "half_l2_sum",
    "importance_weight",
    "jeffreys",
    "known_pyramid_l1",
    "l1",
    "l2_mean",
    "l2_sum",
    "masked_l2",
    "objective",
    "overlap_l2",
    "patch_l2",
    "pyramid_l1",
    "pyramid_l2",
    "score_matching",
    "semantic",
    "total_variation",
    "weighted_l2",
]

LOSSES = {
    "contextual_l1": contextual_l1,
    "contextual_l2": contextual_l2,
    "discriminator_bce": discriminator_bce,
    "discriminator_least_squares": discriminator_least_squares,
    "feature_l2": feature_l2,
    "gaussian_kl": gaussian_kl,
    "gaussian_kl_between": gaussian_kl_between,
    "generator_least_squares": generator_least_squares,
    "generator_nonsaturating": generator_nonsaturating,
    "generator_saturating": generator_saturating,
    "half_l2_sum": half_l2_sum,
    "jeffreys": jeffreys,
    "known_pyramid_l1": known_pyramid_l1,
    "l1": l1,
    "l2_mean": l2_mean,
    "l2_sum": l2_sum,
    "masked_l2": masked_l2,
    "overlap_l2": overlap_l2,
    "patch_l2": patch_l2,
    "pyramid_l1": pyramid_l1,
    "pyramid_l2": pyramid_l2,
    "score_matching": score_matching,
    "semantic": semantic,
    "total_variation": total_variation,
    "weighted_l2": weighted_l2,
}


def objective(terms: Mapping[str, Mapping[str, Any]]) -> Objective:
    """Build one objective from the losses of a config.

    Args:
      terms: ``{label: {"fn": name or "module:attribute", "weight": number, **options of the
        loss}}``. ``fn`` defaults to the label. A weight of 0 switches the term off. With
        ``watch=True`` such a term is still evaluated and traced, but not added to the sum. One loss
        can appear under two labels. An option that names a value parameter selects another value:
        ``fake_logits="completed_logits"`` passes the completed logits as ``fake_logits``.

    Returns:
      A function from the values of a step, ``{name: array}``, to a scalar and the unweighted terms
      ``{label: [B]}``. It works under ``jit`` and ``grad``.

    Raises:
      InputError: unknown loss, missing or invalid weight, or unknown option.
    """
    return bind(terms, LOSSES)
