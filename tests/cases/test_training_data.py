"""A bad training image: found before the first step, left out by an option, never read again."""

import json
import os

import pytest

from inpaint_jax import cli
from inpaint_jax.data import cache

BROKEN = "03"


@pytest.fixture
def train(tmp_path, tiny, draw, capsys):
    """Write twelve images, one of them truncated; return a function that trains on them.

    The function returns exit code and standard error.
    """
    images = tmp_path / "images, all?"
    images.mkdir()
    for i in range(12):
        draw.scene(i).save(images / f"{i:02d}.png")
    bad = images / f"{BROKEN}.png"
    bad.write_bytes(bad.read_bytes()[:300])
    keys = [
        key
        for key in tiny
        if not key.startswith(("--config.data.train", "--config.stages.dcgan.steps"))
    ]

    def run(*arguments, steps=5):
        capsys.readouterr()
        command = [
            "train",
            "--config=configs/yeh.py:smoke",
            f"--workdir={tmp_path}/run",
            *keys,
            *arguments,
        ]
        code = cli.main(
            [*command, f"--config.data.train={images}", f"--config.stages.dcgan.steps={steps}"]
        )
        return code, "\n".join(
            line for line in capsys.readouterr().err.splitlines() if line.startswith("inpaint: ")
        )

    run.workdir, run.images = tmp_path / "run", images
    return run


def steps_of(workdir):
    folder = workdir / "dcgan/checkpoints"
    return (
        max((int(name) for name in os.listdir(folder) if name.isdigit()), default=0)
        if folder.exists()
        else 0
    )


def test_bad_training_images(train):
    code, message = train()
    assert code == 2 and f"{BROKEN}.png" in message and steps_of(train.workdir) == 0
    code, message = train("--on-error=skip")
    assert (
        code == 0
        and f"training without 1 image ({BROKEN})" in message
        and steps_of(train.workdir) == 5
    )
    assert list(json.loads((train.workdir / "skipped.json").read_text())) == ["digest", BROKEN]
    code, message = train(steps=6)  # without the option: images known to be bad stay out
    assert code == 0 and steps_of(train.workdir) == 6


def test_a_set_that_memory_does_not_hold_is_checked_before_the_first_step(train, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 0)
    code, message = train()
    assert code == 2 and "cannot train on" in message and "--on-error=skip" in message
    assert not train.workdir.exists()


def test_an_image_that_breaks_between_two_calls(train, monkeypatch, draw):
    draw.scene(3).save(train.images / f"{BROKEN}.png")
    assert train(steps=2) == (0, "")
    monkeypatch.setattr(cache, "LIMIT", 0)
    (train.images / "05.png").write_bytes(b"")
    code, message = train()
    assert code == 2 and "05.png" in message and steps_of(train.workdir) == 2
    code, message = train("--on-error=skip")
    assert code == 0 and "training without 1 image (05)" in message and steps_of(train.workdir) == 5
