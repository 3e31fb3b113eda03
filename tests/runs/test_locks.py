"""Locks: the message to a second process names the holder of a folder; a dead one holds nothing."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from inpaint_jax import cli
from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.runs.locks import HOLDER, LOCK, locked, unoccupied

KILLED = """
import filelock, os, signal, sys
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
signal.pause()
"""


def test_the_second_is_told_who_holds_a_folder(tmp_path):
    folder = tmp_path / "run"
    with locked(folder, "training", option="--workdir"):
        with pytest.raises(InputError) as caught, locked(folder, "training", option="--workdir"):
            pytest.fail("two at once")
        (folder / "kept").write_text("")
    message = str(caught.value)
    words = (
        f"process {os.getpid()} on {socket.gethostname()}",
        "has been training there since 20",
        "--workdir",
    )
    assert all(word in message for word in words) and "\n" not in message
    assert [path.name for path in folder.iterdir()] == ["kept"]
    with locked(folder, "training", option="--workdir"):
        pass  # free again


def test_a_killed_process_holds_nothing(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / LOCK], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    with (
        pytest.raises(InputError, match="is in use"),
        locked(tmp_path, "training", option="--workdir"),
    ):
        pytest.fail("two at once")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert (tmp_path / LOCK).is_file() and unoccupied(tmp_path)
    with locked(tmp_path, "training", option="--workdir"):
        assert (tmp_path / HOLDER).is_file()


def test_a_folder_where_nothing_came_of_it_is_removed(tmp_path):
    with locked(tmp_path / "new" / "run", "training", option="--workdir"):
        assert unoccupied(tmp_path / "new" / "run")
    assert not list(tmp_path.iterdir())


def test_what_killed_processes_left_is_removed(tmp_path, monkeypatch):
    """Files of dead processes are removed, in sub-folders too; all other files stay."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "images").mkdir()
    left = [
        tmp_path / "images" / f".inpaint-0123abcd-{number}.tmp"
        for number in (dead.pid, os.getppid())
    ]
    for file in (*left, tmp_path / ".other.tmp"):
        file.write_text("")
    with locked(tmp_path, "training", option="--workdir"):
        assert [file.exists() for file in left] == [False, True] and (
            tmp_path / ".other.tmp"
        ).exists()


def test_a_folder_in_the_place_of_the_lock(tmp_path):
    for name in (LOCK, HOLDER):
        (tmp_path / name).mkdir()
        with (
            pytest.raises(InputError, match=f"cannot write .*{name}"),
            locked(tmp_path, "training", option="--workdir"),
        ):
            pytest.fail("without a lock")
        (tmp_path / name).rmdir()


def test_a_name_that_is_too_long(tmp_path, capsys):
    arguments = [
        "complete",
        "--method=mean",
        "--size=16",
        "--images=facades?count=1",
        "--holes=center",
    ]
    assert cli.main([*arguments, f"--output={tmp_path / ('x' * 300)}"]) == 2
    assert cli.main(["train", "--config=yeh:smoke", f"--workdir={tmp_path / ('x' * 300)}"]) == 2
    lines = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("inpaint: error: ")
    ]
    assert len(lines) == 2 and all("name too long" in line for line in lines)


def test_nothing_temporary_is_left_by_a_failed_write(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="cannot write .*a: remove the folder of this name"):
        files.write_bytes(tmp_path / "a", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
