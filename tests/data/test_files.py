"""Files: complete or absent, one line about what the file system refuses."""

import json
import resource

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.data import files
from inpaint_jax.errors import InputError


def test_json_takes_what_runs_have_at_hand(tmp_path):
    path = tmp_path / "new" / "report.json"
    value = {
        "a": np.float32(0.5),
        "b": jnp.arange(2),
        "c": [float("nan"), np.inf, -1],
        "d": tmp_path,
        3: (True, None),
    }
    files.write_json(path, value)
    expected = {"a": 0.5, "b": [0, 1], "c": [None, None, -1], "d": str(tmp_path), "3": [True, None]}
    assert json.loads(path.read_text()) == expected
    assert path.read_text().endswith("}\n")
    assert [p.name for p in path.parent.iterdir()] == ["report.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    files.write_text(path, "old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        with pytest.raises(InputError, match="report.json .*: free some space or choose another folder"):
            files.write_text(path, "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    for write in (files.write_text, files.append_line):
        with pytest.raises(InputError, match="cannot write .*file/x"):
            write(tmp_path / "file" / "x", "text")


def test_append_line_after_a_crash(tmp_path):
    path = tmp_path / "folder" / "records.jsonl"
    files.append_line(path, "one")
    files.append_line(path, "two")
    path.write_bytes(path.read_bytes()[:-2])
    files.append_line(path, "three")
    assert path.read_text() == "one\ntw\nthree\n"


def test_arrays(tmp_path):
    files.write_arrays(tmp_path / "a.npz", {"x": np.arange(3), "y": jnp.ones(2)})
    with np.load(tmp_path / "a.npz") as kept:
        assert set(kept) == {"x", "y"}
        np.testing.assert_array_equal(kept["x"], np.arange(3))


def test_only_the_first_process_writes_files_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    files.write_text(tmp_path / "a", "")
    files.write_json(tmp_path / "b", {})
    files.append_line(tmp_path / "c", "")
    files.write_arrays(tmp_path / "d", {})
    assert not list(tmp_path.iterdir())


def test_damaged_arrays(tmp_path):
    file = tmp_path / "answer.npz"
    files.write_arrays(file, {"images": np.arange(4)})
    np.testing.assert_array_equal(files.read_arrays(file)["images"], np.arange(4))
    whole = file.read_bytes()
    for damaged in (b"junk", b"", whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match="answer.npz, it is damaged: delete it"):
            files.read_arrays(file)
