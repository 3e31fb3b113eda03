"""The prior of latent searches: an image generator, trained against a critic (DCGAN, LSGAN)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax import latent_inpainting
from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.networks import build as build_network
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.state import step_key
from inpaint_jax.systems.interface import Stage

SAMPLES = 64  # samples in a grid


def stage(
    name: str,
    *,
    generator: Network,
    critic: Network,
    latent_size: int,
    optimizer: Mapping[str, Any],
    generator_updates: int,
    generator_loss: str,
    critic_loss: str,
) -> Stage:
    """Build the stage of a generator and a critic, trained against each other on whole images.

    Args:
      name: name of the stage.
      generator: latent ``[B, Z]`` -> images ``[B, S, S, C]`` in [-1, 1].
      critic: images -> logits ``[B]``.
      latent_size: Z; latents are drawn from U(-1, 1).
      optimizer: for both networks, see ``optimizers.build``.
      generator_updates: generator updates per critic update; 2 in the code that Buchacek et al.
        build on.
      generator_loss: loss of the generator, a function of ``fake_logits``.
      critic_loss: loss of the critic, a function of ``real_logits`` and ``fake_logits``.

    Raises:
      InputError: unknown optimiser or loss.
    """
    tx = optimizers.build(optimizer, label=f"stages.{name}.optimizer")

    def draw_latent(key, count):
        return latent_inpainting.uniform(key, (count, latent_size))

    def init(key, batch, earlier):
        del earlier
        key_generator, key_critic, key_run = jax.random.split(key, 3)
        players = {
            "generator": (*generator.init(key_generator, jnp.zeros((1, latent_size))), tx),
            "critic": (*critic.init(key_critic, batch["image"][:1]), tx),
        }
        return state.create(key_run, players)

    train = partial(
        steps.latent_gan_step,
        generate=generator.apply,
        criticize=critic.apply,
        draw_latent=draw_latent,
        generator_objective=objective({generator_loss: {"weight": 1.0}}),
        critic_objective=objective({critic_loss: {"weight": 1.0}}),
        generator_tx=tx,
        critic_tx=tx,
        generator_updates=generator_updates,
    )

    def step(state, batch, earlier, *, axis_name=None):
        del earlier
        return train(state, batch, step_key(state), axis_name=axis_name)

    def validate(state, batch, key, earlier):
        """Sample from the generator with running statistics, as the search uses it."""
        del batch, earlier
        return {}, functional.predict(
            generator, state.networks["generator"], draw_latent(key, SAMPLES)
        )

    return Stage(
        name, init, step, validate=validate, networks={"generator": generator, "critic": critic}
    )


def networks(described: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Build ``generator``, ``critic`` and ``latent_size`` for ``stage`` and for searches.

    Raises:
      InputError: unknown name, or a generator whose images do not have side ``size``.
    """
    if described["generator"].get("size", size) != size:
        raise InputError(
            f"networks.generator.size: it paints whole images, so it must be data.size, {size}"
        )
    return {
        "generator": build_network(described["generator"], label="networks.generator"),
        "critic": build_network(described["critic"], label="networks.critic"),
        "latent_size": described["latent_size"],
    }
