"""The stage of a classifier, whose features compare images by content.

The classifier is trained on labelled images, turned and shifted at random. The loss is the cross
entropy of the main output and of the auxiliary outputs.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from inpaint_jax.errors import InputError
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.state import step_key
from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts.augmentation import draw_moves, moved
from inpaint_jax.systems.parts.views import SHOWN


def stage(name: str, *, network: Network, classes: int, settings: Mapping[str, Any]) -> Stage:
    """Build the stage of a classifier on labelled images.

    Args:
      name: name of the stage; its network is "classifier".
      network: images ``[B, S, S, C]`` in [-1, 1] -> ``ClassifierOutput``.
      classes: number of classes; labels are in 0..classes-1.
      settings: settings of the stage: ``optimizer`` and ``steps``; ``auxiliary``, the weight of the
        auxiliary classifiers' cross entropies; ``label_smoothing``, the share of the target that is
        spread over all classes (default 0); ``rotation`` in degrees and ``shift`` as a share of the
        side, both the largest value either way; ``frozen``, blocks of layers whose convolutions
        stay fixed if ``weights`` provide the start.

    Raises:
      InputError: unknown optimiser, or a share out of range.
    """
    tx = optimizers.build(
        settings["optimizer"], num_steps=settings["steps"], label=f"stages.{name}.optimizer"
    )
    if settings.get("weights") and settings.get("frozen"):
        parts: dict[Any, Any] = {"trained": tx, "frozen": optax.set_to_zero()}
        tx = optax.multi_transform(parts, partial(frozen_parts, blocks=settings["frozen"]))
    smoothing = settings.get("label_smoothing", 0.0)
    if not 0 <= smoothing < 1:
        raise InputError(
            f"stages.{name}.label_smoothing must be at least 0 and below 1, got {smoothing}"
        )
    draw = partial(draw_moves, rotation=settings["rotation"], shift=settings["shift"])

    def init(key, batch, earlier):
        del earlier
        key_network, key_run = jax.random.split(key)
        return state.create(
            key_run, {"classifier": (*network.init(key_network, batch["image"][:1]), tx)}
        )

    def step(state, batch, earlier, *, axis_name=None):
        del earlier

        def loss(params, stats, batch, key):
            key_moves, key_dropout = jax.random.split(key)
            image, label = batch["image"], batch["label"]
            images = moved(image, steps.global_draw(draw, key_moves, len(image), axis_name))
            answer, stats = network.apply(
                params, stats, images, train=True, key=key_dropout, axis_name=axis_name
            )
            others = (smoothed(logits, label, smoothing) for logits in answer.auxiliary)
            total = smoothed(answer.logits, label, smoothing) + settings["auxiliary"] * sum(
                others, jnp.zeros(())
            )
            return total.mean(), (stats, scores(answer.logits, label))

        return steps.network_step(
            state, batch, step_key(state), name="classifier", loss=loss, tx=tx, axis_name=axis_name
        )

    def validate(state, batch, key, earlier):
        """Measure cross entropy in nats and top-1 accuracy on plain images; show augmented ones."""
        del earlier
        answer = functional.predict(network, state.networks["classifier"], batch["image"])
        shown = batch["image"][:SHOWN]
        return scores(answer.logits, batch["label"]), moved(shown, draw(key, len(shown)))

    networks = {"classifier": network}
    return Stage(name, init, step, validate=validate, classes=classes, networks=networks)


def scores(logits: jax.Array, label: jax.Array) -> dict[str, jax.Array]:
    """Compute ``cross_entropy`` in nats and top-1 ``accuracy``, ``[B]``; ``logits [B, N]``."""
    entropy = optax.softmax_cross_entropy_with_integer_labels(logits, label)
    return {"cross_entropy": entropy, "accuracy": (logits.argmax(-1) == label).astype(jnp.float32)}


def smoothed(logits: jax.Array, label: jax.Array, smoothing: float) -> jax.Array:
    """Compute the cross entropy of smoothed targets (Szegedy et al. 2016, section 7).

    Args:
      logits: ``[B, N]``.
      label: int ``[B]``.
      smoothing: the share of every target that is spread evenly over all N classes.

    Returns:
      ``[B]``, in nats.
    """
    surprise = -jax.nn.log_softmax(logits)
    right = jnp.take_along_axis(surprise, label[:, None], 1)[:, 0]
    return (1 - smoothing) * right + smoothing * surprise.mean(1)


def frozen_parts(
    params: Mapping[str, Any], *, blocks: Sequence[str], inside: bool = False
) -> dict[str, Any]:
    """Mark convolution parameters of some blocks as "frozen", and all others as "trained".

    Args:
      params: parameters of a network whose layer names begin with the block, such as "4a_3x3".
      blocks: names of the frozen blocks, such as "4a".
      inside: whether these parameters belong to a frozen block.
    """
    return {
        name: frozen_parts(part, blocks=blocks, inside=inside or name.split("_")[0] in blocks)
        if isinstance(part, Mapping)
        else ("frozen" if inside and "kernel" in params else "trained")
        for name, part in params.items()
    }
