"""An experiment: the trainings that a paper reports, and the tables and figures that are made of them.

A file with ``get_experiment(argument) -> Experiment`` describes one; ``inpaint reproduce`` carries it out.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from inpaint_jax import metrics
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration, pages

SPLITS = ("train", "test")
PICTURES = ("truth", "damaged")  # columns of a grid that no arm paints
OWN_FOLDERS = ("baselines",)  # beside the arms' in the workdir


class Arm(NamedTuple):
    """One training."""

    config: str  # "desai_vae:vgg,cpu"
    overrides: tuple[str, ...] = ()  # "--config.networks.bottleneck=125"
    reuse: str | None = None  # an arm before this one, whose finished stages of equal config are taken
    holes: tuple[str, ...] = ()  # families that it is measured under; empty: all of the experiment


class Row(NamedTuple):
    """One line of a table; labels and published numbers are texts, as the paper prints them."""

    labels: tuple[str, ...]  # ("VAE VGG", "2000")
    arm: str | None  # None: a method that was published and is not here
    published: tuple[str, ...] = ()  # ("1747.96", "1784.43")


class Table(NamedTuple):
    """Published numbers, and ours beside them."""

    title: str
    header: tuple[str, ...]  # of the labels and of the published columns
    rows: tuple[Row, ...]
    measured: tuple[tuple[str, str], ...]  # (split, metric): ("test", "psnr_hole")
    holes: tuple[str, ...] = ()  # families, of which each has such a table; empty: all of the experiment


class Comparison(NamedTuple):
    """A table with a column per hole family.

    A row is one training, or several that differ by their seeds, or a baseline.
    """

    title: str
    header: str  # of the labels
    metric: str  # of the test pictures
    rows: Mapping[str, tuple[str, ...]]  # {"inv_psnr": (arm, arm, arm)}
    paired: str | None = None  # a row: what the others differ by, arm by arm, is a second table
    holes: tuple[str, ...] = ()  # families; empty: all of the experiment


class Sweep(NamedTuple):
    """A plot: a metric's mean against a number, a line per label."""

    title: str
    x: str  # what the number is
    split: str
    metric: str
    lines: Mapping[str, Mapping[float, str]]  # {"VAE VGG": {125: arm, 500: arm}}


class HoleSweep(NamedTuple):
    """A plot: a metric's mean of the test pictures against what holes they have, a line per label."""

    title: str
    x: str  # what the holes differ in
    metric: str
    lines: Mapping[str, str]  # {"trained on the centre": arm or baseline}
    holes: Mapping[float, str] | Mapping[str, str]  # {4: "center:4", 8: "center:8"}, or names in their order


class Curve(NamedTuple):
    """A plot of training: metrics of a stage against its steps, a line per label."""

    title: str
    stage: str
    y: str  # what the metrics are
    lines: Mapping[str, tuple[str, str]]  # {"noisy": (arm, metric of the stage's metrics.jsonl)}


class Descent(NamedTuple):
    """A plot of searches: the mean loss of the test pictures against iterations, a line per label."""

    title: str
    lines: Mapping[str, str]


class Evolution(NamedTuple):
    """A plot of one arm's searches: the mean of every term over the test pictures against iterations."""

    title: str
    arm: str


class Grid(NamedTuple):
    """A figure: columns of test pictures."""

    title: str  # and the file's name
    columns: tuple[str, ...]  # "truth", "damaged", or an arm
    pick: str | None = None  # None: the first pictures; an arm: its lowest ``by`` something, ties by index
    rows: int = 8  # of each family
    holes: tuple[str, ...] = ()  # families that are shown in one figure, one below the other; empty: a figure for each
    by: str = "psnr_hole"  # a metric, or a term of that arm's search at its answer
    highest: bool = False  # those come first


