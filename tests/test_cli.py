"""The command line as a user meets it: fast help, one clear line for a mistake, exit codes."""

import subprocess
import sys
import time

import pytest

from inpaint_jax import cli


def test_help_answers_in_a_blink():
    def once():
        began = time.perf_counter()
        said = subprocess.run([sys.executable, "-m", "inpaint_jax", "--help"], capture_output=True, text=True)
        assert said.returncode == 0 and "train" in said.stdout
        return time.perf_counter() - began

    assert min(once() for _ in range(3)) < 0.5


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["train", "--config=nowhere.py", "--workdir=x"], "no file 'nowhere.py'"),
        (["train", "--config=configs/yeh.py", "--workdir=x", "--config.serch=1"], "no key 'serch'; known: blend"),
        (["train", "--config=configs/yeh.py", "--workdir=x", "--wrkdir=y"], "unknown argument '--wrkdir=y'"),
        (["complete", "--workdir=x", "--images=y", "--holes=center", "--output=z"], "x is not a workdir"),
    ],
)
def test_mistakes_get_one_line_and_exit_code_2(arguments, words, capsys, tmp_path, monkeypatch):
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.startswith("inpaint: error: ") and said.count("\n") == 1
