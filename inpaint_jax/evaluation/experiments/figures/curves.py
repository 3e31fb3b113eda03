"""Curves over time: metrics against training steps, losses against search iterations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.figures.base import OfOneArm, Unmeasured
from inpaint_jax.evaluation.experiments.titles import slug
from inpaint_jax.runs import plots

Line = tuple[Sequence[int], np.ndarray]  # times and values


@dataclass(frozen=True)
class TrainingCurve(Unmeasured):
    """Metrics of a training stage against its steps, a line per label."""

    title: str
    stage: str
    y: str  # label of the metrics
    lines: Mapping[str, tuple[str, str]]  # {"noisy": (arm, metric of the stage's metrics.jsonl)}

    def arms(self) -> list[str]:
        return [arm for arm, _ in self.lines.values()]

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        lines = {
            label: context.logged(arm, self.stage, metric)
            for label, (arm, metric) in self.lines.items()
        }
        if logged := {label: (steps, values) for label, (steps, values) in lines.items() if steps}:
            file = f"curve-{slug(self.title)}.png"
            plots.plot_lines(context.workdir / file, {self.title: logged}, x="step", y=self.y)
            yield self.title, file


@dataclass(frozen=True)
class LossCurves(Unmeasured):
    """Mean search loss over the test images, a line per label, a panel per hole family."""

    title: str
    lines: Mapping[str, str]  # {"LSGAN": arm}

    def arms(self) -> list[str]:
        return list(self.lines.values())

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        panels: dict[str, dict[str, Line]] = {}
        for family in context.families:
            for label, arm in self.lines.items():
                if (answer := context.answer(arm, family)) and "total" in answer.traces:
                    panels.setdefault(family, {})[label] = mean_line(answer.traces["total"])
        if panels:
            file = f"descent-{slug(self.title)}.png"
            plots.plot_lines(
                context.workdir / file, panels, x="iteration", y="mean loss of the test images"
            )
            yield self.title, file


class TermCurves(OfOneArm):
    """Mean loss terms of one arm's searches over the test images, weighted and unweighted."""

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        if panels := self.panels(context):
            file = f"evolution-{slug(self.title)}.png"
            plots.plot_lines(
                context.workdir / file, panels, x="iteration", y="mean of the test images"
            )
            yield self.title, file

    def panels(self, context: Context) -> dict[str, dict[str, Line]]:
        """Build a panel of weighted terms per hole family, then one of bare terms per family.

        A watched term has weight 0 and appears only among the bare terms.
        """
        answers = {family: context.answer(self.arm, family) for family in context.families}
        searched = {
            family: answer.traces for family, answer in answers.items() if answer and answer.traces
        }
        summary, panels = context.summary(self.arm), {}
        for weighted in (True, False):  # the first panel has the legend and all lines
            for family, traces in searched.items():
                weights = (
                    summary.get("term_weights", {}).get(family) if summary and weighted else {}
                )
                if weights is None:  # written by a version without weights per family
                    continue
                panels[f"{family}, {'weighted' if weighted else 'unweighted'}"] = {
                    term: mean_line(weights.get(term, 1.0) * values)
                    for term, values in traces.items()
                    if term != "evaluations"
                    and (weights.get(term, 1.0) if weighted else term != "total")
                }
        return panels


def mean_line(traces: np.ndarray) -> Line:
    """Average the loss traces ``[N, T]`` by iteration, without finished searches (NaN)."""
    return range(traces.shape[1]), np.nanmean(traces, axis=0)
