"""Semantic image inpainting with deep generative models (Yeh et al., CVPR 2017).

Train a DCGAN on whole pictures. To complete a damaged one, descend in its latent space until what the generator
paints agrees with the known pixels near the hole and looks real to the critic; then paste, and blend by Poisson's
equation. Nothing is trained for holes, so any hole will do; an encoder may be, to begin the descent near its end.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from inpaint_jax.networks import build as build_network
from inpaint_jax.networks.functional import Network
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import latent_gan, latent_search, learnt_start
from inpaint_jax.types import Hole, Image, Latent

NAME = "dcgan"  # of the stage


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
      search: likewise.
      blend: likewise.
      stages: ``{"dcgan": {"optimizer", "generator_updates", ...}}``, and ``"encoder": {"optimizer", "holes", ...}``
        where the start is learnt, by ``networks["encoder"]``.

    Raises:
      InputError: for names that stand for nothing, numbers that make no search, or a learnt start without its stage.
    """
    nets = latent_gan.networks(networks, size)
    encoder = guess = None
    if "encoder" in stages:
        described = {**networks["encoder"], "latent_size": networks["latent_size"]}
        encoder = build_network(described, label="networks.encoder")
        guess = partial(learnt_guess, encoder)
    descent = latent_search.build(NAME, **nets, losses=losses, search=search, blend=blend, guess=guess)
    trained = [prior(nets, stages[NAME])]
    if encoder:
        settings = {name: stages["encoder"][name] for name in ("optimizer", "holes")}
        trained.append(learnt_start.stage(encoder=encoder, loss=descent.loss, size=size, **settings))
    return latent_search.system(descent, *trained, size=size)


def prior(nets: Mapping[str, Any], settings: Mapping[str, Any]) -> Stage:
    """The stage of the DCGAN; raises InputError for an unknown optimiser."""
    return latent_gan.stage(
        NAME,
        **nets,
        optimizer=settings["optimizer"],
        generator_updates=settings["generator_updates"],
        generator_loss="generator_nonsaturating",
        critic_loss="discriminator_bce",
    )


def learnt_guess(encoder: Network, states: Mapping[str, Any], damaged: Image, hole: Hole) -> Latent:
    """Where the encoder says that the first of a picture's searches begins, ``[B, Z]``."""
    return learnt_start.predict(states["encoder"], damaged, hole, encoder=encoder)
