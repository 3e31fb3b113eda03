"""Pluralistic image completion (Zheng, Cham & Cai, CVPR 2019): many completions per image.

A generator is trained on two paths with shared weights. The reconstruction path encodes the missing
pixels into a latent and reconstructs the image. The generation path encodes the known pixels and is
compared to the truth only there. Two divergences keep the first latent near a fixed Gaussian, whose
width grows with the hole, and the second latent near the first. Each path has a separate critic.
Completions are drawn from the generation path, ranked by the critic of that path, and pasted.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax import masks
from inpaint_jax.compositing import fill
from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.losses.reconstruction import masked_l2
from inpaint_jax.networks import build as build_network
from inpaint_jax.networks import functional
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.state import step_key
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts import views
from inpaint_jax.systems.parts.feed_forward import feed_forward
from inpaint_jax.systems.pluralistic.pyramid import pyramid, scaled
from inpaint_jax.types import Hole, Image

NAME = "pluralistic"  # name of the stage
PATHS = ("generation", "reconstruction")
LOGITS = tuple(f"{which}_{path}_logits" for which in ("fake", "real") for path in PATHS)
SAMPLES = 4  # completions per image in a validation


def build(
    *, size: int, networks: Mapping[str, Any], search: Mapping[str, Any], stages: Mapping[str, Any]
) -> System:
    """Build pluralistic completion.

    Args:
      size: side of the images.
      networks: ``generator``, with an ``encoder`` (whose ``layers`` and ``latent`` determine the
        latent map) and a ``decoder`` (whose ``scales`` are compared to the truth); ``critic``,
        ``{path: images} -> {path: scores}``.
      search: ``samples``: minimum number of drawn completions; the best by the critic's score are
        the answer.
      stages: ``{"pluralistic": {"holes", "hole_files", "losses", "optimizer", ...}}``. ``holes``
        are the families of the training, in rotation; batches with a "hole" (from ``hole_files``)
        use that hole instead. ``latent_after``: number of steps in which the losses of ``expected``
        train alone, on the image of the prior's mean. ``critic_after``: number of steps before the
        critics, and the losses that read their logits, join. Metrics are 0 until their losses join.
        Values available to the losses: ``generation``, ``reconstruction``, ``truth``, ``holes``,
        and ``expected`` if the generator paints it, ``[B, s, s, C]`` at every scale;
        ``assumed_mean``, ``posterior_mean``, ``prior_mean`` of the latent, and the same with
        ``deviation``; ``fake_generation_logits``, ``real_generation_logits``, and the same for the
        reconstruction.

    Raises:
      InputError: unknown name, holes that do not fit the images, or numbers out of range.
    """
    settings, label = stages[NAME], f"stages.{NAME}"
    generator = build_network(networks["generator"], label="networks.generator")
    critic = build_network(networks["critic"], label="networks.critic")
    encoder, scales = networks["generator"]["encoder"], networks["generator"]["decoder"]["scales"]
    side = size >> encoder["layers"]
    if side < 3 or side << encoder["layers"] != size:
        raise InputError(
            f"networks.generator.encoder.layers: {encoder['layers']} halvings of {size} "
            "pixels must leave 3 or more"
        )
    if not 1 <= scales <= encoder["layers"]:
        raise InputError(
            f"networks.generator.decoder.scales must be 1 to {encoder['layers']}, got {scales}"
        )
    if search["samples"] < 1:
        raise InputError(f"search.samples must be at least 1, got {search['samples']}")
    draw_holes = masks.cycle(settings["holes"], size)
    latent_shape, attended = (side, side, encoder["latent"]), 4 * side
    total = objective(settings["losses"])
    judged = [label for logits in LOGITS for label in total.readers(logits)]
    unjudged = objective(
        {label: term for label, term in settings["losses"].items() if label not in judged}
    )
    of_the_mean = objective({term: settings["losses"][term] for term in total.readers("expected")})
    latent_after, critic_after = settings.get("latent_after", 0), settings.get("critic_after", 0)
    if latent_after > critic_after:
        raise InputError(
            f"{label}.latent_after: the latents cannot join at step {latent_after}, after the "
            f"critics at step {critic_after} (critic_after)"
        )
    if latent_after and not of_the_mean.losses:
        raise InputError(
            f"{label}.latent_after: the first {latent_after} steps need a loss of 'expected', and "
            "networks.generator.expected=True"
        )
    critic_total = objective(critic_losses())
    tx = {
        which: optimizers.build(
            settings["optimizer"][which],
            num_steps=settings["steps"],
            label=f"{label}.optimizer.{which}",
        )
        for which in ("generator", "critic")
    }

    def draw_noise(key, count):
        return jax.random.normal(key, (count, 2, *latent_shape))

    def shown(image, hole, noise):
        """Make the inputs of the generator in training."""
        return (
            fill(image, hole),
            fill(image, 1.0 - hole),
            scaled(hole, attended),
            (noise[:, 0], noise[:, 1]),
        )

    def init(key, batch, earlier):
        del earlier
        key_generator, key_critic, key_run = jax.random.split(key, 3)
        image = batch["image"][:1]
        given = shown(image, jnp.zeros_like(image[..., :1]), jnp.zeros((1, 2, *latent_shape)))
        nets = {
            "generator": (*generator.init(key_generator, *given), tx["generator"]),
            "critic": (*critic.init(key_critic, dict.fromkeys(PATHS, image)), tx["critic"]),
        }
        return state.create(key_run, nets)

    def holes_of(batch, key, axis_name=None):
        count = len(batch["image"])
        return (
            batch["hole"]
            if "hole" in batch
            else steps.global_draw(draw_holes, key, count, axis_name)
        )

    def generate(params, stats, given, **mode):
        return generator.apply(params, stats, *given, **mode)

    def criticize(params, stats, painted, **mode):
        return critic.apply(
            params, stats, {path: getattr(painted, path)[-1] for path in PATHS}, **mode
        )

    def step(state, batch, earlier, *, axis_name=None):
        del earlier
        image, (key_hole, key_noise) = batch["image"], jax.random.split(step_key(state))
        hole = holes_of(batch, key_hole, axis_name)
        noise = steps.global_draw(draw_noise, key_noise, len(image), axis_name)
        truth = {"truth": pyramid(image, scales), "holes": pyramid(hole, scales)}

        given = shown(image, hole, noise)

        def generator_objective(values):
            painted = values.pop("prediction")
            return total({**values, **truth, **losses_read(painted, hole)})

        def alone(params, stats, batch, key):
            del batch, key
            painted, stats = generate(params, stats, given, train=True, axis_name=axis_name)
            value, parts = unjudged({**truth, **losses_read(painted, hole)})
            return value, (stats, parts)

        def mean_alone(params, stats, batch, key):
            del batch, key
            known, _, attended, _ = given
            expected, stats = generate(
                params, stats, (known, None, attended, None), train=True, axis_name=axis_name
            )
            value, parts = of_the_mean({**truth, "expected": expected})
            return value, (stats, parts)

        def compete(state):
            return steps.adversarial_step(
                state,
                given,
                Real((image,), (image,)),
                generate=generate,
                criticize=criticize,
                generator_objective=generator_objective,
                critic_objective=critic_total,
                generator_tx=tx["generator"],
                critic_tx=tx["critic"],
                generator_updates=1,
                real_scores=any(total.reads(f"real_{path}_logits") for path in PATHS),
                axis_name=axis_name,
            )

        if not critic_after:
            return compete(state)
        missing = jax.tree.map(jnp.zeros_like, jax.eval_shape(compete, state)[1])

        def without_critics(loss, state):
            after, metrics = steps.network_step(
                state,
                batch,
                step_key(state),
                name="generator",
                loss=loss,
                tx=tx["generator"],
                axis_name=axis_name,
            )
            return after, {**missing, **metrics}

        phases = [partial(without_critics, alone), compete]
        phase = (state.step >= critic_after).astype(int)
        if latent_after:
            phases = [partial(without_critics, mean_alone), *phases]
            phase = phase + (state.step >= latent_after)
        return jax.lax.switch(phase, phases, state)

    def sample(state, images, hole, noise):
        """Complete from noise ``[B, K, h, w, Z]``, with fixed weights: ``[B, K, S, S, 3]``."""
        given = fill(images, hole), None, scaled(hole, attended), noise
        return functional.predict(generator, state.networks["generator"], *given)

    def validate(state, batch, key, earlier):
        """Measure the squared error of one sample in the hole.

        Show true images, damaged images and four completions.
        """
        del earlier
        image, (key_hole, key_noise) = jnp.asarray(batch["image"]), jax.random.split(key)
        hole = holes_of(batch, key_hole)
        noise = jax.random.normal(key_noise, (len(image), SAMPLES, *latent_shape))
        drawn = jnp.where(hole[:, None] > 0.5, sample(state, image, hole, noise), image[:, None])
        completed = [drawn[:, i] for i in range(SAMPLES)]
        error = masked_l2(completed[0], image, hole)
        return {"masked_l2": error}, views.rows(image, fill(image, hole), *completed)

    def paint(states, images, hole, keys, k):
        noise = jax.vmap(
            lambda key: jax.random.normal(key, (max(k, search["samples"]), *latent_shape))
        )(keys)
        return sample(states[NAME], images, hole, noise)

    def losses_of(states, completed):
        """Return the negative critic score of every completion, ``[B, K]``."""
        net, flat = states[NAME].networks["critic"], completed.reshape(-1, *completed.shape[2:])
        scores = functional.predict(critic, net, {"generation": flat})["generation"]
        return {"total": -scores.reshape(*completed.shape[:2], -1).mean(-1)}

    stage = Stage(
        NAME, init, step, validate=validate, networks={"generator": generator, "critic": critic}
    )
    return feed_forward(paint, stage, size=size, losses=losses_of)


class Real(NamedTuple):
    """True images with the attributes of a ``Painted``."""

    generation: tuple[Image, ...]
    reconstruction: tuple[Image, ...]


def critic_losses() -> dict[str, dict[str, Any]]:
    """Build the losses of the critics."""
    return {
        f"critic_{path}": {
            "fn": "discriminator_least_squares",
            "weight": 1.0,
            "real_logits": f"real_{path}_logits",
            "fake_logits": f"fake_{path}_logits",
        }
        for path in PATHS
    }


def losses_read(painted: Any, hole: Hole) -> dict[str, Any]:
    """Collect the values of a ``Painted`` that losses can read, by name."""
    values = {path: getattr(painted, path) for path in PATHS}
    if painted.expected is not None:
        values["expected"] = painted.expected
    deviation = assumed_deviation(hole)[:, None, None, None]
    like = painted.prior.mean
    assumed = jnp.zeros_like(like), jnp.broadcast_to(deviation, like.shape)
    for name, (mean, width) in {
        "assumed": assumed,
        "prior": painted.prior,
        "posterior": painted.posterior,
    }.items():
        values |= {f"{name}_mean": mean, f"{name}_deviation": width}
    return values


def assumed_deviation(hole: Hole) -> jax.Array:
    """Compute the target standard deviation of the posterior; it approaches 1 for large holes.

    The formula is from the released code.

    Args:
      hole: ``[B, H, W, 1]``, 1 = missing.

    Returns:
      ``[B]``, 1 / (1 + exp(8 (v - 0.8))) for a known share v.
    """
    return jax.nn.sigmoid(8.0 * (0.8 - (1.0 - hole).mean((1, 2, 3))))
