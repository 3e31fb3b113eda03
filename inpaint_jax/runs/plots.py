"""Plots: losses of a search, metrics of a training, sweeps."""

import io
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inpaint_jax.data import files


def plot_traces(
    path: str | os.PathLike[str],
    traces: Mapping[str, np.ndarray],
    weights: Mapping[str, float],
    *,
    every: int = 1,
) -> None:
    """Plot each loss term of a search: mean over images, with a band between the quartiles.

    The axis is logarithmic, and linear around zero if a term is not positive. Terms are multiplied
    by their weights, so that heights compare; a term of weight 0 is drawn unweighted and dashed.
    After Figure 3 of Buchacek et al., who show the unweighted means.

    Args:
      path: path of the PNG file.
      traces: ``{term: [N, T]}``, N images; NaN after an early finish.
      weights: weights of the terms; 1 by default.
      every: iterations between two values.

    Raises:
      InputError: the file cannot be written.
    """
    canvas, (axes,) = figure(1, width=7, height=4.2)
    positive = True
    for term, values in traces.items():
        weight = weights.get(term, 1.0)
        weighted = (weight or 1.0) * np.asarray(values, np.float64)
        iterations = every * np.arange(weighted.shape[1])
        style = {"color": "black"} if term == "total" else {}
        label, dash = (term, "-") if weight else (f"{term} (watched)", "--")
        (line,) = axes.plot(iterations, np.nanmean(weighted, axis=0), dash, label=label, **style)
        first, third = np.nanquantile(weighted, (0.25, 0.75), axis=0)
        axes.fill_between(iterations, first, third, alpha=0.2, linewidth=0, color=line.get_color())
        positive &= not bool((weighted <= 0).any())
    if positive:
        axes.set_yscale("log")
    else:
        axes.set_yscale("symlog", linthresh=1e-3)
    count = len(next(iter(traces.values())))
    axes.set_title(f"Losses during the search, {count} {'image' if count == 1 else 'images'}")
    axes.set_xlabel("iteration")
    axes.set_ylabel("weighted loss (band: quartiles)")
    axes.legend(frameon=False)
    save(canvas, path)


def plot_metrics(path: str | os.PathLike[str], lines: Sequence[Mapping[str, Any]]) -> None:
    """Plot the metrics of a training against its steps, one small plot per metric.

    Writes no file if there is nothing to plot. Sizes of weighted terms, which belong to the first
    step alone, are left out.

    Args:
      path: path of the PNG file.
      lines: lines of a ``metrics.jsonl``, see ``metric_log.read``.

    Raises:
      InputError: the file cannot be written.
    """
    names = dict.fromkeys(name for line in lines for name in line)
    names = [name for name in names if name != "step" and not name.startswith("weighted_")]
    if not names:
        return
    canvas, all_axes = figure(len(names), width=3.4, height=2.4)
    for name, axes in zip(names, all_axes, strict=True):
        points = [(line["step"], line[name]) for line in lines if line.get(name) is not None]
        axes.plot([step for step, _ in points], [value for _, value in points], linewidth=1.2)
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("step")
    save(canvas, path)


