"""The training loop: bit-exact resumption, clean stops, and refusal of what does not fit."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration, metric_log
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.training.report import TrainingReport
from inpaint_jax.runs.workdir import StageFolder


def config(tiny, *overrides):
    return configuration.load(
        "configs/yeh.py:smoke", [*tiny, *(f"--config.{item}" for item in overrides)]
    )


def leaves(workdir):
    """Return every array of the final state: parameters, statistics, optimiser, step, key."""
    state = inpaint_jax.load(workdir).states["dcgan"]
    return jax.device_get(jax.tree.leaves(state._replace(key=jax.random.key_data(state.key))))


def assert_equal(left, right):
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_a_run_leaves(workdir):
    assert json.loads((workdir / "config.json").read_text())["system"] == "yeh"
    stage = workdir / "dcgan"
    steps = [
        json.loads(line)["step"] for line in (stage / "metrics.jsonl").read_text().splitlines()
    ]
    assert steps == [1, 2, 3, 4]
    assert sorted(path.name for path in (stage / "checkpoints").iterdir()) == ["2", "4"]
    assert list((stage / "images").glob("*.png")) and list(stage.glob("events.out.tfevents.*"))
    assert "critic" in (stage / "parameters.txt").read_text()


def test_a_continued_run_is_the_uninterrupted_one(tiny, workdir, tmp_path):
    """Two steps and two more, metrics file included; a finished run may be trained longer."""
    train(config(tiny, "stages.dcgan.steps=2"), tmp_path)
    train(config(tiny), tmp_path)
    assert_equal(leaves(tmp_path), leaves(workdir))

    def lines(folder):
        rows = [
            json.loads(line)
            for line in (folder / "dcgan" / "metrics.jsonl").read_text().splitlines()
        ]
        return [{k: v for k, v in row.items() if k != "steps_per_second"} for row in rows]

    assert lines(tmp_path) == lines(workdir)


def command(workdir, tiny, *overrides):
    return [
        *(
            sys.executable,
            "-m",
            "inpaint_jax",
            "train",
            "--config=configs/yeh.py:smoke",
            f"--workdir={workdir}",
        ),
        *tiny,
        *(f"--config.{item}" for item in overrides),
    ]


def environment():
    """Give the child the devices of the tests, whose number changes the last bits."""
    return {**os.environ, "JAX_NUM_CPU_DEVICES": "4"}


@pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_runs_end_bit_equal(tiny, tmp_path, kills):
    longer = ("stages.dcgan.steps=60", "stages.dcgan.checkpoint_every=5")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for kill in range(kills):
        process = subprocess.Popen(
            command(killed, tiny, *longer), env=environment(), stderr=subprocess.DEVNULL
        )
        until = 5 * (kill + 1)
        while process.poll() is None and not (killed / "dcgan/checkpoints" / str(until)).exists():
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
    for folder in (killed, whole):
        train(config(tiny, *longer), folder)
    assert_equal(leaves(killed), leaves(whole))


def test_sigterm_saves_and_says_so(tiny, tmp_path):
    endless = ("stages.dcgan.steps=1000000", "stages.dcgan.checkpoint_every=1000000")
    process = subprocess.Popen(
        command(tmp_path, tiny, *endless), env=environment(), stderr=subprocess.PIPE, text=True
    )
    metrics = tmp_path / "dcgan/metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "saved; the same command resumes from there" in message and "Traceback" not in message
    (step,) = [
        int(path.name) for path in (tmp_path / "dcgan/checkpoints").iterdir() if path.name.isdigit()
    ]
    assert f"stopped: step {step} of 1000000 of dcgan is saved" in message


def test_a_run_that_stops_before_its_first_log_line_has_no_curves(tmp_path):
    folder = StageFolder(tmp_path)
    with TrainingReport(folder, "dcgan", start=0, steps=9) as report:
        report.note({"reconstruction": jnp.ones(())})
        report.write_weighted(1, {"reconstruction": {"weight": 0.5}})
    assert [line["step"] for line in metric_log.read(folder.metrics)] == [1]
    assert not (tmp_path / "metrics.png").exists()


def test_a_diverging_run_stops_and_keeps_the_last_good_checkpoint(tiny, tmp_path, monkeypatch):
    from inpaint_jax.optimization import steps

    honest = steps.latent_gan_step

    def diverging(state, batch, key, **options):
        state, metrics = honest(state, batch, key, **options)
        return state, {
            name: jnp.where(state.step > 3, jnp.nan, value) for name, value in metrics.items()
        }

    monkeypatch.setattr(steps, "latent_gan_step", diverging)
    with pytest.raises(InputError, match="diverged by step 4.*last good checkpoint is step 2"):
        train(config(tiny), tmp_path)
    assert [path.name for path in (tmp_path / "dcgan/checkpoints").iterdir()] == ["2"]


def test_a_workdir_keeps_its_config(tiny, workdir):
    with pytest.raises(
        InputError, match=r"another config \(differs in networks.latent_size, seed\)"
    ):
        train(config(tiny, "seed=5", "networks.latent_size=9"), workdir)


LEARNT = (
    "--config.networks.encoder.width=4",
    "--config.stages.encoder.batch_size=8",
    "--config.stages.encoder.steps=2",
    "--config.stages.encoder.log_every=1",
)


def test_reuse(tiny, workdir, tmp_path, capsys, monkeypatch):
    """A second stage after a finished first stage, which stays unchanged.

    Only the steps of stages that will be trained are traced beforehand, which takes seconds.
    """
    learnt = configuration.load("configs/yeh.py:smoke,learnt", [*tiny, *LEARNT])
    traced, shapes_of = [], jax.eval_shape
    monkeypatch.setattr(
        jax, "eval_shape", lambda fn, *a, **k: [traced.append(fn), shapes_of(fn, *a, **k)][1]
    )
    for folder, source, steps in (("run", workdir, 1), ("again", tmp_path / "run", 0)):
        traced.clear()
        train(learnt, tmp_path / folder, reuse_from=source)
        assert sum(getattr(fn, "__name__", "") == "step" for fn in traced) == steps
    assert f"reused from {workdir}: dcgan" in capsys.readouterr().out
    assert_equal(leaves(tmp_path / "run"), leaves(workdir))
    loaded = inpaint_jax.load(tmp_path / "run")
    assert int(loaded.states["encoder"].step) == 2
    images, hole = np.zeros((1, 16, 16, 3), np.float32), np.zeros((16, 16, 1), np.float32)
    hole[4:12, 4:12] = 1
    learnt_start = inpaint_jax.complete(loaded, images, hole)
    uniform = inpaint_jax.load(tmp_path / "run", overrides=["--config.search.start=uniform"])
    assert np.abs(learnt_start - inpaint_jax.complete(uniform, images, hole)).max() > 0


def test_reuse_of_what_is_not_there(tiny, workdir, tmp_path):
    with pytest.raises(InputError, match="is not a workdir"):
        train(config(tiny), tmp_path / "run", reuse_from=tmp_path)
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="trained dcgan differently: networks.generator.width"):
        train(config(tiny, "networks.generator.width=8"), tmp_path / "other", reuse_from=workdir)
    with pytest.raises(InputError, match="has not finished any of the stages dcgan"):
        train(config(tiny, "stages.dcgan.steps=6"), tmp_path / "longer", reuse_from=workdir)


def test_data_that_does_not_fit(tiny, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        train(config(tiny, f"data.train={tmp_path}/nowhere"), tmp_path / "run")
    with pytest.raises(InputError, match="4 images are fewer than one batch of 8"):
        train(config(tiny, "data.train=facades?count=4"), tmp_path / "run")


def test_the_step_is_traced_once(tiny, tmp_path, monkeypatch):
    from inpaint_jax.optimization import steps

    honest, traces = steps.latent_gan_step, []

    def counted(state, *rest, **options):
        traces.append(state)
        return honest(state, *rest, **options)

    monkeypatch.setattr(steps, "latent_gan_step", counted)
    train(config(tiny), tmp_path)
    assert len(traces) == 1


@pytest.fixture
def images(tmp_path):
    """Make a folder of sixteen images, and a function that trains on a folder of images."""
    from PIL import Image

    from inpaint_jax.data.facades import draw_facade

    (tmp_path / "images").mkdir()
    for i in range(16):
        Image.fromarray(draw_facade(i, 16)[0]).save(tmp_path / "images" / f"{i:02d}.png")
    return tmp_path / "images"


def test_training_images_that_moved(tiny, images, tmp_path):
    """Moved images are accepted; other names, fewer images or other content are not."""
    workdir, elsewhere = tmp_path / "run", tmp_path / "elsewhere"

    def run(folder, steps):
        return train(config(tiny, f"data.train={folder}", f"stages.dcgan.steps={steps}"), workdir)

    run(images, 2)
    with pytest.raises(InputError, match="elsewhere"):
        run(elsewhere, 4)
    shutil.copytree(images, elsewhere)
    (elsewhere / "15.png").rename(elsewhere / "16.png")
    with pytest.raises(
        InputError, match=rf"trained on {images}; {elsewhere} has images of other names"
    ):
        run(elsewhere, 4)
    (elsewhere / "16.png").unlink()
    with pytest.raises(InputError, match="has 15 images instead of 16: give another --workdir"):
        run(elsewhere, 4)
    shutil.copy(images / "01.png", elsewhere / "15.png")
    shutil.copy(images / "01.png", elsewhere / "00.png")
    with pytest.raises(InputError, match="has other images of the same names"):
        run(elsewhere, 4)
    for name in ("15.png", "00.png"):
        shutil.copy(images / name, elsewhere / name)
    shutil.rmtree(images)
    moved = run(elsewhere, 4)
    assert int(moved.states["dcgan"].step) == 4
    assert json.loads((workdir / "config.json").read_text())["data"]["train"] == str(elsewhere)


def test_images_are_opened_only_by_stages_that_train(tiny, images, tmp_path):
    train(config(tiny, f"data.train={images}", "stages.dcgan.steps=2"), tmp_path / "run")
    untrained = config(tiny, f"data.train={images}", "stages.dcgan.steps=0")
    shutil.rmtree(images)
    assert int(train(untrained, tmp_path / "untrained").states["dcgan"].step) == 0
    finished = train(config(tiny, f"data.train={images}", "stages.dcgan.steps=2"), tmp_path / "run")
    assert int(finished.states["dcgan"].step) == 2


def test_a_second_training_is_told_who_trains(tiny, workdir, tmp_path, monkeypatch):
    """The message comes while the other process trains; afterwards the folder is free."""
    from inpaint_jax.runs.training import loop

    def second(*_, **__):
        with pytest.raises(
            InputError,
            match=rf"is in use: process {os.getpid()} on .* has been training there since",
        ):
            train(config(tiny), tmp_path)
        raise InputError("the first ends")

    monkeypatch.setattr(loop, "train_stage", second)
    with pytest.raises(InputError, match="the first ends"):
        train(config(tiny), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.parametrize("newest", [3, 2], ids=["gone", "half gone"])
def test_the_newest_state_beside_a_training_that_removes_older_ones(
    workdir, newest, tmp_path, monkeypatch
):
    """The newest step is removed while it is read: the next newest is read, without an error."""
    from inpaint_jax.runs.checkpoints import Checkpoints

    honest, listed = Checkpoints.latest, []

    def outdated(self):
        listed.append(None)
        return newest if len(listed) == 1 else honest(self)

    shutil.copytree(workdir, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/dcgan/checkpoints/2/state")
    monkeypatch.setattr(Checkpoints, "latest", outdated)
    assert int(inpaint_jax.load(tmp_path / "run").states["dcgan"].step) == 4
