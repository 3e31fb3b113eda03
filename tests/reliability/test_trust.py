"""Files from other people: their content is data, and nothing in them is executed unannounced."""

import dataclasses
import io
import json
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export as jax_export

import inpaint_jax
from inpaint_jax import exported
from inpaint_jax.errors import InputError
from inpaint_jax.runs.workdir import Workdir

SIDE = 8
CALLBACK = "xla_ffi_python_cpu_callback"  # custom call to a Python function of the same process


def completes(weights, images, hole, key_data):
    return jnp.where(hole > 0, weights[0], images)[:, None], {
        "total": images.mean((1, 2, 3))[:, None]
    }


def other(weights, images, hole, key_data):
    """Return a value other than completions."""
    return images.mean((1, 2, 3))


def calls_back(weights, images, hole, key_data):
    value = jax.ffi.ffi_call(CALLBACK, jax.ShapeDtypeStruct((), jnp.float32))(weights[0])
    return completes([value], images, hole, key_data)


def export_of(function):
    (count,) = jax_export.symbolic_shape("images")
    shapes = [(count, SIDE, SIDE, 3), (count, SIDE, SIDE, 1)]
    batch = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    keys = jax.ShapeDtypeStruct((count, 2), jnp.uint32)
    allowed = [jax_export.DisabledSafetyCheck.custom_call(CALLBACK)]
    export = jax_export.export(jax.jit(function), platforms=["cpu"], disabled_checks=allowed)
    return export([jax.ShapeDtypeStruct((), jnp.float32)], *batch, keys)


@pytest.fixture
def file(tmp_path):
    """``(function bytes) -> path`` of a file in the layout of ``inpaint export``,
    without digests.
    """

    def write(function):
        about = {
            "config": {},
            "config_hash": "",
            "steps": {},
            "date": "",
            "versions": {"jax": jax.__version__},
            "size": SIDE,
            "channels": 3,
            "completions": 1,
            "platforms": ["cpu"],
            "contract": "",
        }
        weight = io.BytesIO()
        np.save(weight, np.float32(0.5))
        with zipfile.ZipFile(tmp_path / "foreign.inpaint", "w") as archive:
            archive.writestr("about.json", json.dumps(about))
            archive.writestr("function", bytes(function))
            archive.writestr("weights/a.npy", weight.getvalue())
        return tmp_path / "foreign.inpaint"

    return write


def test_a_function_that_is_one(file):
    images, hole = np.zeros((1, SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE, 1), np.float32)
    hole[2:4, 2:4] = 1
    completed = exported.load(file(export_of(completes).serialize()))(images, hole)
    np.testing.assert_array_equal(
        completed, np.broadcast_to(hole * np.float32(0.5), completed.shape)
    )


def test_a_tampered_function_is_named(file):
    """A function that is cut, exchanged, or calls a function of this process is refused."""
    whole = export_of(completes)
    for function, words in (
        (whole.serialize()[:-2000], "export it again"),
        (
            dataclasses.replace(whole, mlir_module_serialized=b"ML\xefR").serialize(),
            "its function cannot be read",
        ),
        (export_of(other).serialize(), "its function does not return completions"),
        (export_of(calls_back).serialize(), "calls back into the host program"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            exported.load(file(function))
        assert "\n" not in str(caught.value) and "foreign.inpaint" in str(caught.value)


def test_a_workdir_executes_what_its_config_names_and_says_so(
    workdir, tmp_path, monkeypatch, capsys
):
    """The message comes first; an exported file never imports what its config names."""
    (tmp_path / "theirs.py").write_text("raise SystemExit('executed')")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "run").mkdir()
    config = Workdir(workdir).config()
    config["system"] = "theirs:system"
    (tmp_path / "run/config.json").write_text(json.dumps(config))
    with pytest.raises(SystemExit, match="executed"):
        inpaint_jax.load(tmp_path / "run")
    assert capsys.readouterr().err == f"{tmp_path}/run runs theirs:system (system)\n"


def test_an_exported_file_executes_nothing_of_its_config(file, tmp_path, monkeypatch, capsys):
    (tmp_path / "theirs.py").write_text("raise SystemExit('executed')")
    monkeypatch.syspath_prepend(tmp_path)
    path = file(export_of(completes).serialize())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(members["about.json"]) | {"config": {"system": "theirs:system"}}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | {"about.json": json.dumps(about)}).items():
            archive.writestr(name, content)
    assert exported.load(path).about["config"] == {"system": "theirs:system"}
    assert capsys.readouterr() == ("", "")
