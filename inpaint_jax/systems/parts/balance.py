"""Weights that bring the terms of a search to one height: a stage of one step that measures, and trains nothing.

Buchacek et al. chose their weights "such that all losses are of similar orders of magnitude"; here that is a rule.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax import masks
from inpaint_jax.compositing import fill
from inpaint_jax.optimization import state, steps
from inpaint_jax.optimization.state import TrainState, step_key
from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts.search_loss import SearchLoss

REFERENCE = "contextual"  # the term that the others are brought to


def stage(name: str, *, loss: SearchLoss, draw_latent: Callable, size: int, settings: Mapping[str, Any]) -> Stage:
    """The ratios of medians of a search's terms where it begins, over one batch of training pictures.

    Args:
      name: of the stage.
      loss: of a search, with the terms of ``settings``, "contextual" among them.
      draw_latent: ``(key, count) -> [count, Z]``, where searches begin.
      size: side of the pictures.
      settings: of the stage: ``losses``, as the search has them, and ``holes``, the family that is measured under.
    """
    balanced = [label for label in settings["losses"] if label != REFERENCE]
    draw = masks.cycle(settings["holes"], size)

    def init(key, batch, earlier):
        del batch, earlier
        return state.create(key, {}, **{label: jnp.ones(()) for label in balanced})

    def step(state, batch, earlier, *, axis_name=None):
        key_hole, key_latent = jax.random.split(step_key(state))
        image = batch["image"]
        hole = steps.global_draw(draw, key_hole, len(image), axis_name)
        latent = steps.global_draw(draw_latent, key_latent, len(image), axis_name)

        def one(image, hole, latent):
            hole = hole[None]
            _, parts = loss(earlier, fill(image[None], hole), hole, loss.importance(hole), latent[None])
            return {label: part[0] for label, part in parts.items()}

        parts = jax.vmap(one, axis_name="pictures")(image, hole, latent)
        if axis_name is not None:
            parts = jax.lax.all_gather(parts, axis_name, tiled=True)
        medians = {label: jnp.median(part) for label, part in parts.items()}
        found = {label: ratio(medians[REFERENCE], medians[label]) for label in balanced}
        metrics = {**medians, **{f"weight_{label}": value for label, value in found.items()}}
        return state._replace(step=state.step + 1, schedule=found), metrics

    return Stage(name, init, step)


def ratio(reference: jax.Array, median: jax.Array) -> jax.Array:
    """The factor that brings a term to the reference; 0 for a term that is 0 itself."""
    return jnp.where(median > 0, reference / jnp.where(median > 0, median, 1.0), 0.0)


def weights(state: TrainState) -> dict[str, jax.Array]:
    """``{term: factor}`` that the stage has found."""
    return state.schedule
