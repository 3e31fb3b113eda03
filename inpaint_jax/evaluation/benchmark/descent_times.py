"""Results of ``inpaint benchmark search``: seconds until searches reach a reference's loss."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.search_speed import SearchCurve, reached

HEADER = (
    "holes",
    "search",
    "iterations",
    "ms of one",
    "s/image",
    "final loss",
    "s to each loss",
    "ratio",
    "reached by",
    "s to median loss",
    "ratio",
)


def timed(totals: np.ndarray, pace: float) -> SearchCurve:
    """Build the curve of the loss ``[B, T]`` against seconds per image."""
    spent = pace * np.arange(1, totals.shape[1] + 1)
    return SearchCurve(np.broadcast_to(spent, totals.shape), totals)


def summary(curves: Mapping[str, SearchCurve]) -> list[dict[str, Any]]:
    """Summarise how soon searches reach the final loss of the first search.

    Args:
      curves: curves by search, with seconds per image instead of evaluations; the first is the
        reference.

    Returns:
      Per search: ``search``, ``iterations``, ``pace`` (seconds per image and iteration),
      ``seconds`` per image of the whole search, ``loss`` (final median), ``each`` (median over
      images of the seconds until an image reaches the reference's final loss for that image),
      ``reached`` (share of the images that reach it), ``median`` (seconds until the median loss
      reaches the reference's final median), and ``each_ratio`` and ``median_ratio``, the
      reference's seconds divided by these. Values that are never reached are None.
    """

    def medians(curve: SearchCurve) -> np.ndarray:
        return np.median(curve.best, axis=0, keepdims=True)

    reference = next(iter(curves.values()))
    target, middle = reference.best[:, -1], medians(reference)[:, -1]
    rows, firsts = [], {}
    for name, curve in curves.items():
        each = reached(curve, target)
        [median] = reached(SearchCurve(curve.evaluations[:1], medians(curve)), middle)
        times = {"each": float(np.median(each)), "median": float(median)}
        firsts = firsts or times
        row = {
            "search": name,
            "iterations": curve.totals.shape[1],
            "pace": float(curve.evaluations[0, 0]),
        }
        row |= {"seconds": float(curve.spent[0]), "loss": float(np.median(curve.best[:, -1]))}
        row |= {"reached": float(np.isfinite(each).mean())}
        for key, value in times.items():
            known = np.isfinite(value)
            row |= {
                key: value if known else None,
                f"{key}_ratio": firsts[key] / value if known else None,
            }
        rows.append(row)
    return rows


def text(results: Sequence[Mapping[str, Any]]) -> str:
    """Format the results as Markdown."""

    def number(value: float | None, form: str = ".3g") -> str:
        return "–" if value is None else f"{value:{form}}"

    rows = [
        [
            result["holes"],
            row["search"],
            str(row["iterations"]),
            number(1e3 * row["pace"]),
            number(row["seconds"]),
            number(row["loss"], ".2f"),
            number(row["each"]),
            number(row["each_ratio"], ".1f"),
            number(row["reached"], ".0%"),
            number(row["median"]),
            number(row["median_ratio"], ".1f"),
        ]
        for result in results
        for row in result["rows"]
    ]
    return "\n".join(
        (
            tables.markdown(HEADER, rows),
            "",
            "Times are those of all images together, divided by their number. To each loss: median",
            "over images of the time until an image's loss is where the first search leaves that",
            "image; to median loss: until the median loss is where the first search ends; ratio:",
            "how much sooner than the first search.",
        )
    )
