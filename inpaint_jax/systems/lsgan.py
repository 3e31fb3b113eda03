"""Plain LSGAN completion, the baseline of Sharma: latent search in a least-squares GAN, then paste.

The search weights all known pixels equally, and seeks a critic score of 1.
"""

from collections.abc import Callable, Mapping
from typing import Any

from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import latent_gan, latent_search
from inpaint_jax.systems.parts.latent_search import LatentSearch

NAME = "lsgan"  # name of the stage


def build(
    *,
    size: int,
    networks: Mapping[str, Any],
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> System:
    """Build plain LSGAN completion.

    Args:
      size: side of the images.
      networks: ``generator`` and ``critic`` (``{"name", **fields}``), ``latent_size``.
      losses: objective of the search, see ``latent_search.build``.
      search: see ``latent_search.build``; without ``batch_norm``, which these networks lack.
      blend: see ``latent_search.build``.
      stages: ``{"lsgan": {"optimizer", ...}}``.

    Raises:
      InputError: unknown name, or search settings out of range.
    """
    nets = latent_gan.networks(networks, size)
    descent = latent_search_of(nets, losses=losses, search=search, blend=blend)
    return latent_search.system(descent, prior(nets, stages[NAME]), size=size)


def prior(nets: Mapping[str, Any], settings: Mapping[str, Any]) -> Stage:
    """Build the stage of the LSGAN, one update per network and step; InputError as ``build``."""
    return latent_gan.stage(
        NAME,
        **nets,
        optimizer=settings["optimizer"],
        generator_updates=1,
        generator_loss="generator_least_squares",
        critic_loss="discriminator_least_squares",
    )


def latent_search_of(
    nets: Mapping[str, Any],
    *,
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    refine: Callable | None = None,
) -> LatentSearch:
    """Build the search in the trained prior; ``refine`` and errors: see ``latent_search.build``."""
    rules = {**search, "batch_norm": "running"}
    return latent_search.build(
        NAME, **nets, losses=losses, search=rules, blend=blend, refine=refine
    )
