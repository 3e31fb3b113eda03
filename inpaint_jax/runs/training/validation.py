"""A stage, measured while it trains: on pictures of another split, on those that it holds out, or on its own batch."""

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
    """How a stage is measured.

    Args:
      stage: with or without ``validate``.
      config: of the run; ``data.validation`` may name pictures of another split.
      held_out: those that the stage holds out, ``[N, S, S, 3]`` in [-1, 1], which come first; None: none.
      earlier: finished states of the stages before it.
      mesh: to whose devices such pictures are copied.
      without: ids of pictures that are left out.

    Returns:
      ``(state, batch) -> ({metric: [N]}, pictures to look at)``, which measures on the batch where there is nothing
      else; None for a stage that has nothing to be measured by.
    """
    if stage.validate is None:
        return None
    validate, key = jax.jit(stage.validate), jax.random.key(config.seed)
    if held_out is not None:
        fixed = parallel.replicate({"image": held_out}, mesh)
        return lambda state, batch: validate(state, fixed, key, earlier)
    if (other := other_split(config, without)) is None:
        return lambda state, batch: validate(state, batch, key, earlier)
    pictures, count = Cached(other, size=config.data.size), config.stages[stage.name].batch_size

    def measure(state, batch):
        del batch
        found, shown = [], []
        for part, its in filled(pictures, count):
            scores, seen = validate(state, parallel.replicate(part, mesh), key, earlier)
            found.append({name: np.asarray(values)[:its] for name, values in scores.items()})
            shown.append(seen)
        return {name: np.concatenate([scores[name] for scores in found]) for name in found[0]}, shown[0]

    return measure


def other_split(config: Config, without: Collection[str] = ()) -> Source | None:
    """The pictures of ``data.validation``; None where the config names none; raises InputError for bad ones."""
    if not (specs := config.data.get("validation")):
        return None
    source = open_source(split_list(specs), size=config.data.size, fit=evaluation_fit(config))
    return leaving_out(source, without)


def filled(pictures: Cached, count: int) -> Iterator[tuple[dict[str, np.ndarray], int]]:
    """Batches of ``count`` of the pictures in order, with how many are new: the last is filled up with repeats."""
    for batch in examples(pictures, size=pictures.size, batch=count):
        its = len(batch.pop("id"))
        yield {name: np.resize(part, (count, *part.shape[1:])) for name, part in batch.items()}, its
