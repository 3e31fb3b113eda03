"""Starting points of latent searches, and projections onto the range of the training prior.

``--config.search.projection=module:attribute`` names your own projection: a function
``(key, latent) -> latent`` that runs after every update::

    # my_projections.py
    import jax.numpy as jnp

    def sphere(key, latent):
        # Latents of N(0, 1) lie near a sphere of radius sqrt(Z) (White 2016, section 2).
        return jnp.sqrt(latent.size) * latent / jnp.linalg.norm(latent)
"""

import math

import jax
import jax.numpy as jnp

from inpaint_jax.types import Key, Tree


def clip(key: Key, latent: Tree) -> Tree:
    """Clip entries to [-1, 1] (Yeh et al.).

    Args:
      key: ignored.
      latent: a pytree of arrays.

    Returns:
      The same structure, in [-1, 1].
    """
    del key
    return jax.tree.map(lambda leaf: jnp.clip(leaf, -1.0, 1.0), latent)


def stochastic_clip(key: Key, latent: Tree) -> Tree:
    """Redraw entries outside [-1, 1] from U(-1, 1); the others stay (Lipton & Tripathi 2017).

    Args:
      key: typed key ``[]``; if the latent has several leaves, each leaf gets a separate key.
      latent: a pytree of arrays.

    Returns:
      The same structure, in [-1, 1].
    """
    leaves, structure = jax.tree.flatten(latent)
    keys = [key] if len(leaves) == 1 else [jax.random.fold_in(key, i) for i in range(len(leaves))]

    def redrawn(key, leaf):
        fresh = jax.random.uniform(key, leaf.shape, leaf.dtype, minval=-1.0, maxval=1.0)
        return jnp.where(jnp.abs(leaf) > 1.0, fresh, leaf)

    return jax.tree.unflatten(structure, map(redrawn, keys, leaves))


def unconstrained(key: Key, latent: Tree) -> Tree:
    """Return the latent unchanged.

    Args:
      key: ignored.
      latent: a pytree of arrays.

    Returns:
      The latent.
    """
    del key
    return latent


PROJECTIONS = {"clip": clip, "stochastic": stochastic_clip, "none": unconstrained}


def uniform(key: Key, shape: tuple[int, ...]) -> jax.Array:
    """Draw from U(-1, 1), the prior that the generator was trained on.

    Args:
      key: typed key ``[]``.
      shape: shape of the latents.

    Returns:
      Latents of that shape.
    """
    return jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)


def normal(key: Key, shape: tuple[int, ...]) -> jax.Array:
    """Draw from N(0, 1), where the published searches start.

    Args:
      key: typed key ``[]``.
      shape: shape of the latents.

    Returns:
      Latents of that shape.
    """
    return jax.random.normal(key, shape)


STARTS = {"uniform": uniform, "normal": normal}


def unfilled() -> float:
    """Return the placeholder of a trace: NaN, or infinity under ``JAX_DEBUG_NANS=1``."""
    searching = jax.config.jax_debug_nans  # pyright: ignore[reportAttributeAccessIssue]
    return math.inf if searching else math.nan
