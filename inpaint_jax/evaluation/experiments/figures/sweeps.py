"""Plots of a metric against a varied quantity: a number of the arms, or the holes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.titles import slug
from inpaint_jax.runs import plots

At = TypeVar("At", bound=float | str)  # a place on the horizontal axis


class Sweep(NamedTuple):
    """Mean of a metric against a number, a line per label, a panel per hole family."""

    title: str
    x: str  # label of the number
    split: str
    metric: str
    lines: Mapping[str, Mapping[float, str]]  # {"VAE VGG": {125: arm, 500: arm}}

    def arms(self) -> list[str]:
        return [arm for line in self.lines.values() for arm in line.values()]

    def families(self) -> tuple[str, ...]:
        return ()

    def metrics(self) -> list[tuple[str, str]]:
        return [(self.split, self.metric)]

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        panels = {}
        for family in context.families:
            points = {
                label: {number: (arm, family) for number, arm in line.items()}
                for label, line in self.lines.items()
            }
            if lines := means(context, points, self.metric, split=self.split):
                panels[family] = lines
        if panels:
            file = f"sweep-{slug(self.title)}.png"
            plots.plot_sweep(
                context.workdir / file, panels, x=self.x, y=f"{self.metric}, {self.split}"
            )
            yield self.title, file


class HoleSweep(NamedTuple):
    """Mean of a metric over the test images against the holes, a line per arm or baseline."""

    title: str
    x: str  # label of the varied property of the holes
    metric: str
    lines: Mapping[str, str]  # {"trained on the centre": arm or baseline}
    holes: Mapping[float, str] | Mapping[str, str]  # {4: "center:4"}, or names in display order

    def arms(self) -> list[str]:
        return list(self.lines.values())

    def families(self) -> list[str]:
        return list(self.holes.values())

    def metrics(self) -> list[tuple[str, str]]:
        return [("test", self.metric)]

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        points = {
            label: {at: (arm, family) for at, family in self.holes.items()}
            for label, arm in self.lines.items()
        }
        if lines := means(context, points, self.metric, split="test"):
            file = f"holes-{slug(self.title)}.png"
            plots.plot_sweep(
                context.workdir / file, {self.title: lines}, x=self.x, y=f"{self.metric}, test"
            )
            yield self.title, file


def means(
    context: Context, points: Mapping[str, Mapping[At, tuple[str, str]]], metric: str, *, split: str
) -> dict[str, dict[At, float]]:
    """Collect the available means.

    Args:
      context: all results.
      points: ``{label: {place on the axis: (arm, family)}}``.
      metric: name of the metric.
      split: split of the images.

    Returns:
      ``{label: {place on the axis: mean}}``, without labels that have no results.
    """
    found = {
        label: {
            at: mean
            for at, (arm, family) in line.items()
            if (mean := context.mean(arm, family, metric, split=split)) is not None
        }
        for label, line in points.items()
    }
    return {label: line for label, line in found.items() if line}