class Experiment(NamedTuple):
    """A paper's trainings and what is made of them. Where there are several hole families, so are tables and grids.

    Baselines have tables for the families that the paper's tables are of, or for all where there are none.
    """

    arms: Mapping[str, Arm]
    holes: tuple[str, ...]  # families, as inpaint evaluate takes them
    against: tuple[str, ...]  # baselines likewise, measured on the test pictures
    tables: tuple[Table, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    hole_sweeps: tuple[HoleSweep, ...] = ()
    curves: tuple[Curve, ...] = ()
    descents: tuple[Descent, ...] = ()
    evolutions: tuple[Evolution, ...] = ()
    grids: tuple[Grid, ...] = ()
    train_count: int = 500  # training pictures that are measured too; 0: none


def load(spec: str) -> Experiment:
    """Read the experiment that a command names: ``desai:cpu`` for a shipped one, or ``FILE.py:argument``.

    Raises:
      InputError: for an unknown experiment, or one that names what is not there.
    """
    experiment = configuration.from_page(spec, "get_experiment", pages.EXPERIMENTS, option="--experiment")
    if not isinstance(experiment, Experiment):
        raise InputError(f"--experiment: {spec} returns {type(experiment).__name__}, not an Experiment")
    check(experiment)
    return experiment


def check(experiment: Experiment) -> None:
    """Raises InputError for the first name that stands for nothing, or row that does not fit its table."""
    if not (experiment.arms and experiment.holes):
        raise InputError("an experiment needs at least one arm and one hole family")
    arms = list(experiment.arms)
    for where, known, arm in mentioned(experiment):
        if arm not in known:
            raise InputError(f"{where}: unknown arm {arm!r}; known: {', '.join(known)}")
    for i, (name, arm) in enumerate(experiment.arms.items()):
        if name in (*PICTURES, *OWN_FOLDERS) or "/" in name:
            raise InputError(f"arm {name!r}: choose another name, this one has a meaning")
        if arm.reuse in arms[i:]:
            raise InputError(f"arm {name!r} reuses {arm.reuse!r}, which does not come before it")
    for table in experiment.tables:
        for row in table.rows:
            if len(row.labels) + len(row.published) != len(table.header):
                raise InputError(f"{table.title}: the row {', '.join(row.labels)} does not fit the header")
    for comparison in experiment.comparisons:
        if comparison.paired is not None and len({*map(len, comparison.rows.values())}) > 1:
            raise InputError(f"{comparison.title}: rows that are compared arm by arm must be as long")
        if comparison.paired not in (None, *comparison.rows):
            raise InputError(f"{comparison.title}: unknown row {comparison.paired!r} to compare to")
    for where, family in chosen_holes(experiment):
        if family not in experiment.holes:
            raise InputError(f"{where}: unknown holes {family!r}; known: {', '.join(experiment.holes)}")
    splits = SPLITS if experiment.train_count else ("test",)
    for where, split, metric in measurements(experiment):
        if split not in splits:
            raise InputError(f"{where}: unknown split {split!r}; known: {', '.join(splits)}")
        if metric not in metrics.PROTOCOLS:
            raise InputError(f"{where}: unknown metric {metric!r}; known: {', '.join(metrics.PROTOCOLS)}")
    for figures in (
        experiment.sweeps,
        experiment.hole_sweeps,
        experiment.curves,
        experiment.descents,
        experiment.evolutions,
        experiment.grids,
    ):
        titles = [figure.title for figure in figures]
        if repeated := next((title for title in titles if titles.count(title) > 1), None):
            raise InputError(f"two figures of the title {repeated!r} would be one file")


def mentioned(experiment: Experiment) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Every use of an arm's name: ``(where, names that are known there, arm)``."""
    arms = tuple(experiment.arms)
    for name, arm in experiment.arms.items():
        if arm.reuse is not None:
            yield f"arm {name!r}", arms, arm.reuse
    for table in experiment.tables:
        yield from ((table.title, arms, row.arm) for row in table.rows if row.arm is not None)
    for sweep in experiment.sweeps:
        yield from ((sweep.title, arms, arm) for line in sweep.lines.values() for arm in line.values())
    measured = (*arms, *experiment.against)
    for comparison in experiment.comparisons:
        yield from ((comparison.title, measured, arm) for row in comparison.rows.values() for arm in row)
    for sweep in experiment.hole_sweeps:
        yield from ((sweep.title, measured, arm) for arm in sweep.lines.values())
    for curve in experiment.curves:
        yield from ((curve.title, arms, arm) for arm, _ in curve.lines.values())
    for descent in experiment.descents:
        yield from ((descent.title, arms, arm) for arm in descent.lines.values())
    yield from ((evolution.title, arms, evolution.arm) for evolution in experiment.evolutions)
    for grid in experiment.grids:
        yield from ((grid.title, arms, arm) for arm in grid.columns if arm not in PICTURES)
        if grid.pick is not None:
            yield grid.title, arms, grid.pick


def chosen_holes(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Every family that a table or a figure chooses: ``(where, family)``."""
    for name, arm in experiment.arms.items():
        yield from ((f"arm {name!r}", family) for family in arm.holes)
    for its in (*experiment.tables, *experiment.comparisons, *experiment.grids):
        yield from ((its.title, family) for family in its.holes)
    for sweep in experiment.hole_sweeps:
        yield from ((sweep.title, family) for family in sweep.holes.values())


def measurements(experiment: Experiment) -> Iterator[tuple[str, str, str]]:
    """Every number that is shown: ``(where, split, metric)``."""
    for table in experiment.tables:
        yield from ((table.title, split, metric) for split, metric in table.measured)
    for comparison in experiment.comparisons:
        yield comparison.title, "test", comparison.metric
    for sweep in experiment.sweeps:
        yield sweep.title, sweep.split, sweep.metric
    for sweep in experiment.hole_sweeps:
        yield sweep.title, "test", sweep.metric
