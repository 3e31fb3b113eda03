"""``inpaint reproduce``: an experiment of two tiny arms, once; then what is done stays done, and is shown."""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli, metrics
from inpaint_jax.data import sheets
from inpaint_jax.evaluation import evaluate, tables
from inpaint_jax.evaluation.experiments import Arm, Comparison, Grid, comparisons, figures, reproduce
from inpaint_jax.evaluation.experiments import report as experiment_report
from inpaint_jax.evaluation.experiments import summary as arm_summary
from inpaint_jax.evaluation.picture_set import PictureSet

EXPERIMENT = """
from inpaint_jax.evaluation.experiments import Arm, Comparison, Curve, Descent, Evolution, Experiment, Grid
from inpaint_jax.evaluation.experiments import HoleSweep, Row, Sweep, Table

TINY = {tiny}


def get_experiment(argument="whole"):
    return Experiment(
        arms=dict(
            short=Arm("configs/yeh.py:smoke", TINY),
            long=Arm("configs/yeh.py:smoke,adam", (*TINY, "--config.search.iterations=12"), reuse="short"),
        ),
        holes=("center", "random:0.8"),
        against=("mean",),
        tables=(
            Table(
                "Table 1",
                ("search", "iterations", "published"),
                (Row(("nag", "6"), "short", ("19.4",)), Row(("adam", "12"), "long", ("20.1",))),
                (("train", "desai_legacy_sse"), ("test", "psnr_hole")),
            ),
            Table(
                "Table 2",
                ("search",),
                (Row(("theirs",), None), Row(("ours",), "short")),
                (("test", "ssim_full"),),
                holes=("center",),
            ),
        ),
        hole_sweeps=(
            HoleSweep(
                "By hole", "hole", "psnr_hole", dict(ours="long", mean="mean"), dict(few="center", many="random:0.8")
            ),
        ),
        sweeps=(Sweep("Iterations", "iterations", "test", "psnr_hole", dict(yeh={{6: "short", 12: "long"}})),),
        curves=(Curve("Training", "dcgan", "score", dict(real=("short", "critic_real"))),),
        comparisons=(
            Comparison("By holes", "search", "psnr_hole", dict(both=("short", "long"), long=("long",))),
            Comparison("Beside a baseline", "search", "psnr_hole", dict(mean=("mean",)), holes=("center",)),
            Comparison("Pairs", "search", "psnr_hole", dict(a=("short", "long"), b=("long", "short")), paired="a"),
            Comparison("One pair", "search", "psnr_hole", dict(mean=("mean",), long=("long",)), paired="mean"),
        ),
        descents=(Descent("Searching", dict(nag="short", adam="long")),),
        evolutions=(Evolution("Terms", "short"),),
        grids=(
            Grid("figure1", ("damaged", "short", "long", "truth"), pick="short", rows=3),
            Grid("figure2", ("damaged", "long"), rows=2, holes=("center", "random:0.8")),
        ),
        train_count=5,
    )
"""


