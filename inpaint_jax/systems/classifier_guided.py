"""Learning semantic inpainting from a classifier (Buchacek et al. 2020): a latent search with an eye for what is shown.

Yeh's search, and three more terms: the completed picture must look real to the critic too, a classifier must see the
same in the generator's picture and in the completed one (features of some layers, and what it takes them for). The
DCGAN and the classifier are trained apart on whole pictures; then paste, or blend by Poisson's equation.
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
from inpaint_jax.systems.parts import balance, classification, latent_gan, latent_search
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
        the generator's picture, ``completed_features`` and ``completed_class_logits`` of the completed one.
      search: likewise; also ``classifier_input``: "converted", as the classifier was trained, or "raw", pictures in
        [-1, 1] as they are, which the authors' code gives to a classifier that has learnt values of up to 255.
      blend: likewise.
      stages: ``dcgan`` as in ``yeh.build``, ``classifier`` as ``classification.stage`` takes it and, where weights are
        to be balanced, ``balance``: ``{"losses", "holes", ...}``, whose factors multiply the weights of ``losses``.

    Raises:
      InputError: for names that stand for nothing, or numbers that make no search.
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
        start = resolve(search["start"], latent_inpainting.STARTS, kind="search.start")
        unbalanced = latent_search_of(
            networks, size=size, losses=settings["losses"], search=search, blend=blend, stages={}
        )
        trained.append(
            balance.stage(
                BALANCE,
                loss=unbalanced.loss,
                draw_latent=lambda key, count: start(key, (count, networks["latent_size"])),
                size=size,
                settings=settings,
            )
        )
    return latent_search.system(descent, *trained, size=size)


def latent_search_of(
    networks: Mapping[str, Any],
    *,
    size: int,
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> LatentSearch:
    """The search; arguments and errors as in ``build``. Without a stage "balance" the weights are as they stand."""
    raw = raw_classifier(networks)
    inputs = {"converted": from_levels(raw, networks["classifier_mean"]), "raw": raw}
    classifier = resolve(search["classifier_input"], inputs, kind="search.classifier_input")

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

    def scales(states):
        return balance.weights(states[BALANCE]) if BALANCE in stages else {}

    nets = latent_gan.networks(networks, size)
    return latent_search.build(yeh.NAME, **nets, losses=losses, search=search, blend=blend, judge=judge, scales=scales)


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
