"""Texture losses: feature patches against matches, and total variation (Yang et al. 2017)."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_image, check_same_shape


def patch_l2(patches: jax.Array, matched_patches: jax.Array, patch_weight: jax.Array) -> PerExample:
    """Squared distance of patches to their matches, relative to the matches (Yang et al., eq. 4).

    The paper divides by the number of patches instead. Relative to the matches, a weight has the
    same meaning for every network and layer.

    Args:
      patches: patches of the painted image, ``[B, N, D]``.
      matched_patches: the match of each patch, same shape.
      patch_weight: ``[B, N]``, weight of each patch, such as 1 if it touches the hole.

    Returns:
      ``[B]``: the sum of weighted squared distances, divided by the sum of weighted squares of the
      matches; 0 if all weights are 0.

    Raises:
      InputError: where the shapes do not fit, or an array is not float.
    """
    check_same_shape(patches=patches, matched_patches=matched_patches)
    check_same_shape(patch_weight=patch_weight, patches=patches[..., 0])
    weight = patch_weight[..., None]
    distance = (weight * jnp.square(patches - matched_patches)).sum((1, 2))
    return distance / ((weight * jnp.square(matched_patches)).sum((1, 2)) + 1e-12)


def total_variation(completed: Image, hole: Hole) -> PerExample:
    """Squared steps between neighbours if at least one is missing (Yang et al., eq. 5).

    Args:
      completed: known pixels outside the hole, painted pixels inside, ``[B, H, W, C]`` in [-1, 1].
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``[B]``: the sum of squared steps to the right and down, per missing value; 0 if nothing is
      missing. The paper sums over the image: multiply by ``hole.sum((1, 2, 3)) * C`` for its scale.

    Raises:
      InputError: where the shapes do not fit, or an array is not float.
    """
    check_image("completed", completed)
    check_hole(hole, completed, "completed")
    steps = (
        (jnp.diff(completed, axis=1), jnp.maximum(hole[:, 1:], hole[:, :-1])),
        (jnp.diff(completed, axis=2), jnp.maximum(hole[:, :, 1:], hole[:, :, :-1])),
    )
    total = sum((counted * jnp.square(step)).sum((1, 2, 3)) for step, counted in steps)
    return total / jnp.maximum(hole.sum((1, 2, 3)) * completed.shape[-1], 1.0)
