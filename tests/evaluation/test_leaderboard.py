"""``inpaint leaderboard``: many methods, several sets, the same holes, one table."""

import json

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.leaderboard import intervals, page
from inpaint_jax.evaluation.leaderboard.entries import Entry, Line
from inpaint_jax.evaluation.leaderboard.intervals import Interval
from inpaint_jax.runs.specs import image_sets

SETS = ["--images", "one=facades?split=test&count=5", "two=portraits?split=test&count=4"]


@pytest.fixture(scope="module")
def board(workdir, tmp_path_factory):
    """A leaderboard folder of a trained run and two baselines; not to be changed."""
    folder = tmp_path_factory.mktemp("board")
    arguments = [
        str(workdir),
        "--method=mean,harmonic",
        *SETS,
        "--holes=center,left",
        f"--output={folder}",
    ]
    assert cli.main(["leaderboard", *arguments]) == 0
    return folder


def test_every_method_on_every_set_under_every_family(board):
    lines = json.loads((board / "leaderboard.json").read_text())["lines"]
    assert [(line["images"], line["holes"]) for line in lines[::3]] == [
        ("one", "center"),
        ("one", "left"),
        ("two", "center"),
        ("two", "left"),
    ]
    for start in range(0, 12, 3):
        group = lines[start : start + 3]
        assert {line["method"] for line in group} == {"yeh", "mean", "harmonic"}
        means = [line["scores"]["psnr_hole"]["mean"] for line in group]
        assert means == sorted(means, reverse=True)
    assert (board / "leaderboard.png").stat().st_size > 5000


def test_costs_and_paired_differences(board):
    lines = json.loads((board / "leaderboard.json").read_text())["lines"]
    trained = [line for line in lines if line["method"] == "yeh"]
    assert all(line["parameters"] > 1000 and line["training_minutes"] > 0 for line in trained)
    assert all(
        line["parameters"] is line["training_minutes"] is None
        for line in lines
        if line not in trained
    )
    for line in lines:
        interval = line["above_reference"]
        assert (interval is None) == (line["method"] == "harmonic")
        if interval:
            other = next(
                one
                for one in lines
                if one["method"] == "harmonic"
                and (one["images"], one["holes"]) == (line["images"], line["holes"])
            )
            expected = line["scores"]["psnr_hole"]["mean"] - other["scores"]["psnr_hole"]["mean"]
            assert interval["mean"] == pytest.approx(expected, abs=1e-5)
            assert interval["low"] <= interval["mean"] <= interval["high"]


def test_what_is_measured_is_not_completed_again(board, workdir, capsys):
    files = sorted(path for path in board.rglob("completions/*.npz"))
    times = [path.stat().st_mtime_ns for path in files]
    before = (board / "leaderboard.md").read_text()
    arguments = [
        str(workdir),
        "--method=mean,harmonic",
        *SETS,
        "--holes=center,left",
        f"--output={board}",
    ]
    assert cli.main(["leaderboard", *arguments]) == 0
    assert [path.stat().st_mtime_ns for path in files] == times and len(files) == 12
    table = before.partition("In brackets")[0]
    assert (board / "leaderboard.md").read_text().startswith(table) and "above harmonic" in table


def test_bootstrap_of_known_spread():
    """For n normal values the interval is the mean plus or minus 1.96 standard errors."""
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    found = intervals.bootstrap(values)
    error = values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    assert intervals.bootstrap(values) == found
    assert intervals.difference(values + 1.0, values) == pytest.approx((1.0, 1.0, 1.0))
    assert intervals.bootstrap(np.array([1.0, np.inf, 3.0])).mean == 2.0
    assert np.isnan(intervals.bootstrap(np.array([np.inf]))).all()


def test_the_table_says_what_is_unknown():
    entry = Entry("telea", "telea")
    score = {"psnr_hole": Interval(17.5, 17.0, 18.0), "lpips_alex": Interval(0.1234, 0.11, 0.13)}
    line = Line("faces", "center", entry, score, {}, Interval(-0.5, -0.75, -0.25), None)
    text = page.table(
        [line, line._replace(scores={"psnr_hole": score["psnr_hole"]}, above=None)], "harmonic"
    )
    assert "17.50 [17.00, 18.00] | -0.50 [-0.75, -0.25] | 0.123 [0.110, 0.130]" in text
    assert text.splitlines()[-1].replace(" ", "").endswith("|17.50[17.00,18.00]|–|–|–|–|–|")


def test_sets_have_names():
    specs = ["faces=celeba/test?crop=108", "data/paris?fit=crop", "tfds:svhn?split=test"]
    assert list(image_sets(specs)) == ["faces", "paris", "tfds:svhn"]
    with pytest.raises(InputError, match="two sets have the name 'test'"):
        image_sets(["a/test", "b/test"])


def test_bad_calls_are_one_line(tmp_path, capsys):
    assert (
        cli.main(
            [
                "leaderboard",
                "--method=mean",
                "--images=facades?split=test",
                f"--output={tmp_path}/o",
            ]
        )
        == 2
    )
    assert "give --size" in capsys.readouterr().err
    assert (
        cli.main(
            ["leaderboard", "--images=facades?split=test", "--size=16", f"--output={tmp_path}/o"]
        )
        == 2
    )
    assert "--method" in capsys.readouterr().err
    arguments = ["--method=mean", "--reference=telea", "--images=facades?split=test", "--size=16"]
    assert cli.main(["leaderboard", *arguments, f"--output={tmp_path}/o"]) == 2
    assert "--reference: 'telea' is not among the methods: mean" in capsys.readouterr().err
    hole = tmp_path / "hole.png"
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(hole)
    holes = [f"--holes={hole}?draw=1", "--images=facades?split=test", "--size=16"]
    assert cli.main(["leaderboard", "--method=mean", *holes, f"--output={tmp_path}/o"]) == 2
    assert "draw needs a folder of holes" in capsys.readouterr().err
