"""High-resolution inpainting using multi-scale neural patch synthesis (Yang et al., CVPR 2017).

A content network completes the image at a coarse scale. Then, from coarse to fine, the pixels of
the hole descend on an energy with three terms. The features of the image stay near those of the
first guess. Every patch of features that touches the hole approaches a patch of the same image.
Neighbouring pixels stay similar. The target of each patch is chosen once per scale. The result is
pasted.
"""

from collections.abc import Mapping
from typing import Any

from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.networks import build as build_network
from inpaint_jax.optimization import optimizers
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts import classification, content
from inpaint_jax.systems.parts.feed_forward import feed_forward
from inpaint_jax.systems.parts.patch_synthesis import FEATURES, Synthesis

SOURCES = ("all", "known")
# least values of the search's numbers
LEAST = {"scales": 0, "patch": 1, "stride": 1, "rotations": 0, "rescalings": 0}


def build(
    *,
    size: int,
    networks: Mapping[str, Any],
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> System:
    """Build neural patch synthesis.

    Args:
      size: side of the images.
      networks: ``content``, see ``content.build``; ``features``, a classifier.
      losses: the energy, see ``losses.objective``. Values available for one image at one scale:
        ``completed`` (painted inside the hole) and ``features`` of it, ``{layer: [1, h, w, C]}``;
        ``guess``, the content, and ``guess_features``; ``hole``; ``patches`` of the features,
        ``matched_patches`` and ``patch_weight``, 1 for patches that touch the hole.
      search: ``optimizer``; ``iterations`` per scale; ``scales``, without those that have no room
        for a patch (0: the content is the answer); ``layer``, ``patch`` and ``stride`` of the
        patches; ``rotations`` and ``rescalings``, numbers of turned and scaled copies of the
        sources either way; ``sources``: "all" patches of the image, with the hole filled by copies
        from above and below, or only the "known" patches, if there are at least 64.
      stages: ``{"features": {...}}``, see ``classification.stage``, and the stages of the content.

    Raises:
      InputError: unknown name, or numbers out of range.
    """
    for name, least in LEAST.items():
        if type(search[name]) is not int or search[name] < least:
            raise InputError(
                f"search.{name} must be a whole number of at least {least}, got {search[name]!r}"
            )
    if search["sources"] not in SOURCES:
        raise InputError(
            f"search.sources: unknown {search['sources']!r}; known: {', '.join(SOURCES)}"
        )
    guess = content.build(networks["content"], size=size, stages=stages)
    if not search["scales"]:
        return feed_forward(
            lambda states, images, hole, keys, k: guess.paint(states, images, hole, keys)[:, None],
            *guess.stages,
            size=size,
            supports=guess.supports,
        )._replace(most=1)
    settings, classes = stages[FEATURES], networks["features"]["classes"]
    network = build_network(networks["features"], label="networks.features")
    features = classification.stage(FEATURES, network=network, classes=classes, settings=settings)
    tx = optimizers.build(
        search["optimizer"], num_steps=search["iterations"], label="search.optimizer"
    )
    synthesis = Synthesis(size, guess, network, objective(losses), tx, search)

    def weights(states, hole, family=""):
        del states, hole, family
        return dict(synthesis.energy.weights)

    def remark(states, hole, family=""):
        del hole, family
        learnt = settings.get("weights") or int(states[FEATURES].step)
        origin = (
            f"imported from {settings['weights']}"
            if settings.get("weights")
            else "learnt from labelled images"
        )
        if not learnt:
            origin = "from a randomly initialised network, which knows no texture"
        return f"the features are {origin}; the first guess is from {networks['content']['system']}"

    stages_of_both = (*guess.stages, features)
    functions = synthesis.begin, synthesis.advance, synthesis.finish
    return System(
        size, stages_of_both, *functions, guess.supports, weights=weights, remark=remark, most=1
    )