def plot_sweep(
    path: str | os.PathLike[str],
    sweeps: Mapping[str, Mapping[str, Mapping[Any, float]]],
    *,
    x: str,
    y: str,
) -> None:
    """Plot scores against a varied quantity: a panel per title, a line per label.

    Args:
      path: path of the PNG file.
      sweeps: ``{title: {label: {number: score}}}``; or names instead of numbers, in axis order.
      x: name of the quantity. Its axis has a tick at each number, and is logarithmic if they span
        more than a decade.
      y: name of the score.

    Raises:
      InputError: the file cannot be written.
    """
    canvas, all_axes = figure(len(sweeps), width=4.6, height=3.6)
    for (title, lines), axes in zip(sweeps.items(), all_axes, strict=True):
        marks = list(dict.fromkeys(mark for line in lines.values() for mark in line))
        named = any(isinstance(mark, str) for mark in marks)
        place = (
            {mark: i for i, mark in enumerate(marks)}
            if named
            else {mark: mark for mark in sorted(marks)}
        )
        for label, line in lines.items():
            at = sorted(line, key=lambda mark: place[mark])
            points = [place[mark] for mark in at], [line[mark] for mark in at]
            axes.plot(*points, "o-", linewidth=1.4, markersize=4, label=label)
        if not named and min(marks) > 0 and max(marks) > 10 * min(marks):
            axes.set_xscale("log")
        texts = [mark if named else f"{mark:g}" for mark in place]
        axes.set_xticks(list(place.values()), texts, rotation=30 if named else 0)
        axes.set_xticks([], minor=True)
        axes.set_title(title)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
    all_axes[0].legend(frameon=False)
    save(canvas, path)


def plot_points(
    path: str | os.PathLike[str],
    panels: Mapping[str, Mapping[str, tuple[float, float]]],
    *,
    x: str,
    y: str,
) -> None:
    """Plot one named point per method: a panel per title, with a logarithmic x axis.

    Args:
      path: path of the PNG file.
      panels: ``{title: {name: (x, y)}}``, x above 0. A name has the same colour in every panel.
      x: name of the horizontal axis.
      y: name of the vertical axis.

    Raises:
      InputError: the file cannot be written.
    """
    canvas, all_axes = figure(max(len(panels), 1), width=4.6, height=3.8)
    names = list(dict.fromkeys(name for points in panels.values() for name in points))
    for (title, points), axes in zip(panels.items(), all_axes, strict=False):
        axes.set_xscale("log")
        for name, place in points.items():
            axes.plot(*place, "o", markersize=6, color=f"C{names.index(name) % 10}")
            axes.annotate(name, place, xytext=(5, 3), textcoords="offset points", fontsize=7)
        axes.margins(x=0.25)
        axes.set_title(title)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
    save(canvas, path)


def plot_lines(
    path: str | os.PathLike[str],
    plots: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float] | np.ndarray]]],
    *,
    x: str,
    y: str,
) -> None:
    """Plot values against time: a panel per title, a line per label, of one colour in all panels.

    The legend stands in the first panel with all labels. The axis is logarithmic if all values are
    positive and span more than a factor of 5.

    Args:
      path: path of the PNG file.
      plots: ``{title: {label: (times, values)}}``.
      x: name of the time.
      y: name of the values.

    Raises:
      InputError: the file cannot be written.
    """
    canvas, all_axes = figure(len(plots), width=4.6, height=3.6)
    labels = dict.fromkeys(label for lines in plots.values() for label in lines)
    colours = {label: f"C{i}" for i, label in enumerate(labels)}
    drawn = {}
    for (title, lines), axes in zip(plots.items(), all_axes, strict=True):
        for label, (times, values) in lines.items():
            (drawn[label],) = axes.plot(times, values, colours[label], linewidth=1.3)
        values = np.concatenate([np.asarray(values) for _, values in lines.values()])
        if 0 < 5 * np.min(values) < np.max(values):
            axes.set_yscale("log")
        axes.set_title(title)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
    all_axes[0].legend([drawn[label] for label in labels], labels, frameon=False)
    save(canvas, path)


def figure(count: int, *, width: float, height: float) -> tuple[Any, list[Any]]:
    """Make a figure with ``count`` panels of the given size in inches, at most three in a row."""
    from matplotlib.figure import Figure  # without pyplot: no global state, no display

    columns = min(count, 3)
    rows = math.ceil(count / columns)
    canvas = Figure(figsize=(width * columns, height * rows), dpi=120, layout="constrained")
    grid = canvas.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[:count]:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, alpha=0.25)
    for axes in grid[count:]:
        axes.set_axis_off()
    return canvas, list(grid[:count])


def save(canvas: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG."""
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png")
    files.write_bytes(path, buffer.getvalue())
