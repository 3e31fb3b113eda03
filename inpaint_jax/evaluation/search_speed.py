"""How fast searches descend: evaluations of the loss until each picture is where a reference search ends."""

import os
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from inpaint_jax.evaluation import tables
from inpaint_jax.runs.plots import figure, save


class Curve(NamedTuple):
    """The course of a search on N pictures.

    Attributes:
      evaluations: ``[N, T]``, evaluations of the loss after each iteration; NaN after an early finish.
      totals: ``[N, T]``, the loss there.
    """

    evaluations: np.ndarray
    totals: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """``[N, T]``, the least loss so far, kept after an early finish."""
        return np.minimum.accumulate(np.where(np.isnan(self.totals), np.inf, self.totals), axis=1)

    @property
    def spent(self) -> np.ndarray:
        """``[N]``, evaluations in all."""
        return np.nanmax(self.evaluations, axis=1)


def reached(curve: Curve, target: np.ndarray) -> np.ndarray:
    """Evaluations until a picture's loss is at most its target.

    Args:
      curve: of N pictures.
      target: ``[N]``.

    Returns:
      ``[N]``, infinite for a picture whose search never came there.
    """
    there = curve.best <= target[:, None]
    first = np.argmax(there, axis=1)
    return np.where(there.any(axis=1), curve.evaluations[np.arange(len(first)), first], np.inf)


def table(curves: Mapping[str, Mapping[str, Curve]]) -> str:
    """Per hole family and search, measured against the first search of the family.

    Args:
      curves: ``{holes: {search: Curve}}``, of the same pictures and the same loss.

    Returns:
      Markdown: median evaluations spent, median loss at the end, median evaluations to reach the loss at which the
      first search ends on the same picture, how many times fewer that is, and the share of pictures that reach it.
    """
    header = ["holes", "search", "evaluations", "final loss", "to the first's loss", "times fewer", "reached by"]
    rows = []
    for holes, searches in curves.items():
        reference = next(iter(searches.values()))
        target, budget = reference.best[:, -1], np.median(reference.spent)
        for name, curve in searches.items():
            count = reached(curve, target)
            median = np.median(count)
            rows.append(
                [
                    holes,
                    name,
                    f"{np.median(curve.spent):.0f}",
                    f"{np.median(curve.best[:, -1]):.2f}",
                    f"{median:.0f}" if np.isfinite(median) else "–",
                    f"{budget / median:.1f}" if np.isfinite(median) else "–",
                    f"{np.isfinite(count).mean():.0%}",
                ]
            )
    return tables.markdown(header, rows)


def plot(path: str | os.PathLike[str], curves: Mapping[str, Mapping[str, Curve]]) -> None:
    """Median of the least loss so far against evaluations, a plot per hole family, a line per search.

    Args:
      path: of the PNG file.
      curves: as for ``table``.

    Raises:
      InputError: the file cannot be written.
    """
    drawing, all_axes = figure(len(curves), width=4.6, height=3.6)
    for (holes, searches), axes in zip(curves.items(), all_axes, strict=True):
        for name, curve in searches.items():
            at = np.arange(1, int(np.median(curve.spent)) + 1)
            index = [np.searchsorted(np.nan_to_num(row, nan=np.inf), at, side="right") - 1 for row in curve.evaluations]
            losses = [row[np.maximum(i, 0)] for row, i in zip(curve.best, index, strict=True)]
            axes.plot(at, np.median(losses, axis=0), linewidth=1.4, label=name)
        target = np.median(next(iter(searches.values())).best[:, -1])
        axes.axhline(target, color="grey", linewidth=0.8, linestyle=":")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(holes)
        axes.set_xlabel("evaluations of the loss")
        axes.set_ylabel("least loss, median")
    all_axes[0].legend(frameon=False)
    save(drawing, path)
