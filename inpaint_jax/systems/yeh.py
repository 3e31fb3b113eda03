"""Semantic image inpainting with deep generative models (Yeh et al., CVPR 2017).

Train a DCGAN on whole images. To complete a damaged image, descend in the latent space until the
generated image agrees with the known pixels near the hole and looks real to the critic. Then paste,
and blend by Poisson's equation. The training sees no holes, so any hole can be completed. An
optional encoder is trained on holes, so that the descent begins near its end.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from inpaint_jax.networks import build as build_network
from inpaint_jax.networks.functional import Network
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import latent_gan, latent_search, learnt_start
from inpaint_jax.types import Hole, Image, Latent

NAME = "dcgan"  # name of the stage


def build(
    *,
    size: int,
    networks: Mapping[str, Any],
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> System:
    """Build Yeh's latent search.

    Args:
      size: side of the images.
      networks: ``generator`` and ``critic`` (``{"name", **fields}``), ``latent_size``.
      losses: objective of the search, see ``latent_search.build``.
      search: see ``latent_search.build``.
      blend: see ``latent_search.build``.
      stages: ``{"dcgan": {"optimizer", "generator_updates", ...}}``; for a learnt start also
        ``"encoder": {"optimizer", "holes", ...}``, which trains ``networks["encoder"]``.

    Raises:
      InputError: unknown name, search settings out of range, or a learnt start without a stage.
    """
    nets = latent_gan.networks(networks, size)
    encoder = guess = None
    if "encoder" in stages:
        described = {**networks["encoder"], "latent_size": networks["latent_size"]}
        encoder = build_network(described, label="networks.encoder")
        guess = partial(learnt_guess, encoder)
    descent = latent_search.build(
        NAME, **nets, losses=losses, search=search, blend=blend, guess=guess
    )
    trained = [prior(nets, stages[NAME])]
    if encoder:
        settings = {name: stages["encoder"][name] for name in ("optimizer", "holes")}
        trained.append(
            learnt_start.stage(encoder=encoder, loss=descent.loss, size=size, **settings)
        )
    return latent_search.system(descent, *trained, size=size)


def prior(nets: Mapping[str, Any], settings: Mapping[str, Any]) -> Stage:
    """Build the stage of the DCGAN; raise InputError for an unknown optimiser."""
    return latent_gan.stage(
        NAME,
        **nets,
        optimizer=settings["optimizer"],
        generator_updates=settings["generator_updates"],
        generator_loss="generator_nonsaturating",
        critic_loss="discriminator_bce",
    )


def learnt_guess(encoder: Network, states: Mapping[str, Any], damaged: Image, hole: Hole) -> Latent:
    """Predict where the first search of every image begins, ``[B, Z]``."""
    return learnt_start.predict(states["encoder"], damaged, hole, encoder=encoder)
