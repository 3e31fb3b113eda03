"""Metrics of several completions per image: the mean, the best, and the diversity."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from inpaint_jax.compositing import from_uint8, to_uint8
from inpaint_jax.evaluation.answers import Answer, measure
from inpaint_jax.metrics import AnyMetric, SetScore

DIVERSITY = "diversity_l1_pct"
PROTOCOL = "mean over pairs of completions of 100 |a - b|[hole,range=1,rgb,mean of images,uint8]"
SHOWN = 4  # completions of an image in a grid


def rows(
    truth: np.ndarray, answer: Answer, holes: np.ndarray, measured: Mapping[str, AnyMetric]
) -> dict[str, dict[str, Any]]:
    """Measure all completions of every image.

    Args:
      truth: ``[N, H, W, C]`` in [-1, 1].
      answer: completions, with K - 1 others per image.
      holes: ``[N, H, W, 1]``, 1 = missing.
      measured: metrics by name, "psnr_hole" among them.

    Returns:
      ``{title: {metric: [N] or SetScore}}`` with three entries: the mean of each metric over the K
      completions; the metrics of the mean image; and the metrics of the completion with the best
      "psnr_hole" (an oracle: choosing it needs the truth).
    """
    every = completions(answer)
    count = every.shape[1]
    single = [measure(truth, every[:, i], holes, measured) for i in range(count)]
    closest = np.argmax([scores["psnr_hole"] for scores in single], axis=0)
    images = {
        f"the mean image of {count}": to_uint8(from_uint8(every).mean(1)),
        f"the best of {count} by the truth (oracle)": every[np.arange(len(every)), closest],
    }
    means = {name: mean([scores[name] for scores in single]) for name in measured}
    return {f"the mean over {count}": means} | {
        what: measure(truth, chosen, holes, measured) for what, chosen in images.items()
    }


def mean(scores: list[Any]) -> Any:
    """Average a metric over completions.

    For a score of a set, its standard error is averaged too.
    """
    if isinstance(scores[0], SetScore):
        return SetScore(*(float(np.mean(part)) for part in zip(*scores, strict=True)))
    return np.mean(scores, axis=0)


def diversity(answer: Answer, holes: np.ndarray) -> np.ndarray:
    """Measure how much the completions of an image differ.

    Args:
      answer: completions, with others per image.
      holes: ``[N, H, W, 1]``, 1 = missing.

    Returns:
      ``[N]``, 100 times the mean absolute difference of two completions on [0, 1], over the values
      of the hole and all pairs.
    """
    every = completions(answer).astype(np.float32) / 255
    missing = np.maximum(holes.sum((1, 2, 3)) * every.shape[-1], 1)
    pairs = list(combinations(range(every.shape[1]), 2))
    total = sum((np.abs(every[:, i] - every[:, j]) * holes).sum((1, 2, 3)) for i, j in pairs)
    return 100 * total / missing / len(pairs)


def completions(answer: Answer) -> np.ndarray:
    """Stack all completions to uint8 ``[N, K, H, W, C]``."""
    assert answer.others is not None
    return np.concatenate([answer.images[:, None], answer.others], axis=1)


def shown(answers: Mapping[str, Answer | None]) -> dict[int, dict[str, np.ndarray | None]]:
    """Select the completions after the first for a grid.

    Returns:
      ``{rank: {family: uint8 [N, H, W, C]}}``, from rank 2 on.
    """
    counts = [
        answer.others.shape[1]
        for answer in answers.values()
        if answer and answer.others is not None
    ]
    return {
        rank: {
            family: answer.others[:, rank - 2] if answer and answer.others is not None else None
            for family, answer in answers.items()
        }
        for rank in range(2, min(SHOWN, 1 + max(counts, default=0)) + 1)
    }
