"""Generative image inpainting with neural features (Liu et al., ICIMCS 2018).

An encoder and a decoder repaint the whole image under any hole. The loss compares the painted image
to the true one, both pixel by pixel and in the feature maps of a VGG-19 classifier. Two critics add
adversarial losses: one sees the square around the hole, the other the completed image. The
prediction is pasted into the hole.
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

FEATURES, NAME = "features", "inpainter"  # names of the stages
CRITICS = ("global", "local")


def build(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """Build inpainting with neural features.

    Args:
      size: side of the images.
      networks: ``generator``, which repaints whole images; ``global_critic``; ``local_critic``, and
        ``local_size``, the side of the crops that the local critic sees; ``features``, a
        classifier; ``seen_size``, the side to which images are enlarged for all networks (0: not
        enlarged); ``mask_channel`` and ``residual``, see ``BlockTask``.
      stages: ``{"features": {...}, "inpainter": {...}}``. The first trains the classifier, see
        ``classification.stage``. The second trains the generator, see ``block_prediction.stage``:
        ``holes`` is the hole family of the training; ``rotation`` and ``shift`` bound the random
        motion of the images, see ``draw_moves``. Values available to the losses: ``prediction``
        and ``target``, ``hole``, ``fake_global_logits``, ``fake_local_logits``, ``features`` and
        ``target_features``. A critic is trained only if a loss reads its logits. Features are
        trained and computed only if a loss reads them.

    Raises:
      InputError: unknown name, or holes that do not fit the image.
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
    whole = enlarged.build(
        seen=side, size=size, holes=settings["holes"], networks=grey, label=f"stages.{NAME}.holes"
    )

    def perceive(earlier, prediction, target):
        net = earlier[FEATURES].networks["classifier"]
        painted, true = (
            functional.predict(classifier, net, images) for images in (prediction, target)
        )
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
            0,
            classification.stage(
                FEATURES, network=classifier, classes=classes, settings=stages[FEATURES]
            ),
        )
    return single_pass(paint, *trained, size=size, supports=whole.supports)


def seen(
    painted: Image, image: Image, hole: Hole, *, critics: Collection[str], side: int
) -> dict[str, Image]:
    """Select the input of each critic: "global" the completed image, "local" a square at the hole.

    Args:
      painted: the painted or the true image, ``[B, size, size, C]``.
      image: the true image.
      hole: ``[B, size, size, 1]``.
      critics: names of the active critics.
      side: side of the local critic's crop.
    """
    given = {"global": composite(image, painted, hole), "local": at_hole(painted, hole, side)}
    return {critic: given[critic] for critic in critics}


def augment(
    key: Key, image: Image, axis_name: str | None, *, rotation: float, shift: float
) -> Image:
    """Turn and shift training images at random (section 4.1), see ``draw_moves``."""
    draw = partial(draw_moves, rotation=rotation, shift=shift)
    return moved(image, steps.global_draw(draw, key, len(image), axis_name))
