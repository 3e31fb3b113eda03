"""Texture: patches of feature maps against their matches, and the roughness of pixels (Yang et al. 2017)."""

import jax
import jax.numpy as jnp

from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_image, check_same_shape


def patch_l2(patches: jax.Array, matched_patches: jax.Array, patch_weight: jax.Array) -> PerExample:
    """Squared distance of patches to their matches, relative to the matches (Yang et al., eq. 4).

    The paper divides by the number of patches instead. Relative to the matches, a weight means the
    same whatever the network and its layer.

    Args:
      patches: of what was painted, ``[B, N, D]``.
      matched_patches: the patch that belongs to each of them, same shape.
      patch_weight: ``[B, N]``, how much each of them counts, such as 1 where it touches the hole.

    Returns:
      ``[B]``: weighted squared distances, summed, over the weighted squares of the matches, summed.
      0 where no patch counts.

    Raises:
      InputError: where the shapes do not fit, or an array is not float.
    """
    check_same_shape(patches=patches, matched_patches=matched_patches)
    check_same_shape(patch_weight=patch_weight, patches=patches[..., 0])
    weight = patch_weight[..., None]
    distance = (weight * jnp.square(patches - matched_patches)).sum((1, 2))
    return distance / ((weight * jnp.square(matched_patches)).sum((1, 2)) + 1e-12)


def total_variation(completed: Image, hole: Hole) -> PerExample:
    """Squared steps between neighbours of which at least one is missing (Yang et al., eq. 5).

    Args:
      completed: known pixels outside the hole, painted ones inside, ``[B, H, W, C]`` in [-1, 1].
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``[B]``: squared steps to the right and down, summed, per missing value; 0 where nothing is
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
