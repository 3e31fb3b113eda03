"""Generative image inpainting with neural features (Liu et al., ICIMCS 2018).

An encoder and a decoder repaint the whole picture, under any hole. What they paint is compared to the true picture,
pixel by pixel and in the maps of a VGG-19 that has learnt to classify pictures, and two critics play against it: one
sees the square around the hole, the other the completed picture. Then paste.
"""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from inpaint_jax.compositing import composite
from inpaint_jax.losses import objective
from inpaint_jax.networks import build as build_network
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import side_by_side
from inpaint_jax.optimization import steps
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts import block_prediction, classification, enlarged
from inpaint_jax.systems.parts.augmentation import draw_moves, moved
from inpaint_jax.systems.parts.block_prediction import Critic
from inpaint_jax.systems.parts.crops import at_hole
from inpaint_jax.systems.parts.enlarged import enlarging
from inpaint_jax.systems.parts.feed_forward import single_pass
from inpaint_jax.types import Hole, Image, Key

FEATURES, NAME = "features", "liu"  # of the stages
CRITICS = ("global", "local")


def build(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """The system.

    Args:
      size: side of the pictures.
      networks: ``generator``, which repaints whole pictures; ``global_critic``; ``local_critic``, and ``local_size``,
        the side of the crops that it sees; ``features``, a classifier; ``seen_size``, the side to which
        pictures are enlarged for all of them (0: they are not); ``mask_channel`` and ``residual``, as of
        ``BlockTask``.
      stages: ``{"features": {...}, "liu": {...}}``. The first trains the classifier, as ``classification.stage`` takes
        it. The second, as ``block_prediction.stage`` takes it: ``holes`` is the family that is trained on,
        ``rotation`` and ``shift`` are how far pictures are turned and moved, as ``draw_moves`` takes it. Offered to its
        losses: ``prediction`` and ``target``, ``hole``, ``fake_global_logits``, ``fake_local_logits``, ``features``
        and ``target_features``. A critic whose logits no loss reads does not play, and features that none reads are
        neither trained nor computed.

    Raises:
      InputError: for names that stand for nothing, or holes that do not fit the picture.
    """
    settings = stages[NAME]
    total = objective(settings["losses"])
    critics = {
        critic: build_network(networks[f"{critic}_critic"], label=f"networks.{critic}_critic")
        for critic in CRITICS
        if total.reads(f"fake_{critic}_logits")
    }
    classifier = build_network(networks["features"], label="networks.features")
    perceiving = total.reads("features") or total.reads("target_features")
    side = networks.get("seen_size", 0) or size
    if side != size:
        classifier = enlarging(classifier, side)
    grey = {**networks, "fill": 0.0, "unit_range": False}
    whole = enlarged.build(seen=side, size=size, holes=settings["holes"], networks=grey, label=f"stages.{NAME}.holes")

    def perceive(earlier, prediction, target):
        net = earlier[FEATURES].networks["classifier"]
        painted, true = (functional.predict(classifier, net, images) for images in (prediction, target))
        return {"features": painted.features, "target_features": true.features}

    critic_losses = {
        f"discriminator_bce_{critic}": {
            "fn": "discriminator_bce",
            "weight": 1.0,
            "real_logits": f"real_{critic}_logits",
            "fake_logits": f"fake_{critic}_logits",
        }
        for critic in critics
    }

    def shown(painted, image, hole):
        sizes = whole.enlarge(image), whole.enlarge_hole(hole)
        return seen(painted, *sizes, critics=tuple(critics), side=networks["local_size"])

    stage, paint = block_prediction.stage(
        NAME,
        blocks=whole,
        generator=build_network(networks["generator"], label="networks.generator"),
        critic=Critic(side_by_side(critics), shown, critic_losses) if critics else None,
        settings=settings,
        perceive=perceive if perceiving else None,
        augment=partial(augment, rotation=settings["rotation"], shift=settings["shift"]),
    )
    trained = [stage]
    if perceiving:
        classes = networks["features"]["classes"]
        trained.insert(
            0, classification.stage(FEATURES, network=classifier, classes=classes, settings=stages[FEATURES])
        )
    return single_pass(paint, *trained, size=size, supports=whole.supports)


def seen(picture: Image, image: Image, hole: Hole, *, critics: Collection[str], side: int) -> dict[str, Image]:
    """What each critic is given of a picture: "global" the completed one, "local" the square around its hole.

    Args:
      picture: painted, or the true one, ``[B, size, size, C]``.
      image: the true one.
      hole: ``[B, size, size, 1]``.
      critics: that are asked.
      side: of what the local critic sees.
    """
    given = {"global": composite(image, picture, hole), "local": at_hole(picture, hole, side)}
    return {critic: given[critic] for critic in critics}


def augment(key: Key, image: Image, axis_name: str | None, *, rotation: float, shift: float) -> Image:
    """Training pictures, turned and moved at random (section 4.1), as ``draw_moves`` takes it."""
    draw = partial(draw_moves, rotation=rotation, shift=shift)
    return moved(image, steps.global_draw(draw, key, len(image), axis_name))
