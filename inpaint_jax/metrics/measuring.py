"""Measure a set of images in batches, with one compiled program for all per-image metrics."""

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from inpaint_jax.compositing import quantise
from inpaint_jax.errors import InputError
from inpaint_jax.metrics.interface import AnyMetric, BatchMetric, SetMetric, SetScore
from inpaint_jax.metrics.table import DEFAULT, resolve
from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_same_shape

BATCH = 64  # least images per call; rounded up to a multiple of each batch metric's batch


def measure(
    prediction: Image | np.ndarray,
    target: Image | np.ndarray,
    hole: Hole | np.ndarray,
    names: Sequence[str] | Mapping[str, AnyMetric] = DEFAULT,
    *,
    given: Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray | SetScore]:
    """Measure completed images, quantised to the 256 values of image files.

    Args:
      prediction: completed images, ``[N, H, W, C]`` in [-1, 1], the whole set in order.
      target: ground truth, same shape and range.
      hole: ``[N, H, W, 1]``, 1 where pixels are missing.
      names: names for ``resolve``, or the mapping that ``resolve`` returned.
      given: values that metrics need, by name (see ``Metric.needs``).

    Returns:
      ``{name: scores}`` in the order of the names: float32 ``[N]``, or a ``SetScore`` for each
      ``SetMetric``.

    Raises:
      InputError: shapes that do not match, an array that is not float, no images, or images too
        small for a metric; an unknown metric, a metric whose needs are not given, or a metric that
        does not return one number per image.
    """
    check_same_shape(prediction=prediction, target=target)
    check_hole(hole, prediction, "prediction")
    if not len(prediction):
        raise InputError("measuring needs at least one image")
    metrics = dict(names) if isinstance(names, Mapping) else resolve(names)
    arguments = {name: _needed(name, metric, given or {}) for name, metric in metrics.items()}
    whole_set = {name: metric for name, metric in metrics.items() if isinstance(metric, SetMetric)}
    single = {name: metric for name, metric in metrics.items() if name not in whole_set}
    compute, parts = _compiled(tuple(single.items()), bool(whole_set)), []
    step = math.lcm(
        *(metric.batch for metric in single.values() if isinstance(metric, BatchMetric))
    )
    step *= math.ceil(BATCH / step)
    for first in range(0, len(prediction), step):
        rows = slice(first, first + step)
        inputs = prediction[rows], target[rows], hole[rows]
        parts.append(jax.device_get(compute(*inputs, {name: arguments[name] for name in single})))
    scores, quantised = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
    for name, metric in whole_set.items():
        value, error = metric.measure(*quantised, np.asarray(hole), **arguments[name])
        scores[name] = SetScore(float(value), float(error))
    return {name: scores[name] for name in metrics}


def _needed(name: str, metric: AnyMetric, given: Mapping[str, Any]) -> dict[str, Any]:
    if missing := [need for need in metric.needs if need not in given]:
        raise InputError(
            f"metric {name!r} needs {', '.join(missing)}, which the argument given lacks"
        )
    return {need: given[need] for need in metric.needs}


@functools.lru_cache(maxsize=16)
def _compiled(metrics: tuple[tuple[str, AnyMetric], ...], keep: bool):
    """Jit metrics as one program; with ``keep`` the program also returns the quantised images."""

    @jax.jit
    def compute(
        prediction: Image, target: Image, hole: Hole, arguments: Mapping[str, Mapping[str, Any]]
    ):
        prediction, target = quantise(prediction), quantise(target)
        scores = {}
        for name, metric in metrics:
            scores[name] = _checked(
                name, metric.measure(prediction, target, hole, **arguments[name]), len(prediction)
            )
        return scores, (prediction, target) if keep else ()

    return compute


def _checked(name: str, scores: Any, count: int) -> PerExample:
    if getattr(scores, "shape", None) != (count,):
        got = f"shape {scores.shape}" if hasattr(scores, "shape") else type(scores).__name__
        raise InputError(
            f"metric {name!r} must return one number per image, [{count}], it returned {got}"
        )
    return scores