@pytest.fixture(scope="module")
def file(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("experiment") / "tiny.py"
    path.write_text(EXPERIMENT.format(tiny=tiny))
    return path


def run(file, workdir, *arguments):
    pictures = ["--train=facades?split=train&count=64", "--images=facades?split=test", "--count=6"]
    return cli.main(["reproduce", f"--experiment={file}", f"--workdir={workdir}", *pictures, *arguments])


@pytest.fixture(scope="module")
def done(file, tmp_path_factory):
    """A finished experiment; not to be changed."""
    workdir = tmp_path_factory.mktemp("runs") / "tiny"
    assert run(file, workdir) == 0
    return workdir


def test_a_method_for_some_holes_only():
    """It has numbers for those, and no mean; a training that is not there yet does not count."""
    measured = {"center": {"scores": {"psnr_hole": {"mean": 20.0}}}, "left": None}
    summaries = {"one": {"measured": {"test": measured}}, "other": None}
    comparison = Comparison("By holes", "method", "psnr_hole", {"ours": ("one", "other"), "theirs": ("other",)})
    table = comparisons.comparison_table(comparison, ("center", "left"), summaries)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert cells[2:] == [["ours", "1", "20.00", "–", "–"], ["theirs", "0", "–", "–", "–"]]


def test_spreads_have_a_digit_that_counts():
    assert tables.spread([1.0]) == "1.00" and tables.spread([1.5, 1.6], sign="+") == "+1.55 ± 0.07"
    assert tables.spread([0.0021, 0.0023, 0.0019]) == "0.0021 ± 0.0002"
    assert tables.spread([0.1, 0.3] * 50, error=True) == "0.200 ± 0.010"
    assert tables.spread([0.1 + 0.2, 0.3]) == "0.300 ± 0.000"


def test_a_grid_of_several_holes():
    """One below the other, each with its own damage; an arm that lacks one of them is left out."""
    truth, shape = np.ones((3, 128, 128, 3), np.float32), (3, 128, 128, 1)
    gaps = {"left": np.zeros(shape, np.float32), "top": np.zeros(shape, np.float32)}
    gaps["left"][:, :, :64], gaps["top"][:, :32] = 1, 1
    pictures = PictureSet((), ["a", "b", "c"], truth, "", gaps, {}, 0)
    grey = evaluate.Answer(np.full((3, 128, 128, 3), 128, np.uint8), 1.0, {})
    answers = {"both": {"left": grey, "top": grey}, "one": {"left": grey, "top": None}}
    grid = Grid("two", ("damaged", "both", "one"), rows=2, holes=("left", "top"))
    sheet = figures.contact_sheet(grid, pictures, grid.holes, answers)
    first, row = sheets.FONT_SIZE + 2 * sheets.MARGIN, 128 + sheets.GAP
    assert sheet.shape[0] == first + 4 * row
    shown = [(sheet[first + i * row : first + (i + 1) * row] == 128).all(2).sum() / 128**2 for i in range(4)]
    np.testing.assert_allclose(shown, [1.5, 1.5, 1.25, 1.25], atol=0.01)


@pytest.fixture
def idle(monkeypatch):
    """Fails where anything is trained or completed."""
    monkeypatch.setattr(reproduce, "train", lambda *_, **__: pytest.fail("it was trained before"))
    monkeypatch.setattr(evaluate, "run", lambda *_, **__: pytest.fail("it was completed before"))


def rows(report, title):
    """The cells of a table, without its header."""
    (table,) = [table for table in report["tables"] if table["title"] == title]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table["markdown"].splitlines()[2:]]


def test_summaries(done):
    short, long = (json.loads((done / arm / "summary.json").read_text()) for arm in ("short", "long"))
    assert short["pictures"]["train"]["count"] == 5 and short["pictures"]["test"]["count"] == 6
    for split in ("train", "test"):
        for family in ("center", "random:0.8"):
            assert set(short["measured"][split][family]["scores"]) == set(metrics.PROTOCOLS)
    assert short["training_seconds"]["dcgan"] > 0 and long["training_seconds"] == {"dcgan": None}  # reused
    assert set(short["parameters"]["dcgan"]) == {"generator", "critic"}
    assert short["run"]["config_hash"] != long["run"]["config_hash"]


