"""Experiments: the trainings of a paper, and the tables and figures of their results.

A file with ``get_experiment(argument) -> Experiment`` describes an experiment, and ``inpaint
reproduce`` runs it. ``inpaint_jax.evaluation.experiments.figures`` shows how to write your own
figure.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from inpaint_jax import metrics
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.experiments.comparisons import Comparison
from inpaint_jax.evaluation.experiments.context import FLOORS
from inpaint_jax.evaluation.experiments.figures import (
    Figure,
    Grid,
    HoleSweep,
    Inversion,
    LossCurves,
    Samples,
    Sweep,
    TermCurves,
    TrainingCurve,
    find,
)
from inpaint_jax.evaluation.experiments.figures.grids import WITHOUT_ARM
from inpaint_jax.evaluation.experiments.paper_tables import Logged, Row, Table
from inpaint_jax.evaluation.experiments.titles import slug
from inpaint_jax.runs import configuration, pages
from inpaint_jax.runs.methods import GROUPS, label, parse

__all__ = [
    "FLOORS",
    "Arm",
    "Comparison",
    "Experiment",
    "Figure",
    "Grid",
    "HoleSweep",
    "Inversion",
    "Logged",
    "LossCurves",
    "Row",
    "Samples",
    "Sweep",
    "Table",
    "TermCurves",
    "TrainingCurve",
    "check",
    "load",
]

# Reserved names: columns of a grid, and the folder of the baselines beside the arms' folders.
RESERVED = (*WITHOUT_ARM, "baselines")


class Arm(NamedTuple):
    """One training."""

    config: str  # "desai_vae:vgg,cpu"
    overrides: tuple[str, ...] = ()  # "--config.networks.bottleneck=125"
    reuse: str | None = None  # an earlier arm: take its finished stages of equal config
    holes: tuple[str, ...] = ()  # families to measure under; empty: all of the experiment


class Experiment(NamedTuple):
    """The trainings of a paper, with tables and figures.

    Tables and grids are repeated for every hole family. Baselines are tabulated under the families
    of the paper's tables, or under all families if there are no tables.
    """

    arms: Mapping[str, Arm]
    holes: tuple[str, ...]  # as for inpaint evaluate; a folder of holes is for test images only
    against: tuple[str, ...]  # methods, as for inpaint evaluate, measured on the test images
    tables: tuple[Table, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    figures: tuple[Figure | str, ...] = ()  # a string is "module:attribute" of a Figure
    train_count: int = 500  # training images that are measured too; 0: none

    def parts(self) -> list[Table | Comparison | Figure]:
        """Return all parts that show results: tables, comparisons, figures."""
        return [*self.tables, *self.comparisons, *map(find, self.figures)]

    def metrics(self) -> tuple[str, ...]:
        """Return the metrics to measure: the defaults, and all metrics of tables and figures."""
        named = (metric for part in self.parts() for _, metric in part.metrics())
        return tuple(dict.fromkeys((*metrics.DEFAULT, *named)))


def load(spec: str) -> Experiment:
    """Load an experiment by name: ``desai:cpu`` if it is shipped, or ``FILE.py:words``.

    Raises:
      InputError: an unknown experiment, or one with unknown names.
    """
    experiment = configuration.from_page(
        spec, "get_experiment", pages.EXPERIMENTS, option="--experiment"
    )
    if not isinstance(experiment, Experiment):
        raise InputError(
            f"--experiment: {spec} returns {type(experiment).__name__}, not an Experiment"
        )
    check(experiment)
    return experiment


def check(experiment: Experiment) -> None:
    """Raise InputError for unknown names, rows that do not fit a table, or repeated titles."""
    if not (experiment.arms and experiment.holes):
        raise InputError("an experiment needs at least one arm and one hole family")
    check_arms(experiment)
    for table in (*experiment.tables, *experiment.comparisons):
        table.check()
    baselines = [
        label(parse(text)) for group in experiment.against for text in GROUPS.get(group, (group,))
    ]
    methods = (*experiment.arms, *baselines)
    splits = ("test", "train") if experiment.train_count else ("test",)
    for part in experiment.parts():
        for name in part.arms():
            check_known(part.title, "arm", name, methods)
        for family in part.families():
            check_known(part.title, "holes", family, experiment.holes)
        for split, metric in part.metrics():
            check_known(part.title, "split", split, splits)
            check_metric(part.title, metric)
    files: dict[str, str] = {}
    for figure in map(find, experiment.figures):
        if (file := slug(figure.title)) in files:
            raise InputError(
                f"the figures {files[file]!r} and {figure.title!r} would have "
                "the same file: rename one"
            )
        files[file] = figure.title


def check_arms(experiment: Experiment) -> None:
    """Raise InputError for a reserved name, unknown holes, or an arm that cannot be reused."""
    names = list(experiment.arms)
    for number, (name, arm) in enumerate(experiment.arms.items()):
        where = f"arm {name!r}"
        if name in RESERVED or "/" in name:
            raise InputError(f"{where}: choose another name, this one is reserved")
        for family in arm.holes:
            check_known(where, "holes", family, experiment.holes)
        if arm.reuse is not None:
            check_known(where, "arm", arm.reuse, names)
            if arm.reuse in names[number:]:
                raise InputError(f"{where} reuses {arm.reuse!r}, which must come before it")


def check_metric(where: str, name: str) -> None:
    """Raise InputError unless the name is a metric of single images or ``module:attribute``."""
    try:
        found = metrics.resolve([name])[name]
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    if isinstance(found, metrics.SetMetric):
        raise InputError(
            f"{where}: {name} is a metric of whole sets, which only inpaint evaluate measures"
        )


def check_known(where: str, kind: str, name: str, known: Collection[str]) -> None:
    """Raise InputError unless the name is known."""
    if name not in known:
        raise InputError(f"{where}: unknown {kind} {name!r}; known: {', '.join(known)}")
