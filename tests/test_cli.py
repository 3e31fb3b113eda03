"""The command line as a user meets it: fast help, one clear line for a mistake, exit codes."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli, masks


def test_help_answers_in_a_blink():
    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()  # processor time: it does not depend on what else the machine does
    result = subprocess.run(
        [sys.executable, "-m", "inpaint_jax", "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0 and "train" in result.stdout
    assert spent() - before < 0.5


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["train", "--config=nowhere.py", "--workdir=x"], "no file 'nowhere.py'"),
        (
            ["train", "--config=configs/yeh.py", "--workdir=x", "--config.serch=1"],
            "no key 'serch'; known: blend",
        ),
        (
            ["train", "--config=configs/yeh.py", "--workdir=x", "--wrkdir=y"],
            "unknown argument '--wrkdir=y'",
        ),
        (
            ["complete", "--workdir=x", "--images=y", "--holes=center", "--output=z"],
            "x is not a workdir",
        ),
    ],
)
def test_mistakes_get_one_line_and_exit_code_2(arguments, words, capsys, tmp_path, monkeypatch):
    assert cli.main(arguments) == 2
    message = capsys.readouterr().err
    assert words in message and message.startswith("inpaint: error: ") and message.count("\n") == 1


@pytest.mark.parametrize(
    "chosen, devices",
    [(None, min(8, 2 ** (len(os.sched_getaffinity(0)).bit_length() - 1))), ("1", 1)],
)
def test_every_core_of_a_cpu_is_a_device(chosen, devices):
    environment = {k: v for k, v in os.environ.items() if k != "JAX_NUM_CPU_DEVICES"} | {
        "JAX_PLATFORMS": "cpu"
    }
    if chosen:
        environment["JAX_NUM_CPU_DEVICES"] = chosen
    code = (
        "from inpaint_jax.runs import startup; startup.start_jax(); import jax; "
        "print(jax.device_count())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert result.stdout.strip() == str(devices), result.stderr


def test_what_lies_in_the_working_folder_is_found(documented, monkeypatch):
    """A cross of 2 pixels on 16 x 16 is 2 * 16 * 2 - 4 pixels."""
    documented(masks)
    monkeypatch.setattr(
        sys, "path", [folder for folder in sys.path if folder != str(documented.folder)]
    )
    monkeypatch.chdir(documented.folder)
    arguments = [
        "my_masks:cross",
        "--images=facades?split=test&count=1",
        "--size=16",
        "--output=out",
    ]
    assert cli.main(["holes", *arguments]) == 0
    (file,) = Path("out").rglob("holes/**/*.png")
    assert (np.asarray(Image.open(file)) > 0).sum() == 60
