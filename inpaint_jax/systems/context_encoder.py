"""Context encoders (Pathak et al., CVPR 2016), and the GANs of Desai & Ghosal.

An encoder and a decoder predict the missing pixels of an image in one pass. They predict the centre
block of images whose centre is always missing, or the whole image under any hole. The training
minimises the squared error and, with a critic, an adversarial loss. The prediction is pasted into
the hole. Paper: "Context encoders: feature learning by inpainting".
"""

from collections.abc import Mapping
from typing import Any

from inpaint_jax.networks import build as build_network
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts import block_prediction
from inpaint_jax.systems.parts import blocks as block_task
from inpaint_jax.systems.parts.block_prediction import Critic
from inpaint_jax.systems.parts.feed_forward import single_pass

NAME = "context_encoder"  # name of the stage


def build(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """Build a context encoder.

    Args:
      size: side of the images.
      networks: ``generator``, whose ``size`` is the side of the predicted block; ``critic``,
        optional: without it the squared error is the only loss; ``fill``, the colour of the hole in
        the generator's input; ``unit_range``, whether the networks see [0, 1] instead of [-1, 1];
        ``mask_channel`` and ``residual``, see ``BlockTask``.
      stages: ``{"context_encoder": {"holes", "losses", "optimizer", "stale_critic", ...}}``, see
        ``block_prediction.stage``. ``holes`` is the hole family of the training.

    Raises:
      InputError: unknown name, or holes that do not fit the block.
    """
    settings, side = stages[NAME], networks["generator"]["size"]
    generator = build_network(networks["generator"], label="networks.generator")
    critic = (
        Critic(build_network(networks["critic"], label="networks.critic"))
        if "critic" in networks
        else None
    )
    blocks = block_task.build(
        size=size,
        side=side,
        holes=settings["holes"],
        networks=networks,
        label=f"stages.{NAME}.holes",
    )
    stage, paint_block = block_prediction.stage(
        NAME, blocks=blocks, generator=generator, critic=critic, settings=settings
    )

    def paint(states, images, hole):
        return paint_block(states, *blocks.shown(images, hole))

    return single_pass(paint, stage, size=size, supports=blocks.supports)
