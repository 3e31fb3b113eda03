"""A stage without training that measures the terms of a search at the end of unguided searches.

Buchacek et al. chose the weights of their guiding terms "such that all losses are of similar orders
of magnitude". Here a weight is a share of another term's value at the end of unguided searches
under the same hole family (``term_weights``).
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax import masks
from inpaint_jax.compositing import fill
from inpaint_jax.errors import InputError
from inpaint_jax.optimization import state, steps
from inpaint_jax.optimization.state import TrainState, step_key
from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts.latent_search import LatentSearch
from inpaint_jax.systems.parts.search_loss import SearchLoss
from inpaint_jax.systems.parts.term_weights import SHARE


def stage(
    name: str, *, search: LatentSearch, loss: SearchLoss, size: int, settings: Mapping[str, Any]
) -> Stage:
    """Build the stage: one step measures one hole family on one batch of training images.

    Args:
      name: name of the stage.
      search: the unguided search.
      loss: terms to measure at the answers of the search.
      size: side of the images.
      settings: settings of the stage: ``holes``, comma-separated families, and ``steps``, the
        number of families.

    Returns:
      The stage. Its state has ``schedule``: ``{"share": [F], term: [F]}``, per family the medians
      of the share of missing pixels and of the terms.

    Raises:
      InputError: unknown family, or a number of steps that differs from the number of families.
    """
    families = families_of(settings)
    if settings["steps"] not in (0, len(families)):
        number, asked = len(families), settings["steps"]
        raise InputError(
            f"stages.{name}.steps must be {number}, one for each family of its holes, got {asked}"
        )
    draws = [masks.parse(family) for family in families]
    for draw in draws:
        jax.eval_shape(lambda draw=draw: draw(jax.random.key(0), size))  # refuses misfits
    labels = tuple(loss.total.weights)

    def init(key, batch, earlier):
        del batch, earlier
        return state.create(
            key, {}, **{label: jnp.ones(len(families)) for label in (SHARE, *labels)}
        )

    def draw_holes(key, count, family):
        return jax.vmap(
            lambda key: jax.lax.switch(family, [lambda key, f=f: f(key, size) for f in draws], key)
        )(jax.random.split(key, count))

    def step(state, batch, earlier, *, axis_name=None):
        key_hole, key_search = jax.random.split(step_key(state))
        image, family = batch["image"], state.step % len(families)
        hole = steps.global_draw(
            lambda key, count: draw_holes(key, count, family), key_hole, len(image), axis_name
        )
        keys = steps.global_draw(jax.random.split, key_search, len(image), axis_name)
        parts = heights(search, loss, earlier, fill(image, hole), hole, keys) | {
            SHARE: hole.mean((1, 2, 3))
        }
        if axis_name is not None:
            parts = jax.lax.all_gather(parts, axis_name, tiled=True)
        medians = {label: jnp.median(part) for label, part in parts.items()}
        schedule = {
            label: state.schedule[label].at[family].set(median) for label, median in medians.items()
        }
        return state._replace(step=state.step + 1, schedule=schedule), medians

    return Stage(name, init, step)


def families_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the hole families of the stage, in the order of the steps."""
    return tuple(settings["holes"].split(","))


def heights(
    search: LatentSearch, loss: SearchLoss, states, damaged, hole, keys
) -> dict[str, jax.Array]:
    """Search, and return the terms of another loss at the answers, ``{term: [B]}``."""
    progress = search.begin(states, damaged, hole, keys, 1)
    progress = jax.lax.while_loop(
        lambda progress: ~progress.done.all(),
        lambda progress: search.advance(states, progress),
        progress,
    )

    def one(image, hole, latent):
        hole = hole[None]
        _, parts = loss(states, image[None], hole, loss.importance(hole), latent[None])
        return {label: part[0] for label, part in parts.items()}

    answers = progress.searches.best_latent[:, 0]
    return jax.vmap(one, axis_name="images")(damaged, hole, answers)


def measured(states: Mapping[str, TrainState], name: str) -> dict[str, jax.Array]:
    """Return the medians of the stage, ``{"share": [F], term: [F]}``; empty without the stage."""
    return states[name].schedule if name in states else {}
