"""Context encoders: feature learning by inpainting (Pathak et al., CVPR 2016), and the GANs of Desai & Ghosal.

Given a picture with a hole, an encoder and a decoder predict what is missing in one pass: the centre block, from a
picture whose centre is always missing, or the whole picture, under any hole. They are trained on the squared error and,
where there is a critic, on how real it finds the prediction. Then paste.
"""

from collections.abc import Mapping
from typing import Any

import jax

from inpaint_jax import optimizers, state, steps
from inpaint_jax.losses import LOSSES
from inpaint_jax.losses.reconstruction import masked_l2
from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.functional import build as build_network
from inpaint_jax.objective import objective
from inpaint_jax.systems import blocks as block_task
from inpaint_jax.systems.feed_forward import single_pass
from inpaint_jax.systems.interface import Stage, System

NAME = "context_encoder"  # of the stage


def build(*, size: int, networks: Mapping[str, Any], search: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """The system.

    Args:
      size: side of the pictures.
      networks: ``generator``, whose ``size`` is the side of the block that it predicts; ``critic``, without which the
        squared error is all; ``fill``, the colour of the hole that the generator is given; ``unit_range``, whether the
        networks see [0, 1] instead of [-1, 1].
      search: nothing of it: there is none.
      stages: ``{"context_encoder": {"holes", "losses", "optimizer", "stale_critic", ...}}``. ``holes`` is the family
        that is trained on. Offered to the losses: ``prediction`` and ``target`` (the block), ``hole`` (within it) and,
        where there is a critic, ``fake_logits``. ``optimizer`` has one for each network.

    Raises:
      InputError: for names that stand for nothing, or holes that do not fit the block.
    """
    del search
    own, label = stages[NAME], f"stages.{NAME}"
    generator = build_network(networks["generator"], NETWORKS, label="networks.generator")
    critic = build_network(networks["critic"], NETWORKS, label="networks.critic") if "critic" in networks else None
    side = networks["generator"]["size"]
    blocks = block_task.build(size=size, side=side, holes=own["holes"], networks=networks, label=f"{label}.holes")
    total = objective(own["losses"], LOSSES)
    critic_total = objective({"discriminator_bce": {"weight": 1.0}}, LOSSES)
    tx = {
        name: optimizers.build(own["optimizer"][name], num_steps=own["steps"], label=f"{label}.optimizer.{name}")
        for name in (("generator", "critic") if critic else ("generator",))
    }

    def init(key, batch, earlier):
        del earlier
        key_generator, key_critic, key_run = jax.random.split(key, 3)
        image = batch["image"][:1]
        nets = {"generator": (*generator.init(key_generator, image), tx["generator"])}
        if critic:
            nets["critic"] = (*critic.init(key_critic, blocks.cut(image)), tx["critic"])
        return state.create(key_run, nets)

    def reconstruct(state, batch, key, earlier, *, axis_name=None):
        """The step of a generator alone."""
        del earlier

        def loss(params, stats, batch, key):
            image = batch["image"]
            hole = blocks.draw(key, len(image), axis_name)
            given = blocks.damage(image, hole)
            prediction, stats = generator.apply(params, stats, given, train=True, axis_name=axis_name)
            value, parts = total(blocks.values(prediction, image, hole))
            return value, (stats, parts)

        return steps.network_step(
            state, batch, key, name="generator", loss=loss, tx=tx["generator"], axis_name=axis_name
        )

    def compete(state, batch, key, earlier, *, axis_name=None):
        """The step of a generator and a critic."""
        del earlier
        assert critic
        image = batch["image"]
        hole = blocks.draw(key, len(image), axis_name)

        def judged(offered):
            fake_logits = offered["fake_logits"]
            return total({**blocks.values(offered["prediction"], image, hole), "fake_logits": fake_logits})

        return steps.adversarial_step(
            state,
            blocks.damage(image, hole),
            blocks.to_network(blocks.cut(image)),
            generate=generator.apply,
            criticize=critic.apply,
            generator_objective=judged,
            critic_objective=critic_total,
            generator_tx=tx["generator"],
            critic_tx=tx["critic"],
            generator_updates=1,
            stale_critic=own["stale_critic"],
            axis_name=axis_name,
        )

    def predict(state, images, hole):
        """What the generator paints, by its running statistics: [B, side, side, C] in its own range."""
        net = state.networks["generator"]
        return generator.apply(net.params, net.stats, blocks.damage(images, hole), train=False)[0]

    def validate(state, batch, key, earlier):
        """The squared error of the hole in [-1, 1], and of some pictures: true, damaged, painted, completed."""
        del earlier
        image = batch["image"]
        hole = blocks.draw(key, len(image))
        block = predict(state, image, hole)
        return {"masked_l2": masked_l2(**blocks.values(block, image, hole))}, blocks.views(image, hole, block)

    def paint(states, images, hole):
        return blocks.restored(images, predict(states[NAME], images, blocks.gap(hole)))

    stage = Stage(NAME, init, compete if critic else reconstruct, validate=validate)
    return single_pass(paint, stage, size=size, supports=blocks.supports)
