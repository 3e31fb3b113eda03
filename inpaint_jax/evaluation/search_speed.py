"""Search speed: loss evaluations until every image reaches the final loss of a reference search."""

import os
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from inpaint_jax.evaluation import tables
from inpaint_jax.runs.plots import figure, save


class SearchCurve(NamedTuple):
    """The loss curve of a search on N images.

    Attributes:
      evaluations: ``[N, T]``, evaluations of the loss after each iteration; NaN after an early
        finish.
      totals: ``[N, T]``, the loss after each iteration.
    """

    evaluations: np.ndarray
    totals: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """Return the least loss so far, ``[N, T]``, continued after an early finish."""
        return np.minimum.accumulate(np.where(np.isnan(self.totals), np.inf, self.totals), axis=1)

    @property
    def spent(self) -> np.ndarray:
        """Return the total evaluations, ``[N]``."""
        return np.nanmax(self.evaluations, axis=1)


def reached(curve: SearchCurve, target: np.ndarray) -> np.ndarray:
    """Count the evaluations until an image's loss is at most its target.

    Args:
      curve: curve of N images.
      target: ``[N]``.

    Returns:
      ``[N]``, infinite for an image that never reaches the target.
    """
    arrived = curve.best <= target[:, None]
    first = np.argmax(arrived, axis=1)
    return np.where(arrived.any(axis=1), curve.evaluations[np.arange(len(first)), first], np.inf)


def table(curves: Mapping[str, Mapping[str, SearchCurve]]) -> str:
    """Tabulate search speed per hole family, relative to the first search of the family.

    Args:
      curves: ``{holes: {search: SearchCurve}}``, of the same images and the same loss.

    Returns:
      Markdown: median evaluations spent, median final loss, median evaluations until the final loss
      of the first search on the same image, the ratio of evaluations, and the share of images that
      reach that loss.
    """
    header = [
        "holes",
        "search",
        "evaluations",
        "final loss",
        "to the first's loss",
        "times fewer",
        "reached by",
    ]
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


def plot(path: str | os.PathLike[str], curves: Mapping[str, Mapping[str, SearchCurve]]) -> None:
    """Plot the median of the least loss so far against evaluations, a panel per hole family.

    Args:
      path: path of the PNG file.
      curves: as for ``table``; each search is a line.

    Raises:
      InputError: the file cannot be written.
    """
    drawing, all_axes = figure(len(curves), width=4.6, height=3.6)
    for (holes, searches), axes in zip(curves.items(), all_axes, strict=True):
        for name, curve in searches.items():
            at = np.arange(1, int(np.median(curve.spent)) + 1)
            index = [
                np.searchsorted(np.nan_to_num(row, nan=np.inf), at, side="right") - 1
                for row in curve.evaluations
            ]
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
