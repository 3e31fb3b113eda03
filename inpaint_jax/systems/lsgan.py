"""Plain LSGAN completion, the baseline of Sharma: a latent search in a least-squares GAN, and a paste.

The search asks for agreement with every known pixel alike, and for a score of 1 from the critic.
"""

from collections.abc import Callable, Mapping
from typing import Any

from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import latent_gan, latent_search
from inpaint_jax.systems.parts.latent_search import LatentSearch

NAME = "lsgan"  # of the stage


def build(
    *,
    size: int,
    networks: Mapping[str, Any],
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> System:
    """The system.

    Args:
      size: side of the pictures.
      networks: ``generator`` and ``critic`` (``{"name", **fields}``), ``latent_size``.
      losses: the search's objective, see ``latent_search.build``.
      search: likewise; the networks have no batch norm to choose.
      blend: likewise.
      stages: ``{"lsgan": {"optimizer", ...}}``.

    Raises:
      InputError: for names that stand for nothing, or numbers that make no search.
    """
    nets = latent_gan.networks(networks, size)
    descent = latent_search_of(nets, losses=losses, search=search, blend=blend)
    return latent_search.system(descent, prior(nets, stages[NAME]), size=size)


def prior(nets: Mapping[str, Any], settings: Mapping[str, Any]) -> Stage:
    """The stage of generator and critic, one update of each per step; raises InputError for an unknown optimiser."""
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
    """The search in the trained prior; ``refine``, and what is raised, as in ``latent_search.build``."""
    rules = {**search, "batch_norm": "running"}
    return latent_search.build(NAME, **nets, losses=losses, search=rules, blend=blend, refine=refine)
