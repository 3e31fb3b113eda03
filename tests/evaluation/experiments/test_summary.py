"""``summary.json``: read again for the same method, pictures and holes, and for nothing else."""

import json

import numpy as np
import pytest

from inpaint_jax.data import files
from inpaint_jax.evaluation.experiments import summary
from inpaint_jax.evaluation.picture_set import PictureSet

SETS = {"test": PictureSet(("faces",), ["a"], np.zeros(0), "digest", {}, {"center": "hash"}, 0)}
OLD = {"system": "yeh", "search": {"iterations": 6, "slots": 4}, "stages": {}}
NEW = {"system": "yeh", "search": {"iterations": 6}, "slots": 4, "stages": {}}


def test_a_summary_is_of_one_config(tmp_path):
    summary.write(tmp_path, NEW, SETS, measured={})
    assert summary.read(tmp_path, NEW, SETS)["measured"] == {}
    assert summary.read(tmp_path, NEW | {"slots": 8}, SETS) is None
    assert summary.read(tmp_path / "other", NEW, SETS) is None


@pytest.mark.parametrize("change", [{"digest": "d"}, {"hashes": {"center": "h"}}, {"seed": 1}])
def test_a_summary_is_of_one_set_of_pictures(tmp_path, change):
    summary.write(tmp_path, NEW, SETS, measured={})
    assert summary.read(tmp_path, NEW, {"test": SETS["test"]._replace(**change)}) is None


def test_a_summary_of_0_1_is_still_read(tmp_path):
    """Its hash is of a config that had ``slots`` in ``search``, as ``config.json`` beside it still has."""
    summary.write(tmp_path, OLD, SETS, measured={})
    assert json.loads((tmp_path / "summary.json").read_text())["identity"]["method"] == files.fingerprint(OLD)
    assert summary.read(tmp_path, NEW, SETS) is None  # nothing says that it is the same config
    files.write_json(tmp_path / "config.json", OLD)
    assert summary.read(tmp_path, NEW, SETS)["measured"] == {}
    assert summary.read(tmp_path, NEW | {"slots": 8}, SETS) is None
