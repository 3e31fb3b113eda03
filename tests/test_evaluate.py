"""``inpaint evaluate``: one table for a system and its baselines, on the same frozen holes."""

import json

import numpy as np
import pytest

from inpaint_jax import cli, masks, tables


def run(workdir, *arguments):
    return cli.main(["evaluate", f"--workdir={workdir}", "--images=facades?split=test", "--count=6", *arguments])


@pytest.fixture(scope="module")
def output(workdir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    assert run(workdir, "--holes=center,random:0.8", "--against=floors,telea", f"--output={folder}") == 0
    return folder


def test_table(output):
    table = json.loads((output / "table.json").read_text())
    rows = {(row["holes"], row["method"]): row for row in table["rows"]}
    assert set(rows) == {
        (holes, method)
        for holes in ("center", "random:0.8")
        for method in ("yeh", "mean", "harmonic", "nearest", "telea")
    }
    assert rows["center", "mean"]["psnr_hole"]["mean"] < rows["random:0.8", "harmonic"]["psnr_hole"]["mean"]
    assert all(len(row["holes_hash"]) == 16 for row in rows.values())
    assert table["run"]["commit"] is None or len(table["run"]["commit"]) >= 12
    text = (output / "table.md").read_text()
    assert "| center     | yeh" in text and "psnr[hole" in text and rows["center", "yeh"]["holes_hash"] in text
    for name in ("grid.png", "best.png", "worst.png"):
        assert (output / name).is_file()


def test_finished_methods_are_not_done_again(workdir, output, monkeypatch):
    from inpaint_jax import evaluate

    monkeypatch.setattr(evaluate, "run", lambda *_, **__: pytest.fail("it was computed before"))
    assert run(workdir, "--holes=center,random:0.8", "--against=floors,telea", f"--output={output}") == 0


def test_an_unknown_baseline_is_refused_at_the_door(workdir, tmp_path, capsys):
    assert run(workdir, "--against=photoshop", f"--output={tmp_path}/out") == 2
    assert "photoshop" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_summary_counts_identical_pictures_apart():
    summary = tables.summary(np.array([10.0, np.inf, 20.0]))
    assert (summary["mean"], summary["infinite"]) == (15.0, 1)
    assert tables.mean(None) == "–"


def test_hash_names_the_hole_set():
    holes = masks.evaluation_holes("random:0.8", ids=["a", "b"], size=16, seed=0)
    assert masks.holes_hash(holes) != masks.holes_hash(holes[::-1])
