"""Means over images with bootstrap intervals: the uncertainty from the choice of images."""

from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 2000
LEVEL = 0.95


class Interval(NamedTuple):
    """A mean over images with a bootstrap interval.

    Attributes:
      mean: mean over the images with finite values.
      low: lower end of the interval; NaN for fewer than 2 images.
      high: upper end of the interval; NaN for fewer than 2 images.
    """

    mean: float
    low: float
    high: float


def bootstrap(values: np.ndarray) -> Interval:
    """Resample images with replacement; take the middle 95 % of the means (percentile bootstrap).

    Args:
      values: one per image, ``[N]``; infinite values (identical images) are left out.

    Returns:
      The mean and the interval, identical at every call; NaN if no value is finite.
    """
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    if len(finite) < 2 or np.ptp(finite) == 0:
        mean = float(finite.mean()) if len(finite) else float("nan")
        return Interval(mean, *((mean, mean) if len(finite) > 1 else (float("nan"), float("nan"))))
    found = stats.bootstrap(
        (finite,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(float(finite.mean()), float(found.low), float(found.high))


def difference(values: np.ndarray, others: np.ndarray) -> Interval:
    """Bootstrap the paired differences ``values - others`` of the same images, both ``[N]``."""
    values, others = np.asarray(values, np.float64), np.asarray(others, np.float64)
    both = np.isfinite(values) & np.isfinite(others)
    return bootstrap(values[both] - others[both])
