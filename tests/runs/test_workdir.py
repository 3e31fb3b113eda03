"""The layout of a run on disk, and runs of older versions."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import inpaint_jax
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.older_configs import modernised
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.workdir import Workdir, changeable


@pytest.fixture
def old_run(tmp_path):
    """Make a run of version 0.1, with ``slots`` in ``search``, and its completions."""
    with zipfile.ZipFile(Path(__file__).with_name("run_of_0.1.zip")) as archive:
        archive.extractall(tmp_path / "run")
    return tmp_path / "run"


def test_a_run_of_the_old_layout_completes_as_it_did(old_run):
    stored = np.load(old_run / "completed.npz")
    model = inpaint_jax.load(old_run)
    assert model.slots == 4 and "slots" not in model.config.search
    completed = inpaint_jax.complete(model, stored["images"], stored["hole"], seed=0)
    np.testing.assert_allclose(completed, stored["completed"], atol=1e-4)


def test_a_run_of_the_old_layout_is_trained_further(old_run):
    config = configuration.from_plain(Workdir(old_run).config())
    config.stages.dcgan.steps = 5
    model = train(config, old_run)
    assert int(model.states["dcgan"].step) == 5
    assert "slots" in Workdir(old_run).config() and Workdir(old_run).stage("dcgan").latest() == 5


def test_modernised_configs():
    search = {"iterations": 3, "slots": 8}
    stage = {"steps": 1, "projection": {"search": search, "losses": {}}}
    old = {"system": "x", "search": search, "stages": {"a": stage, "b": {"picture_every": 2}}}
    assert modernised(old) == {
        "system": "x",
        "search": {"iterations": 3},
        "slots": 8,
        "stages": {
            "a": {
                "steps": 1,
                "projection": {"search": {"iterations": 3}, "losses": {}, "slots": 8},
            },
            "b": {"image_every": 2},
        },
    }
    without_search = modernised({"search": {"slots": 8}, "stages": {}})
    assert without_search == {"slots": 8, "stages": {}}
    assert modernised(without_search) == without_search


def test_what_may_change_when_a_run_goes_on():
    free = [
        "search.iterations",
        "losses.prior.weight",
        "blend.method",
        "slots",
        "stages.a.steps",
        "data.validation",
    ]
    fixed = ["seed", "data.train", "networks.latent_size", "stages.a.batch_size", "system"]
    assert all(map(changeable, free)) and not any(map(changeable, fixed))


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(InputError, match=r"is not a workdir \(no config.json\): train first"):
        Workdir(tmp_path).config()
    assert (
        list(Workdir(tmp_path).stage("dcgan").logged()) == [] and not Workdir(tmp_path).holds_run()
    )


@pytest.mark.parametrize(
    "section, key, value, words",
    [
        ("data", "size", "16", r"is damaged \(data.size is str, not int\)"),
        ("search", None, "x", r"is damaged \(search is str, not dict\)"),
        ("stages", "dcgan", 3, r"is damaged \(stages.dcgan is int, not dict\)"),
        (
            "networks",
            "generator",
            None,
            "config.json is not the config of a run .*; was it edited by hand",
        ),
        ("networks", "latent_size", -1, "config.networks.latent_size must be at least 1, got -1"),
        ("search", "optimizer", [], "search.optimizer needs the key 'name'"),
    ],
)
def test_a_config_that_was_edited_into_nonsense(workdir, tmp_path, section, key, value, words):
    """One line if the digest was removed; with the digest, the change itself is named."""
    config = json.loads((workdir / "config.json").read_text())
    if key is None:
        config[section] = value
    else:
        config[section][key] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="changed after it was written"):
        inpaint_jax.load(tmp_path)
    del config["digest"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=words) as caught:
        inpaint_jax.load(tmp_path)
    assert "\n" not in str(caught.value)
