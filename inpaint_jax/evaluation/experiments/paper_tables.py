"""Tables of a paper: published numbers beside ours."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.experiments.captions import caption
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.titles import with_family


class Row(NamedTuple):
    """One line of a table; labels and published numbers are texts, as printed in the paper."""

    labels: tuple[str, ...]  # ("VAE VGG", "2000")
    arm: str | None  # an arm or baseline; None: a published method that is not implemented here
    published: tuple[str, ...] = ()  # ("1747.96", "1784.43")


class Logged(NamedTuple):
    """A column with a metric of the training: its mean over the last tenth of the log.

    Several stages of an arm that log the metric are averaged.
    """

    header: str
    metric: str  # of the stages' metrics.jsonl
    times: float = 1.0

    def cell(self, context: Context, arm: str | None) -> str:
        """Format the mean; a dash for an arm that was not trained here, or without the metric."""
        summary = context.summary(arm) if arm else None
        stages = (summary or {}).get("training_seconds") or {}
        logs = [context.logged(arm, stage, self.metric)[1] for stage in stages] if arm else []
        ends = [np.mean(values[-max(len(values) // 10, 1) :]) for values in logs if values]
        return f"{self.times * np.mean(ends):.2f}" if ends else "–"


class Table(NamedTuple):
    """Published numbers beside ours, one table per hole family.

    The floors that the experiment measures (``context.FLOORS``) are the last rows.
    """

    title: str
    header: tuple[str, ...]  # titles of the label columns and of the published columns
    rows: tuple[Row, ...]
    measured: tuple[tuple[str, str], ...]  # (split, metric): ("test", "psnr_hole")
    holes: tuple[str, ...] = ()  # families; empty: all of the experiment
    logged: tuple[Logged, ...] = ()  # columns after the measured ones

    def check(self) -> None:
        """Raise InputError for a row that does not fit the header."""
        for row in self.rows:
            if len(row.labels) + len(row.published) != len(self.header):
                raise InputError(
                    f"{self.title}: the row {', '.join(row.labels)} does not fit the header"
                )

    def arms(self) -> list[str]:
        return [row.arm for row in self.rows if row.arm is not None]

    def families(self) -> tuple[str, ...]:
        return self.holes

    def metrics(self) -> tuple[tuple[str, str], ...]:
        return self.measured

    def render(self, context: Context) -> Iterator[tuple[str, str, str]]:
        """Yield ``(title, Markdown, caption)`` for every hole family."""
        families = self.holes or context.families
        metrics = list(dict.fromkeys(metric for _, metric in self.measured))
        splits = list(dict.fromkeys(split for split, _ in self.measured))
        for family in families:
            names = dict.fromkeys((*self.arms(), *context.floors(self.arms())))
            source = caption(context, names, [family], metrics, splits=splits)
            yield with_family(self.title, family, families), self.markdown(context, family), source

    def markdown(self, context: Context, family: str) -> str:
        """Format the table of one hole family."""
        rows, unknown = [], ["–"] * (len(self.header) - 1)
        floors = [Row((f"floor: {name}", *unknown), name) for name in context.floors(self.arms())]
        for row in (*self.rows, *floors):
            scores = [
                context.score(row.arm, family, metric, split=split) if row.arm else None
                for split, metric in self.measured
            ]
            logged = [column.cell(context, row.arm) for column in self.logged]
            rows.append([*row.labels, *row.published, *map(tables.cell, scores), *logged])
        measured = [f"{metric} {split}" for split, metric in self.measured]
        header = [*self.header, *measured, *(column.header for column in self.logged)]
        return tables.markdown(header, rows)