def test_report(done):
    report = json.loads((done / "report.json").read_text())
    short = report["arms"]["short"]["measured"]
    first = rows(report, "Table 1, center")[0]
    assert first[:3] == ["nag", "6", "19.4"]
    assert first[4] == f"{short['test']['center']['scores']['psnr_hole']['mean']:.2f}"
    assert [row[0] for row in rows(report, "Baselines, random:0.8")] == ["mean"]
    both, long = rows(report, "By holes")
    means = {
        arm: [its["measured"]["test"][family]["scores"]["psnr_hole"]["mean"] for family in ("center", "random:0.8")]
        for arm, its in report["arms"].items()
    }
    assert long == ["long", "1", *(f"{value:.2f}" for value in (*means["long"], np.mean(means["long"])))]
    assert both[1] == "2" and both[2] == tables.spread([means["short"][0], means["long"][0]])
    [beside] = rows(report, "Beside a baseline")
    assert beside[2] == beside[3] == rows(report, "Baselines, center")[0][2]  # one column, and its mean
    theirs, ours = rows(report, "Table 2")
    assert theirs == ["theirs", "–"] and ours[1] != "–"
    [difference] = rows(report, "One pair, difference to 'mean'")  # between the same pictures
    assert difference[:2] == ["long", "1"]
    mean, error = map(float, difference[2].split(" ± "))
    spreads = [
        its["measured"]["test"]["center"]["scores"]["psnr_hole"]
        for its in (report["arms"]["long"], report["baselines"]["mean"])
    ]
    assert abs(mean - (spreads[0]["mean"] - spreads[1]["mean"])) < 0.01
    assert 0 < error < sum(its["std"] for its in spreads) / 5**0.5
    [difference] = rows(report, "Pairs, difference to 'a'")
    assert difference[:2] == ["b", "2"] and difference[2].lstrip("+-").startswith("0.000 ± ")
    gap = rows(report, "Training and test pictures, center")[0]
    assert float(gap[6]) == pytest.approx(float(gap[5]) - float(gap[4]), abs=0.011)
    text = (done / "report.md").read_text()
    for words in (
        "6 test pictures of facades?split=test&count=6",
        f"long {report['arms']['long']['run']['config_hash']}",
        report["arms"]["short"]["identity"]["holes"]["test"]["center"],
        metrics.PROTOCOLS["desai_legacy_sse"],
        "![Iterations](sweep-iterations.png)",
        "![By hole](holes-by-hole.png)",
        "![Training](curve-training.png)",
        "![Searching](descent-searching.png)",
        "![Terms](evolution-terms.png)",
    ):
        assert words in text
    for name in (
        "sweep-iterations.png",
        "holes-by-hole.png",
        "curve-training.png",
        "descent-searching.png",
        "evolution-terms.png",
        "figure1-center.png",
        "figure1-random-0.8.png",
        "figure2.png",
    ):
        with Image.open(done / name) as picture:
            assert picture.size[0] > 4 * 16


def test_what_is_done_is_not_done_again(file, done, idle, capsys):
    before = (done / "short" / "summary.json").read_bytes()
    assert run(file, done) == 0
    assert (done / "short" / "summary.json").read_bytes() == before
    said = capsys.readouterr().out
    assert "Table 1, center" in said and "figure1-random-0.8.png" in said


def test_under_other_holes_what_is_trained_is_only_measured(file, done, tmp_path, monkeypatch):
    workdir, titles = tmp_path / "runs", []
    shutil.copytree(done, workdir)

    def guess(driver, names, truth, gap, *, title, **_):
        titles.append(title)
        return evaluate.Answer(np.full(truth.shape, 128, np.uint8), 1.0, {})

    monkeypatch.setattr(evaluate, "run", guess)
    assert run(file, workdir, "--seed=1", "--only=short") == 0
    # Centre holes are the same, but their latents are not; the arm on two splits, the baseline on one.
    assert titles == ["yeh, center", "yeh, random:0.8"] * 2 + ["mean, center", "mean, random:0.8"]
    old, new = (json.loads((place / "short/summary.json").read_text()) for place in (done, workdir))
    assert old["identity"]["holes"]["test"]["random:0.8"] != new["identity"]["holes"]["test"]["random:0.8"]
    assert new["training_seconds"] == old["training_seconds"]
    assert json.loads((workdir / "report.json").read_text())["arms"]["long"] is None  # measured under other holes


def test_one_arm_alone_leaves_dashes(file, done, tmp_path, idle):
    workdir = tmp_path / "runs"
    shutil.copytree(done / "short", workdir / "short")
    shutil.copytree(done / "baselines", workdir / "baselines")
    assert run(file, workdir, "--only=short") == 0
    report = json.loads((workdir / "report.json").read_text())
    one, other = rows(report, "Table 1, center")
    assert other == ["adam", "12", "20.1", "–", "–"] and "–" not in one
    assert report["arms"]["long"] is None and not (workdir / "long").exists()
    assert "not there yet: long" in (workdir / "report.md").read_text()
    assert (workdir / "figure1-center.png").is_file()


