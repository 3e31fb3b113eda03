"""Every loss by its name in a config. A loss returns ``[B]``; its parameters name what a step must offer."""

from inpaint_jax.losses.adversarial import (
    discriminator_bce,
    discriminator_least_squares,
    generator_least_squares,
    generator_nonsaturating,
    generator_saturating,
)
from inpaint_jax.losses.contextual import contextual_l1, contextual_l2
from inpaint_jax.losses.perceptual import feature_l2, jeffreys, semantic
from inpaint_jax.losses.reconstruction import half_l2_sum, l1, l2_mean, l2_sum, masked_l2, overlap_l2, weighted_l2
from inpaint_jax.losses.variational import gaussian_kl

LOSSES = {
    "contextual_l1": contextual_l1,
    "contextual_l2": contextual_l2,
    "discriminator_bce": discriminator_bce,
    "discriminator_least_squares": discriminator_least_squares,
    "feature_l2": feature_l2,
    "gaussian_kl": gaussian_kl,
    "generator_least_squares": generator_least_squares,
    "generator_nonsaturating": generator_nonsaturating,
    "generator_saturating": generator_saturating,
    "half_l2_sum": half_l2_sum,
    "jeffreys": jeffreys,
    "l1": l1,
    "l2_mean": l2_mean,
    "l2_sum": l2_sum,
    "masked_l2": masked_l2,
    "overlap_l2": overlap_l2,
    "semantic": semantic,
    "weighted_l2": weighted_l2,
}
