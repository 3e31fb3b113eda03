"""Validation of a stage during training: on another split, on held-out images, or on its batch."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from inpaint_jax import parallel
from inpaint_jax.data.cache import Cached
from inpaint_jax.data.checking import leaving_out
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.views import Source
from inpaint_jax.naming import split_list
from inpaint_jax.runs.configuration import Config, evaluation_fit
from inpaint_jax.systems.interface import Stage

Scores = Mapping[str, Any]  # {metric: [N]}


def measuring(
    stage: Stage,
    config: Config,
    *,
    held_out: np.ndarray | None,
    earlier: Mapping[str, Any],
    mesh: jax.sharding.Mesh,
    without: Collection[str] = (),
) -> Callable[[Any, Mapping[str, Any]], tuple[Scores, jax.Array]] | None:
    """Build the validation function of a stage.

    Args:
      stage: with or without ``validate``.
      config: config of the run; ``data.validation`` may name images of another split.
      held_out: images that the stage holds out, ``[N, S, S, 3]`` in [-1, 1], which take precedence;
        None: none.
      earlier: finished states of the stages before this one.
      mesh: devices to which validation images are copied.
      without: ids of images that are left out.

    Returns:
      ``(state, batch) -> ({metric: [N]}, images to look at)``, which measures on the batch if there
      are no other images; None for a stage without a validation.
    """
    if stage.validate is None:
        return None
    validate, key = jax.jit(stage.validate), jax.random.key(config.seed)
    if held_out is not None:
        fixed = parallel.replicate({"image": held_out}, mesh)
        return lambda state, batch: validate(state, fixed, key, earlier)
    if (other := other_split(config, without)) is None:
        return lambda state, batch: validate(state, batch, key, earlier)
    cached, count = Cached(other, size=config.data.size), config.stages[stage.name].batch_size

    def measure(state, batch):
        del batch
        found, shown = [], []
        for part, new in filled(cached, count):
            scores, seen = validate(state, parallel.replicate(part, mesh), key, earlier)
            found.append({name: np.asarray(values)[:new] for name, values in scores.items()})
            shown.append(seen)
        return {
            name: np.concatenate([scores[name] for scores in found]) for name in found[0]
        }, shown[0]

    return measure


def other_split(config: Config, without: Collection[str] = ()) -> Source | None:
    """Return the images of ``data.validation``; None without one; raise InputError for bad ones."""
    if not (specs := config.data.get("validation")):
        return None
    source = open_source(split_list(specs), size=config.data.size, fit=evaluation_fit(config))
    return leaving_out(source, without)


def filled(cached: Cached, count: int) -> Iterator[tuple[dict[str, np.ndarray], int]]:
    """Yield batches of ``count`` images in order, with the number of new ones.

    The last batch is filled up with repeats.
    """
    for batch in examples(cached, size=cached.size, batch=count):
        new = len(batch.pop("id"))
        yield {name: np.resize(part, (count, *part.shape[1:])) for name, part in batch.items()}, new
