"""Tables of numbers for people and programs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inpaint_jax.metrics import SetScore


def mean(values: np.ndarray | SetScore | None) -> str:
    """Format the mean of the finite values, or a set's score; a dash for an absent method."""
    return cell(summary(values))


def cell(numbers: Mapping[str, Any] | None) -> str:
    """Format the mean of a ``summary``, possibly read from JSON; a dash if there is none."""
    if numbers is None:
        return "–"
    mean = float("inf") if numbers["mean"] is None else numbers["mean"]  # JSON has no infinity
    digits, error = 3 if abs(mean) < 1 else 2, numbers.get("error")
    text = f"{mean:.{digits}f}"
    return text if error is None or math.isnan(error) else f"{text} ± {error:.{digits}f}"


def mean_and_spread(
    values: Sequence[float] | np.ndarray, *, sign: str = "", error: bool = False
) -> str:
    """Format the mean of some numbers and, for several numbers, the uncertainty.

    Args:
      values: the numbers.
      sign: "+" to show the sign of the mean.
      error: show the standard error of the mean instead of the sample's standard deviation.
    """
    digits = 3 if abs(np.mean(values)) < 1 else 2
    if len(values) < 2:
        return f"{np.mean(values):{sign}.{digits}f}"
    deviation = np.std(values, ddof=1) / (len(values) ** 0.5 if error else 1)
    if deviation > 1e-5:  # a smaller one is rounding; a larger one gets a nonzero digit
        digits = max(digits, -math.floor(math.log10(deviation)))
    return f"{np.mean(values):{sign}.{digits}f} ± {deviation:.{digits}f}"


def summary(values: np.ndarray | SetScore | None) -> dict[str, Any] | None:
    """Compute mean, standard deviation and median over images; count infinite values separately.

    Infinite values come from identical images. For a score of the whole set, the mean is the value,
    and its standard error is included.
    """
    if values is None:
        return None
    if isinstance(values, SetScore):
        return {"mean": values.value, "error": values.error}
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {"mean": float("inf"), "std": 0.0, "median": float("inf"), "infinite": len(values)}
    return {
        "mean": float(finite.mean()),
        "std": float(finite.std()),
        "median": float(np.median(finite)),
        "infinite": int(len(values) - len(finite)),
    }


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table whose columns also align on a terminal."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
