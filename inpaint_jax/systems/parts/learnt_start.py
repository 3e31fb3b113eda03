"""The learnt start: an encoder predicts the first latent of a search from a damaged image.

The encoder descends on the objective of the search, averaged over images and holes, through the
frozen generator and critic. A search minimises the objective for one image; the encoder learns to
do so for all images at once. The training needs no true latents.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from inpaint_jax import masks
from inpaint_jax.compositing import composite, fill
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.optimization import optimizers, state, steps
from inpaint_jax.optimization.state import TrainState, step_key
from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts import views
from inpaint_jax.systems.parts.search_loss import SearchLoss
from inpaint_jax.types import Hole, Image, Latent, PerExample


def stage(
    *,
    encoder: Network,
    loss: SearchLoss,
    size: int,
    holes: str,
    optimizer: Mapping[str, Any],
) -> Stage:
    """Build the stage of an encoder, trained on whole images that the stage damages.

    Args:
      encoder: damaged images ``[B, H, W, C]``, 0 inside the hole, and holes ``[B, H, W, 1]`` ->
        latents ``[B, Z]``.
      loss: loss of the search.
      size: side of the images.
      holes: families in rotation, such as "center,left,random:0.8,square:16-40".
      optimizer: see ``optimizers.build``.

    Raises:
      InputError: unknown family, or a family whose holes do not fit the images.
    """
    tx = optimizers.build(optimizer, label="stages.encoder.optimizer")
    draw, search_loss = masks.cycle(holes, size), amortised(loss)

    def init(key, batch, earlier):
        del earlier
        key_encoder, key_run = jax.random.split(key)
        image = batch["image"][:1]
        return state.create(
            key_run, {"encoder": (*encoder.init(key_encoder, image, image[..., :1]), tx)}
        )

    def step(state, batch, earlier, *, axis_name=None):
        def encoder_loss(params, stats, batch, key):
            hole = steps.global_draw(draw, key, batch["image"].shape[0], axis_name)
            damaged = fill(batch["image"], hole)
            latent, stats = encoder.apply(
                params, stats, damaged, hole, train=True, axis_name=axis_name
            )
            total, parts = search_loss(earlier, damaged, hole, latent)
            return total, (stats, {"total": total, **parts})

        return steps.network_step(
            state,
            batch,
            step_key(state),
            name="encoder",
            loss=encoder_loss,
            tx=tx,
            axis_name=axis_name,
        )

    def validate(state, batch, key, earlier):
        """Measure the objective at the start of a search; show true, damaged, painted, pasted."""
        hole = draw(key, batch["image"].shape[0])
        damaged = fill(batch["image"], hole)
        latent = predict(state, damaged, hole, encoder=encoder)

        def one(*example):
            total, parts = search_loss(earlier, *(part[None] for part in example))
            return {"total": total, **{label: part[0] for label, part in parts.items()}}

        shown = slice(views.SHOWN)
        painted = loss.paint(earlier, latent[shown])
        pasted = composite(damaged[shown], painted, hole[shown])
        return jax.vmap(one)(damaged, hole, latent), views.rows(
            batch["image"], damaged, painted, pasted
        )

    return Stage("encoder", init, step, validate=validate, networks={"encoder": encoder})


def amortised(loss: SearchLoss) -> Callable[..., tuple[jax.Array, dict[str, PerExample]]]:
    """Normalise a search's loss for the encoder: divide it by each image's sum of importance.

    Without the division, a hole of scattered pixels would weigh seven times as much as a centre
    hole.

    Returns:
      ``(states, damaged, hole, latent) -> (scalar, {term: [B]})``; the terms are neither weighted
      nor divided.
    """

    def divided(states, image, hole, latent):
        weight = loss.importance(hole)
        _, parts = loss(states, image, hole, weight, latent)
        weights = loss.weights(states, hole)
        totals = sum(weights[label] * part for label, part in parts.items())
        return (totals / weight.sum((1, 2, 3))).mean(), parts

    return divided


def predict(state: TrainState, damaged: Image, hole: Hole, *, encoder: Network) -> Latent:
    """Predict the first latents of searches, independently for every image.

    Args:
      state: state of the trained stage.
      damaged: ``[B, H, W, C]`` in [-1, 1], 0 inside the hole.
      hole: ``[B, H, W, 1]``, 1 = missing.
      encoder: encoder of the stage.

    Returns:
      Latents ``[B, Z]``, by the encoder's running statistics.
    """
    return functional.predict(encoder, state.networks["encoder"], damaged, hole)
