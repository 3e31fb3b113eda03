"""Kills at random moments: the same command continues, with the results of an unkilled run."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import cli

LONG = ("--config.stages.dcgan.steps=60", "--config.stages.dcgan.checkpoint_every=5")
STARTED = 60  # seconds until a child has its lock, even where all cores are busy


def command(name, place, images, tiny, experiment_file, workdir):
    """A command whose work takes some seconds, with a separate output."""
    search = (
        ("--slots=1", "--holes=center,left")
        if name == "evaluation"
        else ("--slots=1", "--holes=center")
    )
    data = ("--train=facades?split=train&count=64", "--images=facades?split=test&count=4")
    return {
        "training": ["train", "--config=yeh:smoke", f"--workdir={place}", *tiny, *LONG],
        "job": [
            "complete",
            f"--workdir={workdir}",
            f"--images={images}",
            f"--output={place}",
            "--keep=2",
            *search,
        ],
        "evaluation": [
            "evaluate",
            f"--workdir={workdir}",
            f"--images={images}",
            f"--output={place}",
            *search,
        ],
        "experiment": ["reproduce", f"--experiment={experiment_file}", f"--workdir={place}", *data],
    }[name]


def state(folder):
    """Return every array of a finished training, and its log without rates."""
    trained = inpaint_jax.load(folder).states["dcgan"]
    arrays = jax.device_get(jax.tree.leaves(trained._replace(key=jax.random.key_data(trained.key))))
    lines = [json.loads(line) for line in (folder / "dcgan/metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["steps_per_second"]
    return [np.asarray(array).tobytes() for array in arrays], lines


@pytest.fixture
def arguments(images, tiny, experiment_file, workdir):
    """Return ``(name, place) -> arguments``."""
    return lambda name, place: command(name, place, images, tiny, experiment_file, workdir)


@pytest.fixture
def start(arguments, environment):
    """Return ``(name, place) -> process``."""

    def begin(name, place):
        child = [sys.executable, "-m", "inpaint_jax", *arguments(name, place)]
        return subprocess.Popen(
            child, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    return begin


def working(process, place):
    """Wait until a process has begun to write; return whether it is at work."""
    deadline = time.monotonic() + STARTED
    while (
        process.poll() is None
        and not (place / ".lock.json").is_file()
        and time.monotonic() < deadline
    ):
        time.sleep(0.005)
    return process.poll() is None


# in every run of the tests, beside a training in tests/runs/training
CASES = [("job", 1), ("evaluation", 1)]
SLOW = [(name, 5) for name in ("training", "job", "evaluation", "experiment")]


@pytest.mark.parametrize(
    "name, kills", [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_results_of_killed_runs(name, kills, arguments, start, materials, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    began = time.monotonic()
    assert cli.main(arguments(name, whole)) == 0
    duration, rng, hit = time.monotonic() - began, random.Random(kills), 0
    for _ in range(3 * kills):
        process = start(name, killed)
        if working(process, killed):
            time.sleep(rng.uniform(0, duration))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            hit += 1
        elif hit < kills:  # the process was faster than the kill: try again
            shutil.rmtree(killed)
        process.wait()
        if hit == kills:
            break
    assert hit == kills, "no moment was met"
    assert cli.main(arguments(name, killed)) == 0
    results = state if name == "training" else materials[name].results
    assert results(killed) == results(whole)
    left = [path for path in killed.rglob(".*") if path.suffix != ".seal"]
    assert not left, "locks or temporary files were left"
