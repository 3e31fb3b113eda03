"""On-demand learning (Gao & Grauman 2017) and the self-tuned encoder-decoder (Salem et al.).

One network predicts the whole image under holes of all sizes. A curriculum groups the sizes into
levels. After every epoch, each level is measured on held-out images. The levels with the worst
completions receive a larger share of the batches of the next epoch.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax import curriculum, masks, metrics
from inpaint_jax.compositing import composite
from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.networks import build as build_network
from inpaint_jax.networks import functional
from inpaint_jax.networks.residual import residual
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.state import step_key
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import blocks as block_task
from inpaint_jax.systems.parts.feed_forward import single_pass

NAME = "on_demand"  # name of the stage
BEST = 100.0  # dB, cap of the PSNR: an error-free completion has infinite PSNR, which ruins a mean


def build(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """Build on-demand learning.

    Args:
      size: side of the images.
      networks: ``generator``, which predicts whole images; ``fill``, the colour of the hole in the
        generator's input; ``unit_range``, whether the generator sees [0, 1] instead of [-1, 1];
        ``mask_channel`` and ``residual``, see ``BlockTask``.
      stages: ``{"on_demand": {"curriculum", "levels", "pixels_per_level", "patience", "losses",
        "optimizer", ...}}``. Holes of level l = 1 .. ``levels`` are squares with a side of
        ``pixels_per_level`` (l - 1) + 1 to ``pixels_per_level`` l pixels. ``curriculum`` is a rule
        of ``curriculum.composition``. A validation on ``holdout`` training images runs every
        ``adapt_every`` steps. The training ends early when ``patience`` validations bring no better
        mean (0: never). Values available to the losses: ``prediction``, ``target``, ``hole``.

    Raises:
      InputError: unknown name, or holes that do not fit the image.
    """
    settings, label = stages[NAME], f"stages.{NAME}"
    count, pixels, patience = settings["levels"], settings["pixels_per_level"], settings["patience"]
    if min(count, pixels, settings["holdout"], settings["adapt_every"]) < 1 or patience < 0:
        at_least = (
            "levels, pixels_per_level, holdout and adapt_every must be at least "
            "1, patience at least 0"
        )
        raise InputError(f"{label}: {at_least}")
    if networks["generator"].get("size", size) != size:
        raise InputError(
            f"networks.generator.size: it predicts whole images, so it must be data.size, {size}"
        )
    generator = build_network(networks["generator"], label="networks.generator")
    holes = f"square:1-{count * pixels}"
    painter = residual(generator) if networks.get("residual", False) else generator
    whole = block_task.build(
        size=size, side=size, holes=holes, networks=networks, label=f"{label}.pixels_per_level"
    )
    total = objective(settings["losses"])
    tx = optimizers.build(
        settings["optimizer"], num_steps=settings["steps"], label=f"{label}.optimizer"
    )
    equal = jnp.ones(count)  # assumed scores of the levels before the first validation
    curriculum.composition(settings["curriculum"], equal, 0.0, batch_size=1)  # checks the rule

    def composition(state, batch_size):
        """Count the examples per level in a batch, from the last validation and the step."""
        progress = state.step / settings["steps"]
        return curriculum.composition(
            settings["curriculum"], state.schedule["psnr"], progress, batch_size=batch_size
        )

    def draw_level(key, level):
        return masks.square_level(key, size, level=level, step=pixels)

    def init(key, batch, earlier):
        del earlier
        key_generator, key_run = jax.random.split(key)
        image = batch["image"][:1]
        first = whole.damage(image, jnp.zeros_like(image[..., :1]))
        nets = {"generator": (*painter.init(key_generator, first), tx)}
        none = {
            "best": jnp.full((), -jnp.inf),
            "stale": jnp.zeros((), jnp.int32),
            "finished": jnp.zeros((), bool),
        }
        return state.create(key_run, nets, psnr=equal, **none)

    def step(state, batch, earlier, *, axis_name=None):
        del earlier
        batch_size = len(batch["image"]) * (
            1 if axis_name is None else jax.lax.axis_size(axis_name)
        )
        shares = composition(state, batch_size)

        def draw(key, number):
            return jax.vmap(draw_level)(
                jax.random.split(key, number), curriculum.levels(shares, batch_size=number)
            )

        def loss(params, stats, batch, key):
            image = batch["image"]
            hole = steps.global_draw(draw, key, len(image), axis_name)
            given = whole.damage(image, hole, train=True)
            prediction, stats = painter.apply(params, stats, given, train=True, axis_name=axis_name)
            value, parts = total(whole.loss_values(prediction, image, hole))
            return value, (stats, parts)

        after, terms = steps.network_step(
            state, batch, step_key(state), name="generator", loss=loss, tx=tx, axis_name=axis_name
        )
        return after, terms | {
            f"count_{i + 1}": shares[i].astype(jnp.float32) for i in range(count)
        }

    def predict(state, images, hole):
        """Predict whole images by running statistics, in the generator's range."""
        net = state.networks["generator"]
        return functional.predict(painter, net, whole.damage(images, hole))

    def validate(state, batch, key, earlier):
        """Measure the PSNR of completions per level under fixed holes; show the hardest level."""
        del earlier
        image, scores, views = batch["image"], {}, None
        for level in range(1, count + 1):
            keys = jax.random.split(jax.random.fold_in(key, level), len(image))
            hole = jax.vmap(lambda key, level=level: draw_level(key, level))(keys)
            painted = predict(state, image, hole)
            completed = composite(image, whole.pasted(image, painted, hole), hole)
            psnr = jnp.minimum(metrics.psnr(completed, image), BEST)
            scores[f"psnr_{level}"], views = psnr, whole.views(image, hole, painted)
        return scores, views

    def adapt(schedule, scores):
        """Store the mean of every level, and whether the overall mean has stopped rising."""
        psnr = jnp.stack([scores[f"psnr_{level}"].mean() for level in range(1, count + 1)])
        better = psnr.mean() > schedule["best"]
        stale = jnp.where(better, 0, schedule["stale"] + 1)
        return {
            "psnr": psnr,
            "best": jnp.maximum(schedule["best"], psnr.mean()),
            "stale": stale,
            "finished": (stale >= patience) & (patience > 0),
        }

    def paint(states, images, hole):
        return whole.pasted(images, predict(states[NAME], images, hole), hole)

    stage = Stage(
        NAME, init, step, validate=validate, adapt=adapt, networks={"generator": generator}
    )
    return single_pass(paint, stage, size=size)
