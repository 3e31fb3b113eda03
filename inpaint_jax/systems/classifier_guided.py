"""Learning semantic inpainting from a classifier (Buchacek et al. 2020): a guided latent search.

Yeh's search with three more terms. The completed image must look real to the critic too. A
classifier must see the same in the generated image and in the completed one: similar features in
some layers, and similar class scores. The DCGAN and the classifier are trained separately, on whole
images. The result is pasted, or blended by Poisson's equation. The weights of the classifier's
terms are shares of the contextual term at the end of an unguided search.
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
from inpaint_jax.systems.parts import (
    balance,
    classification,
    latent_gan,
    latent_search,
    term_weights,
)
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
    """Build classifier-guided latent search.

    Args:
      size: side of the images.
      networks: ``generator``, ``critic`` and ``latent_size`` as in ``yeh.build``; ``classifier``
        (``{"name", "classes", **fields}``, images to ``ClassifierOutput``), and
        ``classifier_mean``, the mean colour in [0, 255] that is subtracted from the classifier's
        input; empty: the classifier takes images in [-1, 1].
      losses: objective of the search, see ``latent_search.build``. Further values are available:
        ``features`` and ``class_logits`` of the generated image, ``completed_features`` and
        ``completed_class_logits`` of the completed one. Every term may also have
        ``relative_to`` and ``scattered``, see ``term_weights``.
      search: see ``latent_search.build``; also ``classifier_input``: "converted", the range in
        which the classifier was trained, or "raw", images in [-1, 1] without conversion. The
        authors' code feeds raw images to a classifier that was trained on values up to 255.
      blend: see ``latent_search.build``.
      stages: ``dcgan`` as in ``yeh.build``; ``classifier``, see ``classification.stage``; and, if
        weights are relative, ``balance``: ``{"losses", "search", "holes", ...}``, an unguided
        search whose terms are measured, watched terms included.

    Raises:
      InputError: unknown name, search settings out of range, or a weight relative to a term that
        no stage has measured.
    """
    nets = latent_gan.networks(networks, size)
    classifier = with_conversion(raw_classifier(networks), networks["classifier_mean"])
    descent = latent_search_of(
        networks, size=size, losses=losses, search=search, blend=blend, stages=stages
    )
    trained = [
        yeh.prior(nets, stages[yeh.NAME]),
        classification.stage(
            CLASSIFIER,
            network=classifier,
            classes=networks["classifier"]["classes"],
            settings=stages[CLASSIFIER],
        ),
    ]
    if BALANCE in stages:
        settings = stages[BALANCE]
        watching = latent_search_of(
            networks,
            size=size,
            losses=settings["losses"],
            search=settings["search"],
            blend=blend,
            stages={},
        )
        unwatched = {label: {**term, "watch": False} for label, term in settings["losses"].items()}
        unguided = latent_search_of(
            networks, size=size, losses=unwatched, search=settings["search"], blend=blend, stages={}
        )
        trained.append(
            balance.stage(
                BALANCE, search=unguided, loss=watching.loss, size=size, settings=settings
            )
        )
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
    """Build the search; arguments and errors as in ``build``."""
    terms, settings = term_weights.split(losses), stages.get(BALANCE)
    term_weights.check_measured(losses, search, settings, stage=BALANCE)
    raw = raw_classifier(networks)
    inputs = {"converted": with_conversion(raw, networks["classifier_mean"]), "raw": raw}
    classifier = resolve(
        search.get("classifier_input", "converted"), inputs, kind="search.classifier_input"
    )

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
    """Build the classifier without any conversion of images."""
    return build_network(networks["classifier"], label="networks.classifier")


def with_conversion(network: Network, mean: Any) -> Network:
    """Wrap a network of mean-free images in [0, 255] so that it takes images in [-1, 1].

    Without a ``mean``, the network is returned unchanged.
    """
    if len(mean) == 0:
        return network

    def convert(images):
        return to_255(images) - jnp.asarray(mean, jnp.float32)[None, None, None]

    def init(key, images):
        return network.init(key, convert(images))

    def apply(params, stats, images, **mode):
        return network.apply(params, stats, convert(images), **mode)

    return Network(init, apply)
