"""``inpaint reproduce`` on two tiny arms: one run; then finished parts are kept and shown."""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli, metrics
from inpaint_jax.data.image_files import write_image
from inpaint_jax.errors import Interrupted
from inpaint_jax.evaluation import answers as stored
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.experiments import reproduce

EXPERIMENT = """
from inpaint_jax.evaluation.experiments import Arm, Comparison, Experiment, Grid, HoleSweep
from inpaint_jax.evaluation.experiments import LossCurves, Row, Samples, Sweep, Table, TermCurves
from inpaint_jax.evaluation.experiments import TrainingCurve

METRIC = "psnr_hole"
TINY = {tiny}


def get_experiment(argument="whole"):
    return Experiment(
        arms=dict(
            short=Arm("configs/yeh.py:smoke", TINY),
            long=Arm(
                "configs/yeh.py:smoke,adam", (*TINY, "--config.search.iterations=12"), reuse="short"
            ),
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
                (("test", "ssim_uniform_full"),),
                holes=("center",),
            ),
        ),
        comparisons=(
            Comparison("By holes", "search", METRIC, dict(both=("short", "long"), long=("long",))),
            Comparison(
                "Beside a baseline", "search", METRIC, dict(mean=("mean",)), holes=("center",)
            ),
            Comparison(
                "Pairs", "search", METRIC, dict(a=("short", "long"), b=("long", "short")),
                paired="a",
            ),
            Comparison(
                "One pair", "search", METRIC, dict(mean=("mean",), long=("long",)), paired="mean"
            ),
        ),
        figures=(
            Sweep("Iterations", "iterations", "test", METRIC, dict(yeh={{6: "short", 12: "long"}})),
            HoleSweep(
                "By hole", "hole", METRIC, dict(ours="long", mean="mean"),
                dict(few="center", many="random:0.8"),
            ),
            TrainingCurve("Training", "dcgan", "score", dict(real=("short", "critic_real"))),
            LossCurves("Searching", dict(nag="short", adam="long")),
            TermCurves("Terms", "short"),
            Grid("figure1", ("damaged", "short", "long", "truth"), pick="short", rows=3),
            Grid("figure2", ("damaged", "long"), rows=2, holes=("center", "random:0.8")),
            Samples("Drawn", "short", "dcgan", rows=2, columns=8),
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
    images = ["--train=facades?split=train&count=64", "--images=facades?split=test", "--count=6"]
    return cli.main(
        ["reproduce", f"--experiment={file}", f"--workdir={workdir}", *images, *arguments]
    )


@pytest.fixture(scope="module")
def done(file, tmp_path_factory):
    """A finished experiment; not to be changed."""
    workdir = tmp_path_factory.mktemp("runs") / "tiny"
    assert run(file, workdir) == 0
    return workdir


@pytest.fixture
def idle(monkeypatch):
    """Fail if anything is trained or completed."""
    monkeypatch.setattr(reproduce, "train", lambda *_, **__: pytest.fail("it was trained before"))
    monkeypatch.setattr(
        stored, "complete_all", lambda *_, **__: pytest.fail("it was completed before")
    )


def rows(report, title):
    """Return the cells of a table, without the header."""
    (table,) = [table for table in report["tables"] if table["title"] == title]
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table["markdown"].splitlines()[2:]
    ]


def test_summaries(done):
    short, long = (
        json.loads((done / arm / "summary.json").read_text()) for arm in ("short", "long")
    )
    assert short["images"]["train"]["count"] == 5 and short["images"]["test"]["count"] == 6
    for split in ("train", "test"):
        for family in ("center", "random:0.8"):
            assert set(short["measured"][split][family]["scores"]) == {
                *metrics.PROTOCOLS,
                "ssim_uniform_full",
            }
            assert set(short["term_weights"][family]) == {"contextual", "prior"}
    # reused
    assert short["training_seconds"]["dcgan"] > 0 and long["training_seconds"] == {"dcgan": None}
    assert set(short["parameters"]["dcgan"]) == {"generator", "critic"}
    assert short["run"]["config_hash"] != long["run"]["config_hash"]


def test_an_arm_of_another_experiment_is_not_trained_again(file, done, tmp_path, capsys):
    """The log comes with it, so that curves and seconds of training stay."""
    images = {"training": "facades?split=train&count=64", "images": ["facades?split=test&count=6"]}
    found = reproduce.reproduce(
        str(file), tmp_path / "again", **images, only=["short"], beside=[tmp_path, done]
    )
    assert f"reused from {done / 'short'}: dcgan" in capsys.readouterr().out
    there, here = (folder / "short/dcgan/metrics.jsonl" for folder in (done, tmp_path / "again"))
    assert there.read_bytes() == here.read_bytes()
    first = json.loads((done / "short/summary.json").read_text())
    assert found["short"]["measured"]["test"]["center"]["scores"]
    assert found["short"]["training_seconds"] == first["training_seconds"]


def test_report(done):
    report = json.loads((done / "report.json").read_text())
    short = report["arms"]["short"]["measured"]
    first = rows(report, "Table 1, center")[0]
    assert first[:3] == ["nag", "6", "19.4"]
    assert first[4] == f"{short['test']['center']['scores']['psnr_hole']['mean']:.2f}"
    assert [row[0] for row in rows(report, "Baselines, random:0.8")] == ["mean"]
    both, long, floor = rows(report, "By holes")
    assert floor[:3] == ["floor: mean", "–", rows(report, "Baselines, center")[0][2]]
    means = {
        arm: [
            its["measured"]["test"][family]["scores"]["psnr_hole"]["mean"]
            for family in ("center", "random:0.8")
        ]
        for arm, its in report["arms"].items()
    }
    assert long == [
        "long",
        "1",
        *(f"{value:.2f}" for value in (*means["long"], np.mean(means["long"]))),
    ]
    assert both[1] == "2" and both[2] == tables.mean_and_spread(
        [means["short"][0], means["long"][0]]
    )
    [beside] = rows(report, "Beside a baseline")
    assert beside[2] == beside[3] == rows(report, "Baselines, center")[0][2]  # one column, mean
    theirs, ours, _ = rows(report, "Table 2")
    uniform, gauss = (
        short["test"]["center"]["scores"][name] for name in ("ssim_uniform_full", "ssim_full")
    )
    assert theirs == ["theirs", "–"] and ours[1] == f"{uniform['mean']:.3f}" and uniform != gauss
    [difference] = rows(report, "One pair, difference to 'mean'")  # paired over images
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
    gap = rows(report, "Training and test images, center")[0]
    assert float(gap[6]) == pytest.approx(float(gap[5]) - float(gap[4]), abs=0.011)
    text = (done / "report.md").read_text()
    for words in (
        "6 test images of facades?split=test&count=6",
        f"long {report['arms']['long']['run']['config_hash']}",
        report["arms"]["short"]["identity"]["holes"]["test"]["center"],
        metrics.PROTOCOLS["desai_legacy_sse"],
        "ssim[full,uniform7,",
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
        "samples-drawn.png",
    ):
        with Image.open(done / name) as image:
            assert image.size[0] > 4 * 16


def test_what_is_done_is_not_done_again(file, done, idle, capsys):
    before = (done / "short" / "summary.json").read_bytes()
    assert run(file, done) == 0
    assert (done / "short" / "summary.json").read_bytes() == before
    message = capsys.readouterr().out
    assert "Table 1, center" in message and "figure1-random-0.8.png" in message


def test_under_other_holes_what_is_trained_is_only_measured(file, done, tmp_path, monkeypatch):
    workdir, titles = tmp_path / "runs", []
    shutil.copytree(done, workdir)

    def guess(method, image_set, family, stop):
        titles.append(f"{method.name}, {family}")
        return stored.Answer(np.full(image_set.truth.shape, 128, np.uint8), 1.0, {})

    monkeypatch.setattr(stored, "complete_all", guess)
    assert run(file, workdir, "--seed=1", "--only=short") == 0
    # Centre holes are equal, but their latents are not; the arm has two splits, the baseline one.
    assert titles == ["yeh, center", "yeh, random:0.8"] * 2 + ["mean, center", "mean, random:0.8"]
    old, new = (json.loads((place / "short/summary.json").read_text()) for place in (done, workdir))
    assert (
        old["identity"]["holes"]["test"]["random:0.8"]
        != new["identity"]["holes"]["test"]["random:0.8"]
    )
    assert new["training_seconds"] == old["training_seconds"]
    assert json.loads((workdir / "report.json").read_text())["arms"]["long"] is None  # other holes


def test_a_folder_of_holes_is_for_test_images(tiny, done, tmp_path, monkeypatch):
    workdir, holes, titles = tmp_path / "runs", tmp_path / "thin", []
    shutil.copytree(done, workdir)
    for i in range(6):
        hole = np.zeros((16, 16), np.uint8)
        hole[i, 2:9] = 255
        write_image(holes / f"test-{i:06d}_mask.png", hole)
    page = tmp_path / "stored.py"
    page.write_text(EXPERIMENT.format(tiny=tiny).replace("random:0.8", str(holes)))

    def guess(method, image_set, family, stop):
        titles.append((method.name, family))
        return stored.Answer(np.full(image_set.truth.shape, 128, np.uint8), 1.0, {})

    monkeypatch.setattr(stored, "complete_all", guess)
    assert run(page, workdir, "--only=short") == 0
    assert titles == [("yeh", str(holes)), ("mean", str(holes))]  # centre holes were already done
    measured = json.loads((workdir / "short/summary.json").read_text())["measured"]
    assert list(measured["test"]) == ["center", str(holes)] and list(measured["train"]) == [
        "center"
    ]


def test_images_that_cannot_be_read(file, done, tmp_path, monkeypatch, capsys):
    """An unreadable image stops the experiment; ``--on-error=skip`` leaves it out everywhere."""
    workdir, images, skipping = tmp_path / "runs", tmp_path / "images", []
    shutil.copytree(done / "short", workdir / "short")
    for i, level in enumerate((40, 90, 200)):
        write_image(images / f"{i}.png", np.full((16, 16, 3), level, np.uint8))
    (images / "1.png").write_bytes((images / "1.png").read_bytes()[:40])
    honest = reproduce.train

    def training(*arguments, skip_errors, **options):
        skipping.append(skip_errors)
        return honest(*arguments, skip_errors=skip_errors, **options)

    def guess(method, image_set, family, stop):
        del method, family, stop
        return stored.Answer(np.full(image_set.truth.shape, 128, np.uint8), 1.0, {})

    monkeypatch.setattr(reproduce, "train", training)
    monkeypatch.setattr(stored, "complete_all", guess)
    again = [
        f"--experiment={file}",
        f"--workdir={workdir}",
        "--train=facades?split=train&count=64",
        "--only=short",
    ]
    assert cli.main(["reproduce", *again, f"--images={images}"]) == 2
    assert "1.png" in capsys.readouterr().err and not skipping
    assert cli.main(["reproduce", *again, f"--images={images}", "--on-error=skip"]) == 0
    assert skipping == [True]
    assert (
        f"2 test images of {images} (1 image (1) left out)" in (workdir / "report.md").read_text()
    )


def test_one_arm_alone_leaves_dashes(file, done, tmp_path, idle):
    workdir = tmp_path / "runs"
    shutil.copytree(done / "short", workdir / "short")
    shutil.copytree(done / "baselines", workdir / "baselines")
    assert run(file, workdir, "--only=short") == 0
    report = json.loads((workdir / "report.json").read_text())
    one, other, _ = rows(report, "Table 1, center")
    assert other == ["adam", "12", "20.1", "–", "–"] and "–" not in one
    assert report["arms"]["long"] is None and not (workdir / "long").exists()
    assert "not measured yet: long" in (workdir / "report.md").read_text()
    assert (workdir / "figure1-center.png").is_file()


def test_a_stop_keeps_what_is_done(file, done, tmp_path, monkeypatch):
    workdir = tmp_path / "runs"
    shutil.copytree(done / "short", workdir / "short")

    def stopped(*_, **__):
        raise Interrupted(signal.SIGINT, "step 1 of 4 is saved")

    monkeypatch.setattr(reproduce, "train", stopped)
    assert run(file, workdir) == 130
    assert (workdir / "short" / "summary.json").is_file() and not (workdir / "report.md").exists()


def test_a_stop_while_an_arm_is_measured(file, done, tmp_path, monkeypatch, capsys):
    workdir = tmp_path / "runs"
    shutil.copytree(
        done / "short",
        workdir / "short",
        ignore=shutil.ignore_patterns("summary.json", "evaluation"),
    )
    honest = stored.complete_all

    def interrupted(*given):
        os.kill(os.getpid(), signal.SIGTERM)
        return honest(*given)

    monkeypatch.setattr(stored, "complete_all", interrupted)
    assert run(file, workdir) == 128 + signal.SIGTERM
    assert "the same command resumes from there" in capsys.readouterr().err
    assert not (workdir / "short" / "summary.json").exists() and not (workdir / "long").exists()


@pytest.mark.parametrize(
    "before, after, words",
    [
        (
            'Row(("nag", "6"), "short"',
            'Row(("nag", "6"), "shrt"',
            "Table 1: unknown arm 'shrt'; known: short, long",
        ),
        ('"short", "long", "truth"', '"short", "lang", "truth"', "figure1: unknown arm 'lang'"),
        (
            'rows=2, holes=("center", ',
            'rows=2, holes=("left", ',
            "figure2: unknown holes 'left'; known: center, random:0.8",
        ),
        (
            'many="random:0.8"',
            'many="left"',
            "By hole: unknown holes 'left'; known: center, random:0.8",
        ),
        (
            'reuse="short"',
            'reuse="short", holes=("left",)',
            "arm 'long': unknown holes 'left'; known: center, random:0.8",
        ),
        (
            'mean="mean"',
            'mean="harmonic"',
            "By hole: unknown arm 'harmonic'; known: short, long, mean",
        ),
        ('paired="a"', 'paired="c"', "Pairs: unknown reference row 'c'"),
        (
            'b=("long", "short")',
            'b=("long",)',
            "Pairs: rows that are compared arm by arm must have equal lengths",
        ),
        ('reuse="short"', 'reuse="long"', "arm 'long' reuses 'long', which must come before it"),
        ('("19.4",)', "()", "Table 1: the row nag, 6 does not fit the header"),
        (
            '("test", "psnr_hole")',
            '("test", "psnr")',
            "Table 1: unknown metric 'psnr'; known: desai_legacy_sse",
        ),
        ('against=("mean",)', 'against=("mean", "photoshop")', "unknown method 'photoshop'"),
        ('"center", "random:0.8"', '"middle",', "middle"),
        (
            "search.iterations=12",
            "networks.latent_size=4",
            "arm 'long' cannot reuse dcgan of 'short': networks.latent",
        ),
        ("search.iterations=12", "search.itrations=12", "config.search has no key 'itrations'"),
        ("search.iterations=12", "data.size=32", "'short' and 'long' differ in data.size"),
    ],
)
def test_mistakes_are_refused_before_anything_is_trained(
    file, tmp_path, idle, capsys, before, after, words
):
    bad, text = tmp_path / "bad.py", file.read_text()
    assert before in text
    bad.write_text(text.replace(before, after))
    assert run(bad, tmp_path / "runs") == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("inpaint: error: ") and words in message
    assert not (tmp_path / "runs").exists()


def test_mistakes_on_the_command_line(file, tmp_path, idle, capsys):
    for arguments, words in (
        (["--only=shrt"], "--only: unknown arm 'shrt'; known: short, long"),
        (["--only=long"], "arm 'long' reuses 'short', which is not trained: add it to --only"),
        (["--config.seed=1"], "the file of an experiment"),
        (["--weights=clasifier=x.npz"], "--weights: unknown stage 'clasifier'; known: dcgan"),
        (["--weights=dcgan=none.npz"], "--weights: no file none.npz for the stage dcgan"),
    ):
        assert run(file, tmp_path / "runs", *arguments) == 2
        assert words in capsys.readouterr().err
    assert run(tmp_path / "none.py", tmp_path / "runs") == 2
    assert "--experiment: no file" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_imported_weights_reach_the_arms(file, tmp_path, monkeypatch):
    """Every arm that trains the stage receives the file."""
    (tmp_path / "w.npz").write_bytes(b"")
    weights = {}

    def stopped(config, folder, **_):
        weights[folder.name] = config.stages.dcgan.weights
        raise Interrupted(signal.SIGINT, "enough")

    monkeypatch.setattr(reproduce, "train", stopped)
    assert run(file, tmp_path / "runs", f"--weights=dcgan={tmp_path}/w.npz") == 130
    assert weights == {"short": f"{tmp_path}/w.npz"}
    arms = reproduce.load(str(file)).arms
    assert (
        reproduce.arm_config(arms["long"], "facades", "", {"dcgan": "w.npz"}).stages.dcgan.weights
        == "w.npz"
    )
    with pytest.raises(SystemExit):
        run(file, tmp_path / "runs", "--weights=w.npz")


def test_a_folder_that_was_trained_longer_is_refused(file, done, tmp_path, capsys):
    shutil.copytree(done / "short", tmp_path / "runs" / "short")
    bad = tmp_path / "bad.py"
    bad.write_text(file.read_text().replace("stages.dcgan.steps=4", "stages.dcgan.steps=2"))
    assert run(bad, tmp_path / "runs") == 2
    assert "has trained 4 steps of dcgan, more than 2" in capsys.readouterr().err
