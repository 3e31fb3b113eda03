"""Learning semantic inpainting from a classifier (Buchacek et al. 2020): a latent search with an eye for what is shown.

Yeh's search, and three more terms: the completed picture must look real to the critic too, a classifier must see the
same in the generator's picture and in the completed one (features of some layers, and what it takes them for). The
DCGAN and the classifier are trained apart on whole pictures; then paste, or blend by Poisson's equation. The weights of
the classifier's terms are shares of the contextual term where a search without guidance ends.
"""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from inpaint_jax import latent_inpainting
from inpaint_jax.compositing import to_255
from inpaint_jax.naming import resolve
from inpaint_jax.networks import build as build_network
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.systems import yeh
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts import balance, classification, latent_gan, latent_search, term_weights
from inpaint_jax.systems.parts.latent_search import LatentSearch

CLASSIFIER, BALANCE = "classifier", "balance"  # stages besides Yeh's


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
      networks: ``generator``, ``critic`` and ``latent_size`` as in ``yeh.build``; ``classifier`` (``{"name", "classes",
        **fields}``, pictures to ``ClassifierOutput``), and ``classifier_mean``, the mean colour in [0, 255] that is
        taken from its pictures.
      losses: the search's objective, see ``latent_search.build``. Also offered: ``features`` and ``class_logits`` of
        the generator's picture, ``completed_features`` and ``completed_class_logits`` of the completed one. Of every
        term also ``relative_to`` and ``scattered``, see ``term_weights``.
      search: likewise; also ``classifier_input``: "converted", as the classifier was trained, or "raw", pictures in
        [-1, 1] as they are, which the authors' code gives to a classifier that has learnt values of up to 255.
      blend: likewise.
      stages: ``dcgan`` as in ``yeh.build``, ``classifier`` as ``classification.stage`` takes it and, where weights are
        relative, ``balance``: ``{"losses", "search", "holes", ...}``, an unguided search whose terms are measured, the
        watched ones too.

    Raises:
      InputError: for unknown names, numbers that make no search, or weights relative to what no stage has measured.
    """
    nets = latent_gan.networks(networks, size)
    classifier = from_levels(raw_classifier(networks), networks["classifier_mean"])
    descent = latent_search_of(networks, size=size, losses=losses, search=search, blend=blend, stages=stages)
    trained = [
        yeh.prior(nets, stages[yeh.NAME]),
        classification.stage(
            CLASSIFIER, network=classifier, classes=networks["classifier"]["classes"], settings=stages[CLASSIFIER]
        ),
    ]
    if BALANCE in stages:
        settings = stages[BALANCE]
        watching = latent_search_of(
            networks, size=size, losses=settings["losses"], search=settings["search"], blend=blend, stages={}
        )
        unwatched = {label: {**term, "watch": False} for label, term in settings["losses"].items()}
        unguided = latent_search_of(
            networks, size=size, losses=unwatched, search=settings["search"], blend=blend, stages={}
        )
        trained.append(balance.stage(BALANCE, search=unguided, loss=watching.loss, size=size, settings=settings))
    terms, families = term_weights.split(losses), descent.loss.families

    def remark(states, hole, family=""):
        return term_weights.remark(terms, families, balance.measured(states, BALANCE), hole, family)

    return latent_search.system(descent, *trained, size=size, remark=remark)


def latent_search_of(
    networks: Mapping[str, Any],
    *,
    size: int,
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> LatentSearch:
    """The search; arguments and errors as in ``build``."""
    terms, settings = term_weights.split(losses), stages.get(BALANCE)
    term_weights.check_measured(losses, search, settings, stage=BALANCE)
    raw = raw_classifier(networks)
    inputs = {"converted": from_levels(raw, networks["classifier_mean"]), "raw": raw}
    classifier = resolve(search.get("classifier_input", "converted"), inputs, kind="search.classifier_input")

    def judge(states, prediction, completed):
        net = states[CLASSIFIER].networks["classifier"]
        painted, whole = (
            functional.predict(classifier, net, images, through=latent_inpainting.shared)
            for images in (prediction, completed)
        )
        return {
            "features": painted.features,
            "class_logits": painted.logits,
            "completed_features": whole.features,
            "completed_class_logits": whole.logits,
        }

    def scales(states, hole, family):
        return term_weights.factors(terms, balance.measured(states, BALANCE), hole, family)

    return latent_search.build(
        yeh.NAME,
        **latent_gan.networks(networks, size),
        losses=terms.plain,
        search=search,
        blend=blend,
        judge=judge,
        scales=scales,
        families=balance.families_of(settings) if settings else (),
    )


def raw_classifier(networks: Mapping[str, Any]) -> Network:
    """The classifier of pictures in levels."""
    return build_network(networks["classifier"], label="networks.classifier")


def from_levels(network: Network, mean: Any) -> Network:
    """A network of pictures in [0, 255] less their mean colour, as one of pictures in [-1, 1]."""

    def convert(images):
        return to_255(images) - jnp.asarray(mean, jnp.float32)[None, None, None]

    def init(key, images):
        return network.init(key, convert(images))

    def apply(params, stats, images, **mode):
        return network.apply(params, stats, convert(images), **mode)

    return Network(init, apply)
