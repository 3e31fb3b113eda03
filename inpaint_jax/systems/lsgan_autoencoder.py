"""LSGAN completion refined by an autoencoder (Sharma): search, repaint the result, paste."""

from collections.abc import Mapping
from typing import Any

from inpaint_jax.networks import build as build_network
from inpaint_jax.systems import lsgan
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts import latent_gan, latent_search, refinement


def build(
    *,
    size: int,
    networks: Mapping[str, Any],
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> System:
    """Build LSGAN completion with a refining autoencoder.

    Args:
      size: side of the images.
      networks: as in ``lsgan.build``, and ``autoencoder``.
      losses: as in ``lsgan.build``.
      search: as in ``lsgan.build``.
      blend: as in ``lsgan.build``.
      stages: ``{"lsgan": {...}, "autoencoder": {...}}``. For the latter see ``refinement.stage``;
        its ``projection`` has ``search`` and ``losses``, which paint the training images of
        ``pairs="projected"``.

    Raises:
      InputError: unknown name, or search settings out of range.
    """
    settings = stages[refinement.NAME]
    autoencoder = build_network(networks["autoencoder"], label="networks.autoencoder")
    nets = latent_gan.networks(networks, size)
    refine = refinement.refiner(autoencoder=autoencoder, settings=settings)
    descent = lsgan.latent_search_of(nets, losses=losses, search=search, blend=blend, refine=refine)
    painting = {part: settings["projection"][part] for part in ("losses", "search")}
    unrefined = lsgan.latent_search_of(nets, **painting, blend=blend)
    projection = latent_search.system(unrefined, size=size)._replace(finish=unrefined.painted)
    return latent_search.system(
        descent,
        lsgan.prior(nets, stages[lsgan.NAME]),
        refinement.stage(
            autoencoder=autoencoder, size=size, settings=settings, projection=projection
        ),
        size=size,
    )
