"""Training steps: pure functions of (state, batch, key), the same for one device and many."""

from collections.abc import Callable, Mapping
from functools import partial

import jax
import jax.numpy as jnp
import optax

from inpaint_jax.optimization import state as states
from inpaint_jax.optimization.state import TrainState
from inpaint_jax.types import Batch, Key, Tree


def global_draw(draw: Callable, key: Key, count: int, axis_name: str | None):
    """Draw for the whole batch and return this device's rows.

    The numbers do not depend on the number of devices.

    Args:
      draw: ``(key, count) -> [count, ...]``.
      key: the same on all devices.
      count: rows on this device.
      axis_name: mapped axis, or None if the batch is already global.

    Returns:
      ``[count, ...]``.
    """
    if axis_name is None:
        return draw(key, count)
    rows = draw(key, count * jax.lax.axis_size(axis_name))
    return jax.lax.dynamic_slice_in_dim(rows, jax.lax.axis_index(axis_name) * count, count)


def latent_gan_step(
    state: TrainState,
    batch: Batch,
    key: Key,
    *,
    draw_latent: Callable,
    generator_objective: Callable,
    axis_name: str | None = None,
    **players,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """Run ``adversarial_step`` for a generator of latents and a critic of whole images.

    Args:
      state: a state with networks "generator" and "critic".
      batch: ``{"image": [B, H, W, C] in [-1, 1]}``.
      key: draws the latents and drives dropout.
      draw_latent: ``(key, count) -> [count, Z]``.
      generator_objective: ``values -> (scalar, parts)`` of ``prediction, fake_logits, latent``.
      axis_name: mapped axis over devices, if any.
      **players: the other arguments of ``adversarial_step``.

    Returns:
      As ``adversarial_step``.
    """
    latent = global_draw(draw_latent, key, batch["image"].shape[0], axis_name)
    return adversarial_step(
        state,
        latent,
        batch["image"],
        generator_objective=lambda values: generator_objective({**values, "latent": latent}),
        key=key,
        axis_name=axis_name,
        **players,
    )


def adversarial_step(
    state: TrainState,
    given: Tree,
    real: Tree,
    *,
    generate: Callable,
    criticize: Callable,
    generator_objective: Callable,
    critic_objective: Callable,
    generator_tx: optax.GradientTransformation,
    critic_tx: optax.GradientTransformation,
    generator_updates: int = 2,
    stale_critic: bool = False,
    real_scores: bool = False,
    key: Key | None = None,
    axis_name: str | None = None,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """Update a critic and then a generator on the same inputs.

    The critic processes real and generated images in two forward passes. Their batch statistics are
    not mixed; the running averages take the real images first. The generator's first update
    backpropagates through the forward pass that trained the critic, and the updated critic scores
    it. Each further update runs a new forward pass. The critic's statistics from the generator's
    updates are discarded. Several critics act as one player: ``criticize`` evaluates all of them.
    Source: Radford et al. 2016; two generator updates as in the code that Buchacek et al. build on.

    Args:
      state: with networks "generator" and "critic".
      given: input of the generator, ``[B, ...]``: latents, damaged images, or a tree of these.
      real: real input of the critic, ``[B, H, W, C]``, or a tree of these.
      generate: ``(params, stats, given, train=, key=, axis_name=) -> (prediction, stats)``; a
        prediction is an array ``[B, H, W, C]``, or a tree of float arrays, and gradients pass
        through all of them.
      criticize: ``(params, stats, images, train=, key=, axis_name=) -> (logits [B], stats)`` for
        ``real`` or a prediction; for several critics, such as "global" and "local", it returns
        ``({"global": [B], "local": [B]}, stats)``.
      generator_objective: ``values -> (scalar, parts)``; the values are ``prediction`` and
        ``fake_logits``, or for several critics ``fake_global_logits, fake_local_logits``.
      critic_objective: likewise; the values are ``real_logits`` and ``fake_logits``, or for several
        critics ``real_global_logits, ...``.
      generator_tx: optimiser of the generator.
      critic_tx: optimiser of the critic.
      generator_updates: generator updates per critic update.
      stale_critic: score the generator by the critic before the critic's update (close to the code
        of Pathak et al., which keeps the critic's old activations but backpropagates through the
        new weights).
      real_scores: also pass ``real_logits``, the logits of ``real`` by the same critic, to
        ``generator_objective``. This takes one more forward pass per generator update; no gradient
        passes through these logits.
      key: key for dropout, with a separate key per forward pass; None: the networks have no
        dropout.
      axis_name: mapped axis over devices, if any; gradients and metrics are averaged over it.

    Returns:
      The new state, and scalar metrics: every term of both objectives, and the critic's mean
      probabilities ``critic_real, critic_fake``; with several critics ``critic_real_global, ...``.
    """

    def mean(tree):
        return tree if axis_name is None else jax.lax.pmean(tree, axis_name)

    def mode(number):
        key_call = None if key is None else jax.random.fold_in(key, number)
        return {"train": True, "key": key_call, "axis_name": axis_name}

    generator, critic = state.networks["generator"], state.networks["critic"]

    def forward(params, number=0):
        return generate(params, generator.stats, given, **mode(number))

    def judge(params, fake):
        real_logits, stats = criticize(params, critic.stats, real, **mode(1))
        fake_logits, stats = criticize(params, stats, fake, **mode(2))
        answers = {**named_logits("real", real_logits), **named_logits("fake", fake_logits)}
        total, parts = critic_objective(answers)
        scores = {
            f"critic_{name.removesuffix('_logits')}": jax.nn.sigmoid(logits).mean()
            for name, logits in answers.items()
        }
        return total, (stats, {**averaged(parts), **scores})

    fake, pull, stats = jax.vjp(forward, generator.params, has_aux=True)
    grads, (critic_stats, metrics) = jax.grad(judge, has_aux=True)(
        critic.params, jax.lax.stop_gradient(fake)
    )
    updated = states.update(critic, mean(grads), critic_stats, critic_tx)
    scoring = critic if stale_critic else updated

    def deceive(fake, number):
        fake_logits, _ = criticize(scoring.params, scoring.stats, fake, **mode(number))
        values = {"prediction": fake, **named_logits("fake", fake_logits)}
        if real_scores:
            real_logits, _ = criticize(scoring.params, scoring.stats, real, **mode(number))
            values |= named_logits("real", real_logits)
        total, parts = generator_objective(values)
        return total, averaged(parts)

    for i in range(generator_updates):
        if i:
            fake, pull, stats = jax.vjp(
                partial(forward, number=3 + 2 * i), generator.params, has_aux=True
            )
        cotangent, parts = jax.grad(deceive, has_aux=True)(fake, 4 + 2 * i)
        generator = states.update(generator, mean(pull(cotangent)[0]), stats, generator_tx)
        metrics = {**metrics, **parts}

    networks = {**state.networks, "generator": generator, "critic": updated}
    return state._replace(step=state.step + 1, networks=networks), mean(metrics)


def named_logits(which: str, logits: jax.Array | Mapping[str, jax.Array]) -> dict[str, jax.Array]:
    """Name the logits of one or several critics on "real" or "fake" images for the losses."""
    if isinstance(logits, Mapping):
        return {f"{which}_{critic}_logits": of_one for critic, of_one in logits.items()}
    return {f"{which}_logits": logits}


def network_step(
    state: TrainState,
    batch: Batch,
    key: Key,
    *,
    name: str,
    loss: Callable,
    tx: optax.GradientTransformation,
    axis_name: str | None = None,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """Take one gradient step for one network; the other networks stay unchanged.

    Args:
      state: a state with a network ``name``.
      batch: input of the loss.
      key: passed on to the loss.
      name: name of the network to train.
      loss: ``(params, stats, batch, key) -> (scalar, (stats, {metric: [] or [B]}))``. The scalar is
        a mean over the batch, and the statistics come from the forward pass. If ``axis_name`` is
        given, the loss takes batch statistics over that axis and draws by ``global_draw``.
      tx: optimiser.
      axis_name: mapped axis over devices, if any; gradients and metrics are averaged over it.

    Returns:
      The new state, and the scalar means of the loss's metrics.
    """
    network = state.networks[name]
    grads, (stats, metrics) = jax.grad(loss, has_aux=True)(
        network.params, network.stats, batch, key
    )
    if axis_name is not None:
        grads, metrics = jax.lax.pmean((grads, averaged(metrics)), axis_name)
    networks = {**state.networks, name: states.update(network, grads, stats, tx)}
    return state._replace(step=state.step + 1, networks=networks), averaged(metrics)


def averaged(parts: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Average the terms of an objective over the batch."""
    return {label: jnp.mean(part) for label, part in parts.items()}
