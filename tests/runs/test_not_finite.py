"""Values that are not finite, and a damaged checkpoint: one line, exit code 2, no image."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import cli
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.checkpoints import Checkpoints
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.training.health import check_finite
from inpaint_jax.runs.training.loop import train
from inpaint_jax.systems import baselines
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.native_size import native_run
from inpaint_jax.systems.parts.on_host import on_host

IMAGES = "--images=facades?split=test&count=2"


def complete(workdir, output, *more):
    return cli.main(
        ["complete", f"--workdir={workdir}", IMAGES, "--holes=center", f"--output={output}", *more]
    )


@pytest.fixture
def run(workdir, tmp_path):
    """Copy the tiny run: steps 2 and 4."""
    return shutil.copytree(workdir, tmp_path / "run")


def flip(checkpoint):
    for file in checkpoint.glob("state/**/d/*"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)


def test_a_damaged_checkpoint_and_its_remedies(run, tiny, workdir, tmp_path, capsys):
    flip(run / "dcgan/checkpoints/4")
    commands = [
        ["complete", f"--workdir={run}", IMAGES, "--holes=center", f"--output={tmp_path}/out"],
        ["evaluate", f"--workdir={run}", IMAGES, "--holes=center", "--against=none"],
        ["export", f"--workdir={run}", f"--output={tmp_path}/tiny.inpaint", "--platforms=cpu"],
        ["train", "--config=configs/yeh.py:smoke", f"--workdir={run}", *tiny],
    ]
    for command in commands:
        assert cli.main(command) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert (
            f"{run}/dcgan/checkpoints/4 is damaged" in message and "--checkpoint=dcgan:2" in message
        )
        assert cli.main([*command, "--checkpoint=dcgan:3"]) == 2
        assert "no checkpoint of step 3" in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and not (run / "evaluation").exists()
    assert cli.main([*commands[0], "--checkpoint=2"]) == 0
    method = f"--method={run}?checkpoint=dcgan:3"
    assert cli.main(["evaluate", method, IMAGES, "--holes=center", f"--output={tmp_path}/e"]) == 2
    assert "no checkpoint of step 3" in capsys.readouterr().err
    assert cli.main([*commands[3], "--checkpoint=2"]) == 0
    again, whole = (
        jax.tree.leaves(inpaint_jax.load(folder).states["dcgan"].networks)
        for folder in (run, workdir)
    )
    assert all(np.array_equal(a, b) for a, b in zip(again, whole, strict=True))


def test_weights_that_are_not_finite(run, model, tmp_path, capsys):
    def spoilt(leaf):
        return leaf * jnp.inf if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    state = model.states["dcgan"]
    networks = {name: jax.tree.map(spoilt, network) for name, network in state.networks.items()}
    with Checkpoints(run / "dcgan/checkpoints") as checkpoints:
        checkpoints.save(5, state._replace(networks=networks, step=jnp.int32(5)))
    assert complete(run, tmp_path / "out") == 2
    assert (
        "is not finite; use the previous one with --checkpoint=dcgan:4" in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


def test_a_search_that_breaks_off_writes_no_image(workdir, tmp_path, capsys):
    assert complete(workdir, tmp_path / "out", "--config.losses.contextual.weight=3e38") == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert (
        "its completion is not finite (the loss " in message
        and "loss weights of the search" in message
    )
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_settings_that_are_not_finite(workdir, tmp_path, capsys, value):
    assert (
        complete(workdir, tmp_path / "out", f"--config.search.optimizer.learning_rate={value}") == 2
    )
    assert (
        f"search.optimizer.learning_rate is {value}: give a finite number"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="optimizer.learning_rate is"):
        train(
            configuration.load(
                "yeh:smoke", [f"--config.stages.dcgan.optimizer.learning_rate={value}"]
            ),
            tmp_path,
        )


def test_an_answer_that_is_not_finite_is_no_result():
    system = baselines.BASELINES["mean"]()
    broken = system._replace(
        finish=lambda *rest: jax.tree.map(lambda x: x * jnp.nan, system.finish(*rest)), host=None
    )
    image, hole = np.zeros((16, 16, 3), np.float32), np.zeros((16, 16, 1), np.float32)
    hole[4:8, 4:8] = 1
    with pytest.raises(InputError, match=r"cat: its completion is not finite \(pixels\)"):
        list(Driver(broken, {}, slots=1).run([Task("cat", image, hole)], seed=0))
    with pytest.raises(InputError, match="0: its completion is not finite"):
        inpaint_jax.complete(
            Model(configuration.load("yeh:smoke"), broken, {}), image[None], hole, slots=1
        )


def test_an_answer_of_the_host_that_is_not_finite_is_no_result():
    system = on_host(lambda image, hole: np.full_like(image, np.nan))
    image, hole = np.zeros((16, 16, 3), np.float32), np.zeros((16, 16, 1), np.float32)
    hole[4:8, 4:8] = 1
    with pytest.raises(InputError, match=r"cat: its completion is not finite \(pixels\)"):
        list(native_run(system, {})([Task("cat", image, hole)], seed=0))


@pytest.mark.parametrize("value", [1e30, -1e30, np.inf, np.nan])
def test_an_exploding_loss_stops_the_training(tmp_path, value):
    checkpoints = Checkpoints(tmp_path)
    check_finite({"loss": 9e9}, 3, checkpoints)
    with pytest.raises(
        InputError, match=r"diverged by step 3: loss is .*; there is no checkpoint yet"
    ):
        check_finite({"fine": 1.0, "loss": value}, 3, checkpoints)
