"""Methods beside each other under every family of holes, and by how much they differ from one of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.evaluate import measure
from inpaint_jax.evaluation.experiments import Comparison
from inpaint_jax.evaluation.experiments.summary import Summaries, answered, score
from inpaint_jax.evaluation.picture_set import PictureSet


def comparison_table(comparison: Comparison, families: Sequence[str], summaries: Summaries) -> str:
    """A metric under every family of holes, and its mean over them; of several trainings, mean and deviation.

    A family that a method does not support has no number, nor has then the mean over all.

    Args:
      comparison: its rows.
      families: of holes.
      summaries: of every arm; None: not there yet.
    """
    rows = []
    for label, arms in comparison.rows.items():
        numbers = trainings(arms, families, comparison.metric, summaries)
        numbers = numbers[:, ~np.isnan(numbers).all(0)]
        rows.append([label, str(numbers.shape[1]), *map(spread, numbers)])
    return tables.markdown([comparison.header, "trainings", *families, "mean"], rows)


def difference_table(
    comparison: Comparison, families: Sequence[str], summaries: Summaries, folders: Mapping[str, Path], test: PictureSet
) -> str:
    """By how much the arms of each row differ from those of the row ``comparison.paired``, pair by pair.

    Of several pairs it is the mean over them and its deviation. Of one pair it is the mean over the pictures of which
    both have a finite metric, and its standard error.

    Args:
      comparison: its rows.
      families: of holes.
      summaries: of every arm; None: not there yet.
      folders: of every arm, with its completions.
      test: the pictures.
    """
    assert comparison.paired is not None
    one, metric = len(comparison.rows[comparison.paired]) == 1, comparison.metric  # every row has as many arms

    def numbers(arms):
        if one:
            return of_pictures(folders[arms[0]], summaries[arms[0]], families, metric, test)
        return trainings(arms, families, metric, summaries)

    rows, base = [], numbers(comparison.rows[comparison.paired])
    for label, arms in comparison.rows.items():
        if label == comparison.paired:
            continue
        with np.errstate(invalid="ignore"):  # two perfect pictures do not differ, but infinity less infinity is NaN
            differences = numbers(arms) - base
        there = differences[:, np.isfinite(differences).any(0)]
        pairs = min(there.shape[1], len(arms))
        rows.append([label, str(pairs), *(spread(line, sign="+", error=one) for line in there)])
    return tables.markdown([comparison.header, "pairs", *families, "mean"], rows)


def trainings(arms: Sequence[str], families: Sequence[str], metric: str, summaries: Summaries) -> np.ndarray:
    """The metric's mean of every arm ``[F + 1, A]``, the mean over all families last; NaN where there is none."""
    scores = [[score(summaries[arm], "test", family, metric) for arm in arms] for family in families]
    return with_mean(np.array([[its["mean"] if its else None for its in line] for line in scores], np.float64))


def of_pictures(
    folder: Path, summary: Mapping[str, Any] | None, families: Sequence[str], metric: str, test: PictureSet
) -> np.ndarray:
    """The metric of an arm's every picture ``[F + 1, N]``, the mean over all families last; NaN where there is none."""
    answers = [answered(folder, family, summary) for family in families]
    values = [
        measure(test.truth, answer and answer.images, test.gaps[family])[metric]
        for family, answer in zip(families, answers, strict=True)
    ]
    return with_mean(np.array([np.full(len(test.names), np.nan) if v is None else v for v in values], np.float64))


def with_mean(lines: np.ndarray) -> np.ndarray:
    """``[F, K] -> [F + 1, K]``."""
    return np.concatenate([lines, lines.mean(0, keepdims=True)])


def spread(values: np.ndarray, **how: Any) -> str:
    """What ``tables.spread`` says of the finite numbers; a dash without any."""
    finite = values[np.isfinite(values)]
    return tables.spread(finite, **how) if len(finite) else "–"
