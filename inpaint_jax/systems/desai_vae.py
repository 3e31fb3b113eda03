"""Image inpainting using variational autoencoders (Desai & Ghosal), with three encoders.

The encoder is an AlexNet, a VGG or a ResNet. The autoencoder sees an image with a black centre. It
draws a latent from the encoder's Gaussian, and predicts the centre from the latent. The training
minimises the squared error and the divergence of the Gaussian from N(0, 1). The most likely latent
gives the first answer, random latents give alternatives. The prediction is pasted into the hole.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.losses import objective
from inpaint_jax.losses.reconstruction import masked_l2
from inpaint_jax.naming import resolve
from inpaint_jax.networks import build as build_network
from inpaint_jax.networks import functional
from inpaint_jax.networks.residual import residual
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.best import best_by
from inpaint_jax.optimization.state import step_key
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import blocks as block_task
from inpaint_jax.systems.parts.feed_forward import feed_forward

NAME = "vae"  # name of the stage
ANSWERS = {"mean": 0.0, "sample": 1.0}  # factor of the noise in the first answer


def build(
    *, size: int, networks: Mapping[str, Any], search: Mapping[str, Any], stages: Mapping[str, Any]
) -> System:
    """Build a variational autoencoder for inpainting.

    Args:
      size: side of the images.
      networks: ``autoencoder``, whose ``decoder.size`` is the side of the predicted block;
        ``fill``, the colour of the hole in the network's input; ``unit_range``, whether the network
        sees and paints [0, 1] instead of [-1, 1]; ``mask_channel`` and ``residual``, see
        ``BlockTask``.
      search: ``answer``: whether the first completion is decoded from the "mean" of the latent or,
        as in the authors' code, from a "sample". Further completions are decoded from samples.
      stages: ``{"vae": {"holes", "losses", "optimizer", ...}}``. Values available to the losses:
        ``prediction`` and ``target`` (the block), ``hole`` (within the block), ``mean`` and
        ``log_variance`` of the latent. For ``holdout`` and ``adapt_every`` see
        ``block_prediction.stage``.

    Raises:
      InputError: unknown name, or holes that do not fit the block.
    """
    settings, label = stages[NAME], f"stages.{NAME}"
    autoencoder = build_network(networks["autoencoder"], label="networks.autoencoder")
    side, latent_size = (
        networks["autoencoder"]["decoder"]["size"],
        networks["autoencoder"]["bottleneck"],
    )
    blocks = block_task.build(
        size=size, side=side, holes=settings["holes"], networks=networks, label=f"{label}.holes"
    )
    painter = residual(autoencoder) if blocks.residual else autoencoder
    total = objective(settings["losses"])
    tx = optimizers.build(
        settings["optimizer"], num_steps=settings["steps"], label=f"{label}.optimizer"
    )
    measured = settings.get("holdout", 0) > 0
    first_noise = resolve(search["answer"], ANSWERS, kind="search.answer")

    def draw_noise(key, count):
        return jax.random.normal(key, (count, latent_size))

    def init(key, batch, earlier):
        del earlier
        key_network, key_run = jax.random.split(key)
        image = batch["image"][:1]
        inputs = (blocks.damage(image, jnp.zeros_like(image[..., :1])), jnp.zeros((1, latent_size)))
        nets = {"autoencoder": (*painter.init(key_network, *inputs), tx)}
        return state.create(key_run, nets, **({"best": jnp.full((), -jnp.inf)} if measured else {}))

    def step(state, batch, earlier, *, axis_name=None):
        del earlier

        def loss(params, stats, batch, key):
            image, (key_hole, key_noise) = batch["image"], jax.random.split(key)
            hole = blocks.draw(key_hole, len(image), axis_name)
            noise = steps.global_draw(draw_noise, key_noise, len(image), axis_name)
            given = blocks.damage(image, hole, train=True)
            (prediction, mean, log_variance), stats = painter.apply(
                params, stats, given, noise, train=True, axis_name=axis_name
            )
            values = blocks.loss_values(prediction, image, hole)
            value, parts = total({**values, "mean": mean, "log_variance": log_variance})
            return value, (stats, parts)

        return steps.network_step(
            state, batch, step_key(state), name="autoencoder", loss=loss, tx=tx, axis_name=axis_name
        )

    def predict(state, images, hole, noise):
        """Predict blocks by running statistics: [B, side, side, C] in the network's range."""
        net = state.networks["autoencoder"]
        return functional.predict(painter, net, blocks.damage(images, hole), noise)[0]

    def validate(state, batch, key, earlier):
        """Measure the squared error of the hole in [-1, 1]; show ``BlockTask.views``."""
        del earlier
        image = batch["image"]
        hole = blocks.draw(key, len(image))
        block = predict(state, image, hole, jnp.zeros((len(image), latent_size)))
        return {"masked_l2": masked_l2(**blocks.loss_values(block, image, hole))}, blocks.views(
            image, hole, block
        )

    def paint(states, images, hole, keys, k):
        noise = jax.vmap(lambda key: draw_noise(key, k))(keys)  # [B, K, N]
        noise = noise.at[:, 0].multiply(first_noise)
        shown, trained = blocks.shown(images, hole)

        def answer(noise):
            return blocks.pasted(shown, predict(states[NAME], shown, trained, noise), trained)

        return jnp.stack([answer(noise[:, i]) for i in range(k)], axis=1)

    adapt = best_by("masked_l2") if measured else None
    stage = Stage(
        NAME, init, step, validate=validate, adapt=adapt, networks={"autoencoder": autoencoder}
    )
    return feed_forward(paint, stage, size=size, supports=blocks.supports)
