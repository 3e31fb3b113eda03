"""The stage of an encoder-decoder that predicts blocks, with or without a critic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from inpaint_jax.losses import objective
from inpaint_jax.losses.binding import Objective
from inpaint_jax.losses.reconstruction import masked_l2
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.networks.residual import residual
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.best import best_by
from inpaint_jax.optimization.state import TrainState, step_key
from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts.blocks import BlockTask
from inpaint_jax.types import Batch, Hole, Image, Key

BCE: Mapping[str, Any] = {"discriminator_bce": {"weight": 1.0}}


class Predictor(NamedTuple):
    """A stage, and the function that paints with the stage's generator.

    Attributes:
      stage: the stage.
      paint: ``(states, image, hole) -> image [B, size, size, C]`` in [-1, 1], by running
        statistics; ``states`` of this stage and the earlier ones, ``hole`` a hole of the training.
    """

    stage: Stage
    paint: Callable[..., Image]


class Critic(NamedTuple):
    """The critic of a block predictor.

    Attributes:
      network: input -> logits, of one critic or several, see ``steps.adversarial_step``.
      shown: ``(block, image, hole) -> input`` of the network, for a true or painted block in the
        network's range and the image around it; by default the block itself.
      losses: losses of the critic, see ``losses.objective``.
    """

    network: Network
    shown: Callable[..., Any] = lambda block, image, hole: block
    losses: Mapping[str, Any] = BCE


def stage(
    name: str,
    *,
    blocks: BlockTask,
    generator: Network,
    critic: Critic | None,
    settings: Mapping[str, Any],
    start: Callable | None = None,
    damage: Callable | None = None,
    perceive: Callable | None = None,
    augment: Callable | None = None,
) -> Predictor:
    """Build the stage of a generator that learns to predict blocks.

    Args:
      name: name of the stage.
      blocks: defines the blocks and the holes of the training.
      generator: damaged image -> blocks ``[B, side, side, C]``, both in the network's range.
      critic: the opponent; None: the generator has only its own losses.
      settings: settings of the stage: ``losses`` (available values: ``prediction`` and ``target``
        of the block, and ``hole`` within it), ``optimizer`` (one per network) and ``steps``. With a
        critic, logits are also available, and two more settings apply: ``stale_critic``, see
        ``steps.adversarial_step``, and ``critic_after``, the number of steps before the critic
        begins to learn and to count (default 0). ``holdout`` is a number of held-out images. The
        squared error on them is measured every ``adapt_every`` steps; its negative is the ``best``
        of the schedule.
      start: ``(key, image, earlier) -> (params, stats)`` of the generator at the first step; by
        default a random initialisation.
      damage: ``(earlier, image, hole, *, train=False) -> input of the generator``; by default
        ``blocks.damage``. ``train``: the input is for a training step.
      perceive: ``(earlier, prediction, target) -> {name: value}``, further values for the
        generator's losses.
      augment: ``(key, image, axis_name) -> image``, a random change of training images; None: no
        change.

    Raises:
      InputError: unknown name.
    """
    tx = {
        which: optimizers.build(
            settings["optimizer"][which],
            num_steps=settings["steps"],
            label=f"stages.{name}.optimizer.{which}",
        )
        for which in (("generator", "critic") if critic else ("generator",))
    }
    painter = residual(generator) if blocks.residual else generator

    def drawn(key, image, earlier):
        del earlier
        return painter.init(key, blocks.damage(image, jnp.zeros_like(image[..., :1])))

    prediction = BlockPrediction(
        name=name,
        blocks=blocks,
        generator=painter,
        critic=critic,
        start=start or drawn,
        damage=damage or (lambda earlier, image, hole, **mode: blocks.damage(image, hole, **mode)),
        perceive=perceive or (lambda earlier, prediction, target: {}),
        augment=augment,
        total=objective(settings["losses"]),
        critic_total=objective(critic.losses if critic else {}),
        tx=tx,
        stale_critic=settings["stale_critic"] if critic else False,
        critic_after=settings.get("critic_after", 0) if critic else 0,
        measured=settings.get("holdout", 0) > 0,
    )
    step = prediction.compete if critic else prediction.reconstruct
    networks = {"generator": generator} | ({"critic": critic.network} if critic else {})
    adapt = best_by("masked_l2") if prediction.measured else None
    trained = Stage(
        name, prediction.init, step, validate=prediction.validate, adapt=adapt, networks=networks
    )
    return Predictor(trained, prediction.paint)


@dataclass(frozen=True, eq=False)
class BlockPrediction:
    """The functions of the stage; attributes: the arguments of ``stage``, with names resolved."""

    name: str
    blocks: BlockTask
    generator: Network
    critic: Critic | None
    start: Callable
    damage: Callable
    perceive: Callable
    augment: Callable | None
    total: Objective
    critic_total: Objective
    tx: Mapping[str, optax.GradientTransformation]
    stale_critic: bool
    critic_after: int
    measured: bool

    def init(self, key: Key, batch: Batch, earlier: Mapping[str, Any]) -> TrainState:
        """Initialise the state, see ``Stage``."""
        key_generator, key_critic, key_run = jax.random.split(key, 3)
        image = batch["image"][:1]
        nets = {"generator": (*self.start(key_generator, image, earlier), self.tx["generator"])}
        if self.critic:
            none = jnp.zeros_like(image[..., :1])
            shown = self.critic.shown(self.blocks.cut(image, none), image, none)
            nets["critic"] = (*self.critic.network.init(key_critic, shown), self.tx["critic"])
        return state.create(
            key_run, nets, **({"best": jnp.full((), -jnp.inf)} if self.measured else {})
        )

    def reconstruct(self, state, batch, earlier, *, axis_name=None):
        """Take a step of a generator without a critic."""
        key, batch = self.augmented(state, batch, axis_name)

        def loss(params, stats, batch, key):
            image = batch["image"]
            hole = self.blocks.draw(key, len(image), axis_name)
            given = self.damage(earlier, image, hole, train=True)
            prediction, stats = self.generator.apply(
                params, stats, given, train=True, axis_name=axis_name
            )
            value, parts = self.total(self.generator_values(prediction, image, hole, earlier))
            return value, (stats, parts)

        return steps.network_step(
            state,
            batch,
            key,
            name="generator",
            loss=loss,
            tx=self.tx["generator"],
            axis_name=axis_name,
        )

    def compete(self, state, batch, earlier, *, axis_name=None):
        """Take a step of a generator and a critic."""
        key, batch = self.augmented(state, batch, axis_name)
        critic, blocks, image = self.critic, self.blocks, batch["image"]
        assert critic
        hole = blocks.draw(key, len(image), axis_name)
        playing = state.step >= self.critic_after

        def criticize(params, stats, block, **mode):
            return critic.network.apply(params, stats, critic.shown(block, image, hole), **mode)

        def generator_objective(values):
            available = {
                **values,
                **self.generator_values(values["prediction"], image, hole, earlier),
            }
            judged = {
                label
                for name in values
                if name != "prediction"
                for label in self.total.readers(name)
            }
            return self.total(
                available, {label: playing for label in judged} if self.critic_after else None
            )

        after, metrics = steps.adversarial_step(
            state,
            self.damage(earlier, image, hole, train=True),
            blocks.to_network(blocks.cut(image, hole)),
            generate=self.generator.apply,
            criticize=criticize,
            generator_objective=generator_objective,
            critic_objective=self.critic_total,
            generator_tx=self.tx["generator"],
            critic_tx=self.tx["critic"],
            generator_updates=1,
            stale_critic=self.stale_critic,
            axis_name=axis_name,
        )
        if not self.critic_after:
            return after, metrics
        waiting = jax.tree.map(
            lambda new, old: jnp.where(playing, new, old),
            after.networks["critic"],
            state.networks["critic"],
        )
        return after._replace(networks={**after.networks, "critic": waiting}), metrics

    def augmented(
        self, state: TrainState, batch: Batch, axis_name: str | None
    ) -> tuple[Key, Batch]:
        """Return the key for the next step's holes, and the batch, augmented if configured."""
        key = step_key(state)
        if self.augment is None:
            return key, batch
        key_augment, key = jax.random.split(key)
        return key, {**batch, "image": self.augment(key_augment, batch["image"], axis_name)}

    def generator_values(self, prediction, image, hole, earlier) -> dict[str, Any]:
        """Compute the values that are available to the generator's losses, except logits."""
        values = self.blocks.loss_values(prediction, image, hole)
        return {**values, **self.perceive(earlier, values["prediction"], values["target"])}

    def predict(
        self, state: TrainState, image: Image, hole: Hole, earlier: Mapping[str, Any]
    ) -> jax.Array:
        """Predict blocks by running statistics, ``[B, side, side, C]`` in the network's range."""
        given = self.damage(earlier, image, hole)
        return functional.predict(self.generator, state.networks["generator"], given)

    def validate(self, state, batch, key, earlier):
        """Measure the squared error of the hole in [-1, 1]; show ``BlockTask.views``."""
        image = jnp.asarray(batch["image"])
        hole = self.blocks.draw(key, len(image))
        block = self.predict(state, image, hole, earlier)
        error = masked_l2(**self.blocks.loss_values(block, image, hole))
        return {"masked_l2": error}, self.blocks.views(image, hole, block)

    def paint(self, states: Mapping[str, Any], image: Image, hole: Hole) -> Image:
        """Paint whole images, see ``Predictor``."""
        return self.blocks.pasted(image, self.predict(states[self.name], image, hole, states), hole)
