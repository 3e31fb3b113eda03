"""L2-GAN (Salem et al.) for holes in the corners: squared error first, then also a critic.

As in the paper, there is one model per corner, or one model for all four corners. Every stage
"reconstruction..." begins a model. The stage "adversarial..." with the same suffix completes the
model. The position of the hole selects the model that completes an image.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve
from inpaint_jax.networks import build as build_network
from inpaint_jax.networks import functional
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts import block_prediction
from inpaint_jax.systems.parts import blocks as block_task
from inpaint_jax.systems.parts.block_prediction import Critic, Predictor
from inpaint_jax.systems.parts.blocks import BlockTask
from inpaint_jax.systems.parts.feed_forward import single_pass

FIRST, SECOND = "reconstruction", "adversarial"  # prefixes of the stages' names


def build(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """Build L2-GAN.

    Args:
      size: side of the images.
      networks: ``generator``, whose ``size`` is the side of the predicted block; ``critic``;
        ``fill``, ``unit_range``, ``mask_channel`` and ``residual`` as in ``context_encoder.build``.
      stages: for every model, such as "tl": ``reconstruction_tl`` with ``holes``, one family or
        several separated by commas, and ``adversarial_tl`` with ``second_stage``: "finetune" the
        generator, or train a second one to "refine" the images that the first has completed. For
        the other settings see ``block_prediction.stage``.

    Raises:
      InputError: unknown name, a stage without a partner, or holes that do not fit.
    """
    side = networks["generator"]["size"]
    if side >= size:
        raise InputError(
            f"networks.generator.size: a block of {side} pixels does not fit a "
            f"corner of an image of {size}"
        )
    generator = build_network(networks["generator"], label="networks.generator")
    critic = Critic(build_network(networks["critic"], label="networks.critic"))
    models: list[tuple[BlockTask, Predictor, Predictor]] = []
    used: set[str] = set()
    for name in sorted(name for name in stages if name.startswith(FIRST)):
        after = SECOND + name.removeprefix(FIRST)
        if after not in stages:
            raise InputError(f"stages: {name!r} needs a following stage {after!r}")
        blocks = block_task.build(
            size=size,
            side=side,
            holes=stages[name]["holes"],
            networks=networks,
            label=f"stages.{name}.holes",
        )
        used |= {name, after}
        first = block_prediction.stage(
            name, blocks=blocks, generator=generator, critic=None, settings=stages[name]
        )
        second_stage = resolve(
            stages[after]["second_stage"], SECOND_STAGES, kind=f"stages.{after}.second_stage"
        )
        second = block_prediction.stage(
            after,
            blocks=blocks,
            generator=generator,
            critic=critic,
            settings=stages[after],
            **second_stage(first, blocks),
        )
        models.append((blocks, first, second))

    if unknown := sorted(set(stages) - used) or ([] if models else ["nothing"]):
        raise InputError(
            f"stages: {unknown[0]!r} belongs to no model: a model is a {FIRST + '_x'!r} "
            f"and a {SECOND + '_x'!r}"
        )

    def supports(hole):
        if any(blocks.supports(hole) is None for blocks, *_ in models):
            return None
        return f"it was trained for holes inside {', '.join(blocks.holes for blocks, *_ in models)}"

    def paint(states, images, hole):
        painted = jnp.asarray(images)
        for blocks, _, model in models:  # images of a batch may differ in their corners
            fits = blocks.fits(hole).any(1)

            def painting(blocks=blocks, model=model):
                return model.paint(states, *blocks.shown(images, hole))

            completed = jax.lax.cond(fits.any(), painting, lambda: jnp.asarray(images))
            painted = jnp.where(fits[:, None, None, None], completed, painted)
        return painted

    ordered = (stage for _, first, second in models for stage in (first.stage, second.stage))
    return single_pass(paint, *ordered, size=size, supports=supports)


def finetune(first: Predictor, blocks: BlockTask) -> dict[str, Callable]:
    """Let the second stage continue with the generator of the first."""
    del blocks

    def start(key, image, earlier):
        del key, image
        net = earlier[first.stage.name].networks["generator"]
        # Copied, because the steps of this stage overwrite their input.
        return jax.tree.map(jnp.copy, functional.weights_of(net))

    return {"start": start}


def refine(first: Predictor, blocks: BlockTask) -> dict[str, Callable]:
    """Give the second stage a generator that sees the image completed by the first stage."""

    def damage(earlier, image, hole, *, train=False):
        del train  # the first stage completes as always, with the slower filling
        return blocks.given(first.paint(earlier, image, hole), hole)

    return {"damage": damage}


SECOND_STAGES = {"finetune": finetune, "refine": refine}
