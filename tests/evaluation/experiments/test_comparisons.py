"""Comparisons: means of several trainings under every hole family, and their format."""

import json
from pathlib import Path

import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.experiments import (
    Arm,
    Comparison,
    Experiment,
    Grid,
    Logged,
    Row,
    Table,
    check,
    reproduce,
)
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.runs.method import Method


def test_a_method_for_some_holes_only():
    """Unsupported holes give no number and no mean; missing trainings do not count."""
    measured = {"center": {"scores": {"psnr_hole": {"mean": 20.0}}}, "left": None}
    summaries = {"one": {"measured": {"test": measured}}, "other": None}
    context = Context(Path(), ("center", "left"), {}, summaries, {})
    comparison = Comparison(
        "By holes", "method", "psnr_hole", {"ours": ("one", "other"), "theirs": ("other",)}
    )
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in comparison.means(context).splitlines()
    ]
    assert cells[2:] == [["ours", "1", "20.00", "–", "–"], ["theirs", "0", "–", "–", "–"]]


def cells_of(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]


def test_floors_are_the_last_rows_of_every_table():
    """E26: measured floors that no row shows already;
    other baselines are left to their own table.
    """

    def measured(psnr):
        return {"measured": {"test": {"center": {"scores": {"psnr_hole": {"mean": psnr}}}}}}

    baselines = {"telea": measured(5.0), "nearest": measured(6.0), "mean": measured(7.0)}
    context = Context(Path(), ("center",), {}, {"ours": measured(20.0)}, baselines)
    rows = (Row(("ours", "1"), "ours", ("19",)),)
    table = Table("Table", ("method", "n", "published"), rows, (("test", "psnr_hole"),))
    floors = [["floor: mean", "–", "–", "7.00"], ["floor: nearest", "–", "–", "6.00"]]
    assert cells_of(table.markdown(context, "center")) == [["ours", "1", "19", "20.00"], *floors]
    comparison = Comparison(
        "By holes", "method", "psnr_hole", {"ours": ("ours",), "mean": ("mean",)}
    )
    assert [row[:3] for row in cells_of(comparison.means(context))] == [
        ["ours", "1", "20.00"],
        ["mean", "1", "7.00"],
        ["floor: nearest", "–", "6.00"],
    ]


def test_a_column_of_the_training_log(tmp_path):
    """The mean of the last tenth of two stages, in units of a hundredth;
    nothing where nothing was logged.
    """
    for stage, end in (("adversarial_tl", 1.0), ("adversarial_br", 2.0)):
        (tmp_path / "ours" / stage).mkdir(parents=True)
        lines = [{"step": step, "bce": 9.0 if step <= 18 else end} for step in range(1, 21)]
        (tmp_path / "ours" / stage / "metrics.jsonl").write_text(
            "".join(f"{json.dumps(line)}\n" for line in lines)
        )
    summary = {
        "measured": {},
        "training_seconds": {"adversarial_tl": 1.0, "adversarial_br": 1.0, "first": None},
    }
    context = Context(
        tmp_path, ("center",), {}, {"ours": summary, "later": None}, {"mean": {"measured": {}}}
    )
    rows = tuple(Row((name,), arm) for name, arm in (("a", "ours"), ("b", "later"), ("c", None)))
    table = Table("Table", ("method",), rows, (), logged=(Logged("100 bce", "bce", times=100),))
    assert cells_of(table.markdown(context, "center")) == [
        ["a", "150.00"],
        ["b", "–"],
        ["c", "–"],
        ["floor: mean", "–"],
    ]


def test_baselines_are_measured_on_test_images_only():
    measured = {"test": {"center": {"scores": {"psnr_hole": {"mean": 20.0}}}}}
    context = Context(
        Path("runs"), ("center",), {}, {"ours": None}, {"mean": {"measured": measured}}
    )
    assert context.mean("mean", "center", "psnr_hole") == 20.0
    assert context.score("mean", "center", "psnr_hole", split="train") is None
    assert context.folder("mean") == Path("runs/baselines/mean") and context.folder("ours") == Path(
        "runs/ours"
    )


def test_rows_that_cannot_be_paired():
    uneven = Comparison(
        "Pairs", "method", "psnr_hole", {"a": ("one",), "b": ("one", "two")}, paired="a"
    )
    with pytest.raises(
        InputError, match="Pairs: rows that are compared arm by arm must have equal lengths"
    ):
        uneven.check()
    with pytest.raises(InputError, match="Pairs: unknown reference row 'c'"):
        uneven._replace(rows={"a": ("one",)}, paired="c").check()


def test_spreads_have_a_digit_that_counts():
    assert (
        tables.mean_and_spread([1.0]) == "1.00"
        and tables.mean_and_spread([1.5, 1.6], sign="+") == "+1.55 ± 0.07"
    )
    assert tables.mean_and_spread([0.0021, 0.0023, 0.0019]) == "0.0021 ± 0.0002"
    assert tables.mean_and_spread([0.1, 0.3] * 50, error=True) == "0.200 ± 0.010"
    assert tables.mean_and_spread([0.1 + 0.2, 0.3]) == "0.300 ± 0.000"


def test_methods_beside_the_arms_have_the_names_of_tables(tmp_path):
    """Group members, options, last path components; other names are refused before training."""
    (tmp_path / "faces").mkdir()
    against = ("opencv", "telea?radius=5", f"{tmp_path}/faces")
    comparison = Comparison(
        "All", "method", "psnr_hole", {"a": ("ours", "navier_stokes", "telea?radius=5", "faces")}
    )
    experiment = Experiment({"ours": Arm("")}, ("center",), against, comparisons=(comparison,))
    check(experiment)
    with pytest.raises(
        InputError, match="All: unknown arm 'opencv'; known: ours, telea, navier_stokes, "
    ):
        check(experiment._replace(comparisons=(comparison._replace(rows={"a": ("opencv",)}),)))


def test_what_a_summary_of_a_baseline_depends_on():
    """A baseline depends on name and training images, a trained run also on its state."""
    baseline = Method("mean", ["mean", ""], None, lambda hole: None, lambda *_, **__: iter(()), 1)
    run = baseline._replace(name="faces", identity=["0123456789abcdef", {"dcgan": 4}])
    assert reproduce.baseline_identity(baseline, "faces?split=train") == {
        "baseline": "mean",
        "train": "faces?split=train",
    }
    longer = run._replace(identity=["0123456789abcdef", {"dcgan": 8}])
    assert reproduce.baseline_identity(run, "") != reproduce.baseline_identity(longer, "")


def test_methods_without_training_stand_in_every_part():
    """Methods appear by name in rows of a comparison and in columns of a grid."""
    names = ("biharmonic", "telea", "navier_stokes", "fsr_fast", "shift_map", "harmonic", "mean")
    comparison = Comparison("Classical", "method", "psnr_hole", {name: (name,) for name in names})
    grid = Grid("columns", ("damaged", *names, "truth"))
    parts = dict(comparisons=(comparison,), figures=(grid,))
    check(Experiment({"ours": Arm("")}, ("center",), ("classical",), **parts))
    with pytest.raises(InputError, match="unknown arm 'biharmonic'"):
        check(Experiment({"ours": Arm("")}, ("center",), ("opencv",), **parts))
