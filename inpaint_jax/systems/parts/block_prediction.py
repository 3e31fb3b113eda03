"""The stage of an encoder-decoder that predicts blocks: on losses of its own, or against a critic as well."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.losses import objective
from inpaint_jax.losses.reconstruction import masked_l2
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts.blocks import Blocks
from inpaint_jax.types import Hole, Image


class Predictor(NamedTuple):
    """A stage, and what its generator paints.

    Attributes:
      stage: named as it was asked for.
      paint: ``(states, image, hole) -> image [B, size, size, C]`` in [-1, 1], by running statistics; ``states`` of this
        stage and those before it, ``hole`` one that was trained on.
    """

    stage: Stage
    paint: Callable[..., Image]


def predictor(
    name: str,
    *,
    blocks: Blocks,
    generator: Network,
    critic: Network | None,
    settings: Mapping[str, Any],
    start: Callable | None = None,
    damage: Callable | None = None,
    seen: Callable | None = None,
    critic_losses: Mapping[str, Any] | None = None,
    perceive: Callable | None = None,
) -> Predictor:
    """A generator, trained to predict blocks.

    Args:
      name: of the stage.
      blocks: what is predicted, of pictures under which holes.
      generator: what it is given -> blocks ``[B, side, side, C]``, both in the network's range.
      critic: blocks -> logits, of one critic or of several as ``steps.adversarial_step`` takes them; None: the losses
        of the generator are all.
      settings: of the stage: ``losses`` (offered ``prediction`` and ``target``, the block, and ``hole`` within it),
        ``optimizer`` (one for each network) and ``steps``; with a critic, which offers its logits, also
        ``stale_critic``, as ``steps.adversarial_step`` takes it.
      start: ``(key, image, earlier) -> (params, stats)``, the generator at the first step; by default drawn.
      damage: ``(earlier, image, hole) -> what the generator is given``; by default ``blocks.damage``.
      seen: ``(block, image, hole) -> what the critic is given`` of a true or painted block in the network's range, with
        the picture that it belongs to; by default the block.
      critic_losses: of the critic; by default ``discriminator_bce`` alone.
      perceive: ``(earlier, prediction, target) -> {name: value}``, which the generator's losses are offered as well.

    Raises:
      InputError: for names that stand for nothing.
    """
    label = f"stages.{name}"
    start = start or (lambda key, image, earlier: generator.init(key, image))
    damage = damage or (lambda earlier, image, hole: blocks.damage(image, hole))
    seen = seen or (lambda block, image, hole: block)
    total = objective(settings["losses"])
    critic_total = objective(critic_losses or {"discriminator_bce": {"weight": 1.0}})
    tx = {
        which: optimizers.build(
            settings["optimizer"][which], num_steps=settings["steps"], label=f"{label}.optimizer.{which}"
        )
        for which in (("generator", "critic") if critic else ("generator",))
    }

    def init(key, batch, earlier):
        key_generator, key_critic, key_run = jax.random.split(key, 3)
        image = batch["image"][:1]
        nets = {"generator": (*start(key_generator, image, earlier), tx["generator"])}
        if critic:
            block, no_hole = image[:, : blocks.side, : blocks.side], jnp.zeros_like(image[..., :1])
            nets["critic"] = (*critic.init(key_critic, seen(block, image, no_hole)), tx["critic"])
        return state.create(key_run, nets)

    def values(prediction, image, hole, earlier):
        """What the generator's losses are offered, besides logits."""
        told = blocks.values(prediction, image, hole)
        return {**told, **(perceive(earlier, told["prediction"], told["target"]) if perceive else {})}

    def reconstruct(state, batch, key, earlier, *, axis_name=None):
        """The step of a generator alone."""

        def loss(params, stats, batch, key):
            image = batch["image"]
            hole = blocks.draw(key, len(image), axis_name)
            given = damage(earlier, image, hole)
            prediction, stats = generator.apply(params, stats, given, train=True, axis_name=axis_name)
            value, parts = total(values(prediction, image, hole, earlier))
            return value, (stats, parts)

        return steps.network_step(
            state, batch, key, name="generator", loss=loss, tx=tx["generator"], axis_name=axis_name
        )

    def compete(state, batch, key, earlier, *, axis_name=None):
        """The step of a generator and a critic."""
        image = batch["image"]
        hole = blocks.draw(key, len(image), axis_name)

        def criticize(params, stats, block, **mode):
            assert critic
            return critic.apply(params, stats, seen(block, image, hole), **mode)

        def judged(offered):
            return total({**offered, **values(offered["prediction"], image, hole, earlier)})

        return steps.adversarial_step(
            state,
            damage(earlier, image, hole),
            blocks.to_network(blocks.cut(image, hole)),
            generate=generator.apply,
            criticize=criticize,
            generator_objective=judged,
            critic_objective=critic_total,
            generator_tx=tx["generator"],
            critic_tx=tx["critic"],
            generator_updates=1,
            stale_critic=settings["stale_critic"],
            axis_name=axis_name,
        )

    def predict(state: Any, image: Image, hole: Hole, earlier: Mapping[str, Any]) -> jax.Array:
        """The block by running statistics, ``[B, side, side, C]`` in the network's range."""
        return functional.predict(generator, state.networks["generator"], damage(earlier, image, hole))

    def validate(state, batch, key, earlier):
        """The squared error of the hole in [-1, 1], and of some pictures: true, damaged, painted, completed."""
        image = jnp.asarray(batch["image"])
        hole = blocks.draw(key, len(image))
        block = predict(state, image, hole, earlier)
        return {"masked_l2": masked_l2(**blocks.values(block, image, hole))}, blocks.views(image, hole, block)

    def paint(states, image, hole):
        return blocks.restored(image, predict(states[name], image, hole, states), hole)

    return Predictor(Stage(name, init, compete if critic else reconstruct, validate=validate), paint)
