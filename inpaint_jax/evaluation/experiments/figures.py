"""The figures of an experiment: sweeps, trainings and searches as plots, completed pictures in grids.

What is not there yet is left out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_jax.compositing import from_levels
from inpaint_jax.data import sheets
from inpaint_jax.data.pictures import write_picture
from inpaint_jax.evaluation.evaluate import Answer, measure
from inpaint_jax.evaluation.experiments import PICTURES, Experiment, Grid, HoleSweep, Sweep
from inpaint_jax.evaluation.experiments.summary import Summaries, answered, score
from inpaint_jax.evaluation.picture_set import PictureSet
from inpaint_jax.runs import plots


def draw(
    workdir: Path, experiment: Experiment, test: PictureSet, summaries: Summaries, baselines: Summaries
) -> Iterator[tuple[str, str]]:
    """Draws every figure of which anything is there; yields ``(title, file within the workdir)``."""
    for sweep in experiment.sweeps:
        lines = {family: measured_lines(sweep, family, summaries) for family in experiment.holes}
        if there := {family: its for family, its in lines.items() if its}:
            file = f"sweep-{slug(sweep.title)}.png"
            plots.plot_sweep(workdir / file, there, x=sweep.x, y=f"{sweep.metric}, {sweep.split}")
            yield sweep.title, file
    for sweep in experiment.hole_sweeps:
        if lines := lines_of_holes(sweep, {**baselines, **summaries}):
            file = f"holes-{slug(sweep.title)}.png"
            plots.plot_sweep(workdir / file, {sweep.title: lines}, x=sweep.x, y=f"{sweep.metric}, test")
            yield sweep.title, file
    for curve in experiment.curves:
        lines = {label: metric_line(workdir / arm / curve.stage, name) for label, (arm, name) in curve.lines.items()}
        if there := {label: line for label, line in lines.items() if line[0]}:
            file = f"curve-{slug(curve.title)}.png"
            plots.plot_lines(workdir / file, {curve.title: there}, x="step", y=curve.y)
            yield curve.title, file
    for descent in experiment.descents:
        found = {
            family: {
                label: line
                for label, arm in descent.lines.items()
                if len((line := loss_line(workdir / arm, family, summaries[arm]))[0])
            }
            for family in experiment.holes
        }
        if there := {family: its for family, its in found.items() if its}:
            file = f"descent-{slug(descent.title)}.png"
            plots.plot_lines(workdir / file, there, x="iteration", y="mean loss of the test pictures")
            yield descent.title, file
    for evolution in experiment.evolutions:
        if panels := term_panels(workdir / evolution.arm, experiment.holes, summaries[evolution.arm]):
            file = f"evolution-{slug(evolution.title)}.png"
            plots.plot_lines(workdir / file, panels, x="iteration", y="mean of the test pictures")
            yield evolution.title, file
    for grid in experiment.grids:
        arms = {*grid.columns, grid.pick} & set(experiment.arms)
        for families in [grid.holes] if grid.holes else [(family,) for family in experiment.holes]:
            answers = {arm: {f: answered(workdir / arm, f, summaries[arm]) for f in families} for arm in arms}
            if (sheet := contact_sheet(grid, test, families, answers)) is not None:
                title = grid.title if grid.holes else titled(grid.title, families[0], experiment.holes)
                file = f"{slug(title)}.png"
                write_picture(workdir / file, sheet)
                yield title, file


def measured_lines(sweep: Sweep, family: str, summaries: Summaries) -> dict[str, dict[float, float]]:
    """The means that are there, ``{label: {number: mean}}``."""
    lines: dict[str, dict[float, float]] = {}
    for label, line in sweep.lines.items():
        for number, arm in line.items():
            its = score(summaries[arm], sweep.split, family, sweep.metric)
            if its and its["mean"] is not None:
                lines.setdefault(label, {})[number] = its["mean"]
    return lines


def lines_of_holes(sweep: HoleSweep, summaries: Summaries) -> dict[str, dict[float | str, float]]:
    """The means that are there, ``{label: {number or name: mean}}``."""
    scores = {
        label: {at: score(summaries[arm], "test", family, sweep.metric) for at, family in sweep.holes.items()}
        for label, arm in sweep.lines.items()
    }
    there = {
        label: {at: its["mean"] for at, its in line.items() if its and its["mean"] is not None}
        for label, line in scores.items()
    }
    return {label: line for label, line in there.items() if line}


def metric_line(folder: Path, metric: str) -> tuple[list[int], list[float]]:
    """Steps and values of a metric that a stage has logged; empty where it has not."""
    file = folder / "metrics.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    points = [(line["step"], line[metric]) for line in lines if line.get(metric) is not None]
    return [step for step, _ in points], [value for _, value in points]


def loss_line(
    folder: Path, family: str, summary: Mapping[str, Any] | None
) -> tuple[Sequence[int], Sequence[float] | np.ndarray]:
    """Iterations and the mean loss of the searches that are still under way; empty where nothing was searched."""
    totals = answer.traces.get("total") if (answer := answered(folder, family, summary)) else None
    return ([], []) if totals is None else mean_line(totals)


def mean_line(traces: np.ndarray) -> tuple[Sequence[int], np.ndarray]:
    """Iterations, and the mean over the searches ``[N, T]`` that are still under way."""
    return range(traces.shape[1]), np.nanmean(traces, axis=0)


def term_panels(
    folder: Path, families: Sequence[str], summary: Mapping[str, Any] | None
) -> dict[str, dict[str, tuple[Sequence[int], np.ndarray]]]:
    """Every term of an arm's searches with its weight, and then as it is, under every family that was searched."""
    answers = {family: answer for family in families if (answer := answered(folder, family, summary)) and answer.traces}
    panels = {}
    for weighted in (True, False):  # the first panel has the legend, and all lines
        for family, answer in answers.items():
            weights = summary["weights"] if summary and weighted else {}
            lines = {
                term: mean_line(weights.get(term, 1.0) * traces)
                for term, traces in answer.traces.items()
                if term != "evaluations" and (weighted or term != "total")
            }
            panels[f"{family}, {'weighted' if weighted else 'as they are'}"] = lines
    return panels


