"""Context encoders: feature learning by inpainting (Pathak et al., CVPR 2016), and the GANs of Desai & Ghosal.

Given a picture with a hole, an encoder and a decoder predict what is missing in one pass: the centre block, from a
picture whose centre is always missing, or the whole picture, under any hole. They are trained on the squared error and,
where there is a critic, on how real it finds the prediction. Then paste.
"""

from collections.abc import Mapping
from typing import Any

from inpaint_jax.networks import build as build_network
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts import block_prediction
from inpaint_jax.systems.parts import blocks as block_task
from inpaint_jax.systems.parts.block_prediction import Critic
from inpaint_jax.systems.parts.feed_forward import single_pass

NAME = "context_encoder"  # of the stage


def build(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """The system.

    Args:
      size: side of the pictures.
      networks: ``generator``, whose ``size`` is the side of the block that it predicts; ``critic``, without which the
        squared error is all; ``fill``, the colour of the hole that the generator is given; ``unit_range``, whether the
        networks see [0, 1] instead of [-1, 1]; ``mask_channel`` and ``residual``, as of ``BlockTask``.
      stages: ``{"context_encoder": {"holes", "losses", "optimizer", "stale_critic", ...}}``, as
        ``block_prediction.stage`` takes them. ``holes`` is the family that is trained on.

    Raises:
      InputError: for names that stand for nothing, or holes that do not fit the block.
    """
    settings, side = stages[NAME], networks["generator"]["size"]
    generator = build_network(networks["generator"], label="networks.generator")
    critic = Critic(build_network(networks["critic"], label="networks.critic")) if "critic" in networks else None
    blocks = block_task.build(
        size=size, side=side, holes=settings["holes"], networks=networks, label=f"stages.{NAME}.holes"
    )
    stage, paint_block = block_prediction.stage(
        NAME, blocks=blocks, generator=generator, critic=critic, settings=settings
    )

    def paint(states, images, hole):
        return paint_block(states, *blocks.shown(images, hole))

    return single_pass(paint, stage, size=size, supports=blocks.supports)
