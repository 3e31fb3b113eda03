"""The autoencoder of Sharma: turns a generated image into one that looks photographed.

The paper does not describe the training data. Three kinds of pairs are available; the target is
always the true image. The input is the true image with noise on half of the examples ("noisy"), the
answer of the search for a damaged training image ("projected"), or the true image ("identity").
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax import masks
from inpaint_jax.compositing import composite
from inpaint_jax.losses import objective
from inpaint_jax.losses.reconstruction import l2_mean
from inpaint_jax.naming import resolve
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.state import TrainState, step_key
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import views
from inpaint_jax.types import Batch, Hole, Image, Key

NAME = "autoencoder"  # name of the stage
NOISE, NOISY = 0.1, 0.5  # deviation in [-1, 1], and the share of noisy examples


def stage(
    *, autoencoder: Network, size: int, settings: Mapping[str, Any], projection: System
) -> Stage:
    """Build the stage of an autoencoder that learns to return true images.

    Args:
      autoencoder: images ``[B, size, size, C]`` -> images.
      size: side of the images.
      settings: settings of the stage: ``pairs`` ("noisy", "projected" or "identity"); ``input``
        ("generated", or the "composite", whose known pixels are true); ``holes`` (families in
        rotation, for projections and composites); ``losses`` (available values: ``prediction`` and
        ``target``); ``optimizer``; ``steps``.
      projection: paints the training images of "projected" pairs.

    Raises:
      InputError: unknown name, or holes that do not fit the images.
    """
    label = f"stages.{NAME}"
    corrupt = resolve(settings["pairs"], PAIRS, kind=f"{label}.pairs")
    enter = resolve(settings["input"], INPUTS, kind=f"{label}.input")
    total = objective(settings["losses"])
    tx = optimizers.build(
        settings["optimizer"], num_steps=settings["steps"], label=f"{label}.optimizer"
    )
    draw = masks.cycle(settings["holes"], size)

    def pair(batch: Batch, key: Key, axis_name: str | None = None) -> tuple[Image, Image]:
        """Make the autoencoder's input and target."""
        image, (key_hole, key_noise) = batch["image"], jax.random.split(key)
        keys = steps.global_draw(jax.random.split, key_noise, len(image), axis_name)
        hole = (
            batch["hole"]
            if "hole" in batch
            else steps.global_draw(draw, key_hole, len(image), axis_name)
        )
        return enter(image, corrupt(batch, keys), hole), image

    def init(key, batch, earlier):
        del earlier
        key_network, key_run = jax.random.split(key)
        return state.create(
            key_run, {NAME: (*autoencoder.init(key_network, batch["image"][:1]), tx)}
        )

    def step(state, batch, earlier, *, axis_name=None):
        del earlier

        def loss(params, stats, batch, key):
            given, image = pair(batch, key, axis_name)
            prediction, stats = autoencoder.apply(
                params, stats, given, train=True, axis_name=axis_name
            )
            value, parts = total({"prediction": prediction, "target": image})
            return value, (stats, parts)

        return steps.network_step(
            state, batch, step_key(state), name=NAME, loss=loss, tx=tx, axis_name=axis_name
        )

    def validate(state, batch, key, earlier):
        """Measure the squared error of input and output; show true images, inputs and outputs."""
        del earlier
        given, image = pair(batch, key)
        returned = predict(state, given, autoencoder=autoencoder)
        scores = {"l2_given": l2_mean(given, image), "l2_returned": l2_mean(returned, image)}
        return scores, views.rows(image, given, returned)

    needed = projection if settings["pairs"] == "projected" else None
    networks = {NAME: autoencoder}
    return Stage(NAME, init, step, validate=validate, projection=needed, networks=networks)


def refiner(*, autoencoder: Network, settings: Mapping[str, Any]) -> Callable[..., Image]:
    """Make the refinement of a search: ``(states, image, prediction, hole) -> prediction``."""
    enter = resolve(settings["input"], INPUTS, kind=f"stages.{NAME}.input")

    def refine(states, image, prediction, hole):
        return predict(states[NAME], enter(image, prediction, hole), autoencoder=autoencoder)

    return refine


def predict(state: TrainState, given: Image, *, autoencoder: Network) -> Image:
    """Apply the autoencoder by running statistics, ``[B, H, W, C]`` in [-1, 1]."""
    return functional.predict(autoencoder, state.networks[NAME], given)


def noisy(batch: Batch, keys: Key) -> Image:
    """Add Gaussian noise to half of the images."""

    def one(image, key):
        key_coin, key_noise = jax.random.split(key)
        noise = NOISE * jax.random.normal(key_noise, image.shape)
        return image + jnp.where(jax.random.bernoulli(key_coin, NOISY), noise, 0.0)

    return jax.vmap(one)(batch["image"], keys)


def projected(batch: Batch, keys: Key) -> Image:
    """Return the answer of the search for each image under its hole."""
    del keys
    return batch["projection"]


def identity(batch: Batch, keys: Key) -> Image:
    """Return the images unchanged."""
    del keys
    return batch["image"]


PAIRS = {"noisy": noisy, "projected": projected, "identity": identity}


def generated(image: Image, corrupted: Image, hole: Hole) -> Image:
    """Return the whole image as painted."""
    del image, hole
    return corrupted


INPUTS = {"generated": generated, "composite": composite}
