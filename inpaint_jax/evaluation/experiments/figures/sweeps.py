"""Plots of a metric against the quantity that was varied: a number of the arms, or the holes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.titles import slug
from inpaint_jax.runs import plots

At = TypeVar("At", bound=float | str)  # a place on the horizontal axis


class Sweep(NamedTuple):
    """A metric's mean against a number, a line per label, a panel per hole family."""

    title: str
    x: str  # what the number is
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
                label: {number: (arm, family) for number, arm in line.items()} for label, line in self.lines.items()
            }
            if lines := means(context, points, self.metric, split=self.split):
                panels[family] = lines
        if panels:
            file = f"sweep-{slug(self.title)}.png"
            plots.plot_sweep(context.workdir / file, panels, x=self.x, y=f"{self.metric}, {self.split}")
            yield self.title, file


class HoleSweep(NamedTuple):
    """A metric's mean over the test pictures against the holes, a line per arm or baseline."""

    title: str
    x: str  # what the holes differ in
    metric: str
    lines: Mapping[str, str]  # {"trained on the centre": arm or baseline}
    holes: Mapping[float, str] | Mapping[str, str]  # {4: "center:4"}, or names in their order

    def arms(self) -> list[str]:
        return list(self.lines.values())

    def families(self) -> list[str]:
        return list(self.holes.values())

    def metrics(self) -> list[tuple[str, str]]:
        return [("test", self.metric)]

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        points = {label: {at: (arm, family) for at, family in self.holes.items()} for label, arm in self.lines.items()}
        if lines := means(context, points, self.metric, split="test"):
            file = f"holes-{slug(self.title)}.png"
            plots.plot_sweep(context.workdir / file, {self.title: lines}, x=self.x, y=f"{self.metric}, test")
            yield self.title, file


def means(
    context: Context, points: Mapping[str, Mapping[At, tuple[str, str]]], metric: str, *, split: str
) -> dict[str, dict[At, float]]:
    """The means that have been measured.

    Args:
      context: all results.
      points: ``{label: {place on the axis: (arm, family)}}``.
      metric: its name.
      split: pictures.

    Returns:
      ``{label: {place on the axis: mean}}``, without labels of which nothing has been measured.
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