def test_a_stop_keeps_what_is_done(file, done, tmp_path, monkeypatch):
    workdir = tmp_path / "runs"
    shutil.copytree(done / "short", workdir / "short")
    monkeypatch.setattr(reproduce, "train", lambda *_, **__: 130)
    assert run(file, workdir) == 130
    assert (workdir / "short" / "summary.json").is_file() and not (workdir / "report.md").exists()


def test_a_stop_while_an_arm_is_measured(file, done, tmp_path, monkeypatch, capsys):
    workdir = tmp_path / "runs"
    shutil.copytree(done / "short", workdir / "short", ignore=shutil.ignore_patterns("summary.json", "evaluation"))
    monkeypatch.setattr(evaluate, "run", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    assert run(file, workdir) == 128 + signal.SIGTERM
    assert "the same command goes on from there" in capsys.readouterr().err
    assert not (workdir / "short" / "summary.json").exists() and not (workdir / "long").exists()


@pytest.mark.parametrize(
    "before, after, words",
    [
        ('Row(("nag", "6"), "short"', 'Row(("nag", "6"), "shrt"', "Table 1: unknown arm 'shrt'; known: short, long"),
        ('"short", "long", "truth"', '"short", "lang", "truth"', "figure1: unknown arm 'lang'"),
        (
            'rows=2, holes=("center", ',
            'rows=2, holes=("left", ',
            "figure2: unknown holes 'left'; known: center, random:0.8",
        ),
        ('many="random:0.8"', 'many="left"', "By hole: unknown holes 'left'; known: center, random:0.8"),
        (
            'reuse="short")',
            'reuse="short", holes=("left",))',
            "arm 'long': unknown holes 'left'; known: center, random:0.8",
        ),
        ('mean="mean"', 'mean="harmonic"', "By hole: unknown arm 'harmonic'; known: short, long, mean"),
        ('paired="a"', 'paired="c"', "Pairs: unknown row 'c' to compare to"),
        ('b=("long", "short")', 'b=("long",)', "Pairs: rows that are compared arm by arm must be as long"),
        ('reuse="short"', 'reuse="long"', "arm 'long' reuses 'long', which does not come before it"),
        ('("19.4",)', "()", "Table 1: the row nag, 6 does not fit the header"),
        ('("test", "psnr_hole")', '("test", "psnr")', "Table 1: unknown metric 'psnr'; known: psnr_hole"),
        ('against=("mean",)', 'against=("mean", "photoshop")', "unknown baseline 'photoshop'"),
        ('"center", "random:0.8"', '"middle",', "middle"),
        ("search.iterations=12", "networks.latent_size=4", "arm 'long' cannot reuse dcgan of 'short': networks.latent"),
        ("search.iterations=12", "search.itrations=12", "config.search has no key 'itrations'"),
        ("search.iterations=12", "data.size=32", "arms 'short' and 'long' differ in data.size"),
    ],
)
def test_mistakes_are_refused_before_anything_is_trained(file, tmp_path, idle, capsys, before, after, words):
    bad, text = tmp_path / "bad.py", file.read_text()
    assert before in text
    bad.write_text(text.replace(before, after))
    assert run(bad, tmp_path / "runs") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("inpaint: error: ") and words in said
    assert not (tmp_path / "runs").exists()


def test_mistakes_on_the_command_line(file, tmp_path, idle, capsys):
    for arguments, words in (
        (["--only=shrt"], "--only: unknown arm 'shrt'; known: short, long"),
        (["--only=long"], "arm 'long' reuses 'short', which is not trained: add it to --only"),
        (["--config.seed=1"], "the configs of an experiment"),
    ):
        assert run(file, tmp_path / "runs", *arguments) == 2
        assert words in capsys.readouterr().err
    assert run(tmp_path / "none.py", tmp_path / "runs") == 2
    assert "--experiment: no file" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_was_trained_longer_is_refused(file, done, tmp_path, capsys):
    shutil.copytree(done / "short", tmp_path / "runs" / "short")
    bad = tmp_path / "bad.py"
    bad.write_text(file.read_text().replace("stages.dcgan.steps=4", "stages.dcgan.steps=2"))
    assert run(bad, tmp_path / "runs") == 2
    assert "has trained 4 steps of dcgan, more than 2" in capsys.readouterr().err


def test_what_was_last_validated(tmp_path):
    lines = [
        {"step": 10, "validation_accuracy": 0.1},
        {"step": 20, "validation_accuracy": 0.3},
        {"step": 20, "loss": 1.0},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert arm_summary.validated(tmp_path) == {"accuracy": 0.3} and arm_summary.validated(tmp_path / "reused") == {}
    summaries = {"ours": {"validated": {"classifier": {"accuracy": 0.3}}}, "other": None}
    assert "| ours | classifier | accuracy | 0.3  |" in experiment_report.validation_table(summaries)
    assert experiment_report.validation_table({"other": None}) == ""


def test_an_arm_under_some_holes():
    """It is measured under those, has no number for others, and its searches' terms are shown for those."""
    gaps, hashes = {"left": np.zeros(1), "center": np.ones(1)}, {"left": "l", "center": "c"}
    whole = {"test": PictureSet((), [], np.zeros(0), "", gaps, hashes, 0)}
    its = reproduce.sets_of(Arm("", holes=("center",)), whole)["test"]
    assert its.gaps == {"center": gaps["center"]} and its.hashes == {"center": "c"}
    assert reproduce.sets_of(Arm(""), whole)["test"].hashes == hashes
    summary = {"measured": {"test": {"center": {"scores": {"psnr_hole": {"mean": 20.0}}}}}}
    assert arm_summary.score(summary, "test", "left", "psnr_hole") is None


def test_pictures_picked_by_a_term():
    """Where the total was least, not where the term was."""
    totals, terms = np.array([[3.0, 1.0, np.nan], [5.0, 4.0, 6.0]]), np.array([[0.0, 7.0, np.nan], [1.0, 2.0, 0.5]])
    answer = evaluate.Answer(np.zeros((2, 16, 16, 3), np.uint8), 1.0, {"total": totals, "semantic": terms})
    pictures = PictureSet((), [], np.zeros((2, 16, 16, 3)), "", {}, {}, 0)
    np.testing.assert_array_equal(figures.picked_by("semantic", answer, pictures, "center"), [7.0, 2.0])


def test_terms_as_they_are_and_weighted(tmp_path):
    traces = {"contextual": np.array([[4.0, 2.0], [6.0, np.nan]]), "total": np.array([[8.0, 4.0], [12.0, np.nan]])}
    arrays = {f"trace_{term}": values for term, values in traces.items()}
    np.savez(tmp_path / "answer.npz", images=np.zeros(1), seconds=1.0, **arrays)
    summary = {"measured": {"test": {"center": {"completions": "answer.npz"}}}, "weights": {"contextual": 2.0}}
    panels = figures.term_panels(tmp_path, ("center", "left"), summary)
    assert list(panels) == ["center, weighted", "center, as they are"]
    assert list(panels["center, as they are"]) == ["contextual"]
    np.testing.assert_array_equal(panels["center, as they are"]["contextual"][1], [5.0, 2.0])
    np.testing.assert_array_equal(panels["center, weighted"]["contextual"][1], [10.0, 4.0])


def test_training_seconds(tmp_path):
    lines = [
        {"step": 10, "steps_per_second": 5.0},
        {"step": 10, "validation_loss": 1.0},
        {"step": 30, "steps_per_second": 2.0},  # the call before was stopped at step 17
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert arm_summary.training_seconds(tmp_path) == 10 / 5 + 20 / 2
    assert arm_summary.training_seconds(tmp_path / "reused") is None
