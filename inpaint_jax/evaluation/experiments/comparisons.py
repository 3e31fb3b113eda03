"""Comparisons of methods under every hole family, with differences to one method."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.experiments.captions import caption
from inpaint_jax.evaluation.experiments.context import Context

PLUS_MINUS = (
    "± is the standard error over images of one pair of trainings, the "
    "deviation over pairs of several"
)


class Comparison(NamedTuple):
    """A table of the test images with a column per hole family.

    A row is one training, or several trainings with different seeds, or a baseline. The floors that
    the experiment measures (``context.FLOORS``) are the last rows.
    """

    title: str
    header: str  # of the labels
    metric: str
    rows: Mapping[str, tuple[str, ...]]  # {"inv_psnr": (arm, arm, arm)}
    paired: str | None = None  # a row: a second table shows the differences to it, arm by arm
    holes: tuple[str, ...] = ()  # families; empty: all of the experiment

    def check(self) -> None:
        """Raise InputError for rows that cannot be paired."""
        if self.paired is not None and len({*map(len, self.rows.values())}) > 1:
            raise InputError(
                f"{self.title}: rows that are compared arm by arm must have equal lengths"
            )
        if self.paired not in (None, *self.rows):
            raise InputError(f"{self.title}: unknown reference row {self.paired!r}")

    def arms(self) -> list[str]:
        return [arm for arms in self.rows.values() for arm in arms]

    def families(self) -> tuple[str, ...]:
        return self.holes

    def metrics(self) -> list[tuple[str, str]]:
        return [("test", self.metric)]

    def render(self, context: Context) -> Iterator[tuple[str, str, str]]:
        """Yield ``(title, Markdown, caption)`` of the table and of the table of differences."""
        names = dict.fromkeys((*self.arms(), *context.floors(self.arms())))
        source = caption(context, names, self.holes or context.families, [self.metric])
        yield self.title, self.means(context), source
        if self.paired is not None:
            title = f"{self.title}, difference to {self.paired!r}"
            yield title, self.differences(context), f"{PLUS_MINUS}; {source}"

    def floors(self, context: Context) -> dict[str, tuple[str, ...]]:
        """Return the rows of the floors."""
        return {f"floor: {name}": (name,) for name in context.floors(self.arms())}

    def means(self, context: Context) -> str:
        """Tabulate the metric under every family, and the mean over the families.

        Several trainings give mean and standard deviation. A method has no number under holes that
        it does not support, and then no mean over the families.
        """
        rows, families = [], self.holes or context.families
        for label, arms in self.rows.items():
            numbers = means_of_arms(context, arms, families, self.metric)
            numbers = numbers[:, ~np.isnan(numbers).all(0)]  # without untrained arms
            rows.append([label, str(numbers.shape[1]), *map(cell, numbers)])
        for label, arms in self.floors(context).items():
            numbers = means_of_arms(context, arms, families, self.metric)
            rows.append([label, "–", *map(cell, numbers)])
        return tables.markdown([self.header, "trainings", *families, "mean"], rows)

    def differences(self, context: Context) -> str:
        """Tabulate the difference of every row to the row ``paired``, pair by pair.

        Several pairs give mean and standard deviation over the pairs. One pair gives mean and
        standard error over the images, except images with an infinite metric.
        """
        assert self.paired is not None
        families, single = self.holes or context.families, len(self.rows[self.paired]) == 1
        numbers = values_of_images if single else means_of_arms
        rows, base = [], numbers(context, self.rows[self.paired], families, self.metric)
        floors = self.floors(context) if single else {}
        for label, arms in {**self.rows, **floors}.items():
            if label == self.paired:
                continue
            with np.errstate(invalid="ignore"):  # two perfect images: infinity - infinity is NaN
                differences = numbers(context, arms, families, self.metric) - base
            finite = differences[:, np.isfinite(differences).any(0)]
            pairs = min(finite.shape[1], len(arms))
            rows.append(
                [label, str(pairs), *(cell(line, sign="+", error=single) for line in finite)]
            )
        return tables.markdown([self.header, "pairs", *families, "mean"], rows)


def means_of_arms(
    context: Context, arms: Sequence[str], families: Sequence[str], metric: str
) -> np.ndarray:
    """Return means of the metric, ``[F + 1, A]``, last the mean of the families; NaN: missing."""
    means = [[context.mean(arm, family, metric) for arm in arms] for family in families]
    return with_mean(np.array(means, np.float64))


def values_of_images(
    context: Context, arms: Sequence[str], families: Sequence[str], metric: str
) -> np.ndarray:
    """Return the metric per image of the only arm, ``[F + 1, N]``, last the families' mean."""
    [arm] = arms
    values = [context.values(arm, family, metric) for family in families]
    none = np.full(len(context.sets["test"].names), np.nan)
    return with_mean(np.array([none if v is None else v for v in values], np.float64))


def with_mean(lines: np.ndarray) -> np.ndarray:
    """Append the mean over the first axis: ``[F, K] -> [F + 1, K]``."""
    return np.concatenate([lines, lines.mean(0, keepdims=True)])


def cell(values: np.ndarray, *, sign: str = "", error: bool = False) -> str:
    """Format mean and deviation, or standard error, of the finite numbers; a dash if none."""
    finite = values[np.isfinite(values)]
    return tables.mean_and_spread(finite, sign=sign, error=error) if len(finite) else "–"
