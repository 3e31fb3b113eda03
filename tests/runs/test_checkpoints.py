"""Checkpoints: bit-exact, atomic, the last K, readable on other devices, with clear errors."""

import os
import resource
import shutil
import subprocess
import sys
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from inpaint_jax.errors import InputError
from inpaint_jax.runs.checkpoints import Checkpoints


class State(NamedTuple):
    params: dict
    optimizer: Any
    key: jax.Array
    step: jax.Array


TX = optax.chain(optax.clip(1.0), optax.adam(1e-3))


def make(seed: int, width: int = 8) -> State:
    params = {
        "Dense_0": {
            "kernel": jax.random.normal(jax.random.key(seed), (4, width)),
            "bias": jnp.zeros(width),
        }
    }
    return State(params, TX.init(params), jax.random.key(seed + 1), jnp.int32(seed))


def abstract(width: int = 8) -> State:
    return jax.eval_shape(lambda: make(0, width))


def as_numbers(state: State) -> list[np.ndarray]:
    return [
        np.asarray(x) for x in jax.tree.leaves(state._replace(key=jax.random.key_data(state.key)))
    ]


def assert_bit_equal(a: State, b: State) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(as_numbers(a), as_numbers(b), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with steps 2 and 3 of four saves; tests copy it before they damage it."""
    folder = tmp_path_factory.mktemp("saved")
    with Checkpoints(folder, keep=2) as checkpoints:
        for step in range(4):
            checkpoints.save(step, make(step))
    return folder


def test_keeps_the_last_steps_bit_for_bit(saved):
    checkpoints = Checkpoints(saved)
    assert checkpoints.steps() == [2, 3] and checkpoints.latest() == 3
    assert_bit_equal(checkpoints.restore(abstract()), make(3))
    assert_bit_equal(checkpoints.restore(abstract(), step=2), make(2))


def test_a_state_may_be_donated_while_it_is_saved(tmp_path):
    trample = jax.jit(lambda s: jax.tree.map(lambda x: x * 0 - 1, s), donate_argnums=0)
    state = {"a": jnp.arange(2_000_000.0), "b": jnp.arange(10)}
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state)
        for _ in range(20):
            state = trample(state)
        jax.block_until_ready(state)
        checkpoints.wait()
        restored = checkpoints.restore(jax.eval_shape(lambda: state))
    np.testing.assert_array_equal(restored["a"], np.arange(2_000_000.0))


def test_goes_on_from_a_restored_state(saved, tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        state = Checkpoints(saved).restore(abstract())
        checkpoints.save(3, state)
        checkpoints.save(3, make(7))  # the step exists: left unchanged
        checkpoints.save(4, state)
    assert checkpoints.steps() == [3, 4]
    assert_bit_equal(checkpoints.restore(abstract(), step=3), make(3))


@pytest.mark.parametrize("count", [1, 2])
def test_moves_to_fewer_devices(tmp_path, count):
    if len(jax.devices()) < 4:
        pytest.skip("needs four devices")

    def spread_over(devices):
        mesh = jax.sharding.Mesh(np.array(devices), ("data",))
        split, copied = (
            NamedSharding(mesh, PartitionSpec("data")),
            NamedSharding(mesh, PartitionSpec()),
        )
        return lambda x: split if x.ndim == 2 else copied

    four, fewer = spread_over(jax.devices()), spread_over(jax.devices()[:count])
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(5, jax.tree.map(lambda x: jax.device_put(x, four(x)), make(5)))
    target = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=fewer(x)), abstract()
    )
    restored = checkpoints.restore(target)
    assert_bit_equal(restored, make(5))
    assert len(restored.params["Dense_0"]["kernel"].sharding.device_set) == count
    assert len(restored.key.sharding.device_set) == count


def test_no_checkpoint(tmp_path, saved):
    assert Checkpoints(tmp_path / "none").latest() is None
    with pytest.raises(InputError, match="none.*inpaint train"):
        Checkpoints(tmp_path / "none").restore(abstract())
    assert not (tmp_path / "none").exists()
    with pytest.raises(InputError, match="no checkpoint of step 7 .* there are: 2, 3"):
        Checkpoints(saved).restore(abstract(), step=7)


def test_another_architecture_names_the_first_array_that_differs(saved):
    checkpoints, wanted = Checkpoints(saved), abstract()
    with pytest.raises(
        InputError, match=r"Dense_0/bias is float32\[8\] in the file but float32\[9\] in the config"
    ) as error:
        checkpoints.restore(abstract(width=9))
    assert "\n" not in str(error.value)
    more = wanted._replace(params={**wanted.params, "Dense_1": wanted.params["Dense_0"]})
    with pytest.raises(InputError, match=r"the file has no params/Dense_1/bias \[8\]"):
        checkpoints.restore(more)
    with pytest.raises(InputError, match=r"the file has step \[\], which the config lacks"):
        checkpoints.restore({k: v for k, v in wanted._asdict().items() if k != "step"})
    with pytest.raises(
        InputError, match=r"step is int32\[\] in the file but float32\[\] in the config"
    ):
        checkpoints.restore(wanted._replace(step=jax.ShapeDtypeStruct((), jnp.float32)))


@pytest.mark.parametrize("damage", ["truncate", "no arrays", "no metadata"])
def test_a_damaged_checkpoint_says_how_to_go_on(saved, tmp_path, damage, capfd):
    folder = shutil.copytree(saved, tmp_path / "copy")
    if damage == "truncate":
        for path in folder.glob("3/**/d/*"):
            os.truncate(path, path.stat().st_size // 2)
    elif damage == "no arrays":
        for path in folder.glob("3/**/d"):
            shutil.rmtree(path)
    else:
        (folder / "3" / "state" / "_METADATA").unlink()
    with pytest.raises(
        InputError,
        match=r"copy/3 is damaged .*: resume .* with --checkpoint=2, or delete that folder",
    ) as error:
        Checkpoints(folder).restore(abstract())
    assert "\n" not in str(error.value)
    shutil.rmtree(folder / "3")
    assert_bit_equal(Checkpoints(folder).restore(abstract()), make(2))
    assert capfd.readouterr() == ("", "")


def test_what_a_killed_run_left_is_invisible_and_swept(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "copy")
    leftover = shutil.copytree(folder / "3", folder / "4.orbax-checkpoint-tmp")
    shutil.rmtree(folder / "2" / "state")  # killed while an old step was deleted
    with Checkpoints(folder, keep=2) as checkpoints:
        assert checkpoints.latest() == 3
        assert leftover.exists()  # reading never writes
        checkpoints.save(4, make(4))
    assert checkpoints.steps() == [3, 4] and not leftover.exists()
    assert_bit_equal(checkpoints.restore(abstract()), make(4))


def test_not_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="cannot save a checkpoint in .*file"),
        Checkpoints(tmp_path / "file") as c,
    ):
        c.save(1, make(1))


def test_a_full_disk_surfaces_and_leaves_the_other_steps(saved, tmp_path, capfd):
    """A file size limit simulates the full disk; the failure happens in the background."""
    folder = shutil.copytree(saved, tmp_path / "copy")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    large = {"noise": jax.random.normal(jax.random.key(0), (100_000,))}
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        with pytest.raises(InputError, match=r"File too large.*intact steps: 2, 3") as error:
            with Checkpoints(folder) as checkpoints:
                checkpoints.save(4, large)
        assert str(folder) in str(error.value) and "\n" not in str(error.value)
        with pytest.raises(InputError, match="File too large"), Checkpoints(folder) as checkpoints:
            checkpoints.save(4, large)
            checkpoints.save(5, large)  # the error surfaces here at the latest
        with pytest.raises(ZeroDivisionError), Checkpoints(folder) as checkpoints:
            checkpoints.save(4, large)
            _ = 1 / 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(4, make(4))
    assert checkpoints.steps() == [2, 3, 4]
    assert capfd.readouterr() == ("", "")


def test_importing_is_cheap():
    code = "import sys, inpaint_jax.runs.checkpoints; assert 'orbax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
