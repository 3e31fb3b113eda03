"""``summary.json``: its dependencies, and the values from training logs."""

import json
from pathlib import Path

import numpy as np
import pytest

from inpaint_jax.data import files
from inpaint_jax.evaluation.experiments import Arm, overview, reproduce, summary
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.runs.workdir import StageFolder

SETS = {"test": ImageSet(("faces",), ["a"], np.zeros(0), "digest", {}, {"center": "hash"}, 0)}
OLD = {"system": "yeh", "search": {"iterations": 6, "slots": 4}, "stages": {}}
NEW = {"system": "yeh", "search": {"iterations": 6}, "slots": 4, "stages": {}}


def test_a_summary_is_of_one_config(tmp_path):
    summary.write(tmp_path, NEW, SETS, measured={})
    assert summary.read(tmp_path, NEW, SETS)["measured"] == {}
    assert summary.read(tmp_path, NEW | {"slots": 8}, SETS) is None
    assert summary.read(tmp_path / "other", NEW, SETS) is None


@pytest.mark.parametrize("change", [{"digest": "d"}, {"hashes": {"center": "h"}}, {"seed": 1}])
def test_a_summary_is_of_one_set_of_images(tmp_path, change):
    summary.write(tmp_path, NEW, SETS, measured={})
    assert summary.read(tmp_path, NEW, {"test": SETS["test"]._replace(**change)}) is None


def test_a_summary_of_0_1_is_still_read(tmp_path):
    """The old hash is of a config with ``slots`` in ``search``, as in ``config.json``."""
    summary.write(tmp_path, OLD, SETS, measured={})
    assert json.loads((tmp_path / "summary.json").read_text())["identity"][
        "method"
    ] == files.fingerprint(OLD)
    assert summary.read(tmp_path, NEW, SETS) is None  # nothing proves that the config is the same
    files.write_json(tmp_path / "config.json", OLD)
    assert summary.read(tmp_path, NEW, SETS)["measured"] == {}
    assert summary.read(tmp_path, NEW | {"slots": 8}, SETS) is None


def test_what_was_last_validated(tmp_path):
    lines = [
        {"step": 10, "validation_accuracy": 0.1},
        {"step": 20, "validation_accuracy": 0.3},
        {"step": 20, "loss": 1.0},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert summary.validated(StageFolder(tmp_path)) == {"accuracy": 0.3}
    assert summary.validated(StageFolder(tmp_path / "reused")) == {}
    summaries = {"ours": {"validated": {"classifier": {"accuracy": 0.3}}}, "other": None}
    assert "| ours | classifier | accuracy | 0.3  |" in overview.validation_table(summaries)
    assert overview.validation_table({"other": None}) == ""


def test_an_arm_under_some_holes():
    """The arm is measured under its holes, and has no number for others."""
    holes, hashes = {"left": np.zeros(1), "center": np.ones(1)}, {"left": "l", "center": "c"}
    whole = {"test": ImageSet((), [], np.zeros(0), "", holes, hashes, 0)}
    some = reproduce.sets_of(Arm("", holes=("center",)), whole)["test"]
    assert some.holes == {"center": holes["center"]} and some.hashes == {"center": "c"}
    assert reproduce.sets_of(Arm(""), whole)["test"].hashes == hashes
    measured = {"test": {"center": {"scores": {"psnr_hole": {"mean": 20.0}}}}}
    context = Context(Path(), ("left", "center"), {}, {"one": {"measured": measured}}, {})
    assert context.score("one", "left", "psnr_hole") is None
    assert context.mean("one", "center", "psnr_hole") == 20.0


def test_training_seconds(tmp_path):
    lines = [
        {"step": 10, "steps_per_second": 5.0},
        {"step": 10, "validation_loss": 1.0},
        {"step": 30, "steps_per_second": 2.0},  # the earlier call stopped at step 17
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert summary.training_seconds(StageFolder(tmp_path)) == 10 / 5 + 20 / 2
    assert summary.training_seconds(StageFolder(tmp_path / "reused")) is None
