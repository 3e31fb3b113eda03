"""The results of an experiment: images, summaries, completions, training logs."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax.evaluation.answers import Answer, measure, read_answer
from inpaint_jax.evaluation.experiments.summary import Summaries
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.runs.methods import GROUPS
from inpaint_jax.runs.workdir import Workdir

FLOORS = GROUPS["floors"]  # fillings that a trained method should exceed


class Context(NamedTuple):
    """The data of tables and figures.

    Missing results are None or empty. A ``name`` is an arm or a baseline.

    Attributes:
      workdir: folder of the experiment, where figures are written.
      families: hole families of the experiment.
      sets: the images by split: "test" and, if training images are measured too, "train".
      summaries: summary of every arm.
      baselines: summary of every baseline, measured only on the test images.
    """

    workdir: Path
    families: tuple[str, ...]
    sets: Mapping[str, ImageSet]
    summaries: Summaries
    baselines: Summaries

    def summary(self, name: str) -> dict[str, Any] | None:
        """Return the content of ``summary.json``."""
        return self.summaries[name] if name in self.summaries else self.baselines[name]

    def floors(self, shown: Collection[str]) -> list[str]:
        """Return the floors that were measured and are not shown already."""
        return [name for name in FLOORS if name in self.baselines and name not in shown]

    def folder(self, name: str) -> Path:
        """Return the folder of the summary and of all files that the summary names."""
        return self.workdir / name if name in self.summaries else self.workdir / "baselines" / name

    def score(
        self, name: str, family: str, metric: str, *, split: str = "test"
    ) -> dict[str, Any] | None:
        """Return mean, standard deviation and median of a metric over the images.

        Returns:
          ``{"mean", "std", "median", "infinite"}``; None if not measured, or the holes are not
          supported.
        """
        summary = self.summary(name)
        measured = summary["measured"].get(split, {}).get(family) if summary else None
        return measured["scores"][metric] if measured else None

    def mean(self, name: str, family: str, metric: str, *, split: str = "test") -> float | None:
        """Return the mean of a metric over the images; None without a score, or if infinite."""
        score = self.score(name, family, metric, split=split)
        return score["mean"] if score else None

    def answer(self, name: str, family: str) -> Answer | None:
        """Return the completed test images and search losses; None if the file is missing."""
        summary = self.summary(name)
        measured = summary["measured"]["test"].get(family) if summary else None
        file = self.folder(name) / measured["completions"] if measured else None
        return read_answer(file) if file and file.is_file() else None

    def values(self, name: str, family: str, metric: str) -> np.ndarray | None:
        """Return a metric per test image, ``[N]``; None if the images are not completed."""
        answer, image_set = self.answer(name, family), self.sets["test"]
        if answer is None:
            return None
        return measure(image_set.truth, answer.images, image_set.holes[family], [metric])[metric]

    def logged(self, arm: str, stage: str, metric: str) -> tuple[list[int], list[float]]:
        """Return logged steps and values of a metric (``metrics.jsonl``); empty if not logged."""
        lines = Workdir(self.folder(arm)).stage(stage).logged()
        points = [(line["step"], line[metric]) for line in lines if line.get(metric) is not None]
        return [step for step, _ in points], [value for _, value in points]
