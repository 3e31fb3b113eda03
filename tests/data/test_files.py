"""Files: complete or absent; an error of the file system becomes one line."""

import errno
import json
import resource

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import checks
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
        with pytest.raises(
            InputError, match="report.json .*: free some space or choose another folder"
        ):
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
        with pytest.raises(InputError, match=r"answer.npz is damaged \(.+\): delete it"):
            files.read_arrays(file)


def test_no_flipped_bit_changes_arrays_in_silence(tmp_path):
    file, arrays = (
        tmp_path / "answer.npz",
        {"images": np.arange(400).reshape(20, 20), "seconds": np.array(1.5)},
    )
    files.write_arrays(file, arrays, identity="answer")
    whole, found = file.read_bytes(), 0
    for bit in range(0, 8 * len(whole), 11):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        file.write_bytes(data)
        try:
            read = files.read_arrays(file, "images", "seconds", identity="answer")
        except InputError as error:
            assert "\n" not in str(error)
            found += 1
        else:
            assert all(np.array_equal(read[name], array) for name, array in arrays.items())
    assert found > len(whole) / 3


def test_a_file_under_the_name_of_another(tmp_path):
    files.write_arrays(tmp_path / "b.npz", {"x": np.ones(2)}, identity="a")
    assert set(files.read_arrays(tmp_path / "b.npz", identity="a")) == {"x"}
    with pytest.raises(InputError, match="the content of another file"):
        files.read_arrays(tmp_path / "b.npz", identity="b")
    files.write_arrays(tmp_path / "c.npz", {"x": np.ones(2)})  # version 0.1: not compared
    assert set(files.read_arrays(tmp_path / "c.npz", identity="c")) == {"x"}


def test_what_the_system_refuses_is_no_damage(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    files.write_arrays(tmp_path / "a.npz", {"x": np.ones(2)})
    monkeypatch.setattr(files, "read_bytes", refuse)
    with pytest.raises(
        InputError, match="a.npz cannot be read .Too many open files.: raise the limit"
    ) as error:
        files.read_arrays(tmp_path / "a.npz")
    assert "delete" not in str(error.value)


def test_an_archive_that_unpacks_to_far_more_than_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "LARGE", 100_000)
    files.write_arrays(tmp_path / "a.npz", {"x": np.zeros(50_000)})  # 400 kB in some 600 bytes
    with pytest.raises(InputError, match=r"a.npz is damaged \(unpacks from 0.0 MB to 0.0 GB"):
        files.read_arrays(tmp_path / "a.npz")