def contact_sheet(
    grid: Grid, test: PictureSet, families: Sequence[str], answers: Mapping[str, Mapping[str, Answer | None]]
) -> np.ndarray | None:
    """A grid, without the arms that are missing; None without any, or without the one that picks the pictures.

    Args:
      grid: its columns.
      test: the pictures.
      families: of their holes, one below the other.
      answers: of the arms, by family.

    Returns:
      ``uint8 [H', W', 3]``.
    """
    whole = {arm: [answer for f in families if (answer := its[f]) is not None] for arm, its in answers.items()}
    there = {arm: its for arm, its in whole.items() if len(its) == len(families)}
    shown = [name for name in grid.columns if name in PICTURES or name in there]
    if not set(there) & set(shown) or (grid.pick is not None and grid.pick not in there):
        return None
    columns, labels = {name: [] for name in shown}, []
    for number, family in enumerate(families):
        rows = np.arange(len(test.names))
        if grid.pick is not None:
            scores = picked_by(grid.by, there[grid.pick][number], test, family)
            rows = np.argsort(-scores if grid.highest else scores, kind="stable")
        rows = rows[: grid.rows]
        pictures = {"truth": test.truth, "damaged": np.where(test.gaps[family] > 0, 0, test.truth)}
        for name, column in columns.items():
            column.append(pictures[name][rows] if name in pictures else from_levels(there[name][number].images[rows]))
        labels += [test.names[i] if len(families) == 1 else f"{test.names[i]}, {family}" for i in rows]
    return sheets.contact_sheet({name: np.concatenate(column) for name, column in columns.items()}, row_labels=labels)


def picked_by(what: str, answer: Answer, test: PictureSet, family: str) -> np.ndarray:
    """A metric of every picture, or a term of its search where the total was least: ``[N]``."""
    if what in answer.traces:
        least = np.nanargmin(answer.traces["total"], axis=1)
        return answer.traces[what][np.arange(len(least)), least]
    return np.asarray(measure(test.truth, answer.images, test.gaps[family])[what])


def titled(title: str, family: str, families: Sequence[str]) -> str:
    """A title, with the hole family where there are several."""
    return f"{title}, {family}" if len(families) > 1 else title


def slug(title: str) -> str:
    """A title as a file's name."""
    return re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-.").replace(".-", "-")
