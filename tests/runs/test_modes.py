"""Debugging modes of JAX, machines without a requested device, and work too large for memory."""

import errno
import re
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import checks, cli, parallel
from inpaint_jax.errors import InputError, system_fault
from inpaint_jax.runs.weights.importing import state_dict
from inpaint_jax.systems.driver import Driver, Task

GB = 10**9


@pytest.fixture
def setting():
    """Set an option of JAX for one test."""
    before = {}

    def change(name, value):
        before[name] = getattr(jax.config, name)
        jax.config.update(name, value)

    yield change
    for name, value in before.items():
        jax.config.update(name, value)


def task(name="a"):
    hole = np.zeros((16, 16, 1), np.float32)
    hole[4:12, 4:12] = 1
    return Task(name, np.full((16, 16, 3), 0.25, np.float32), hole)


def test_searches_under_debug_nans(model, setting):
    setting("jax_debug_nans", True)
    (result,) = Driver(model.system, model.states, slots=1).run([task()], seed=0)
    assert len(result.traces["total"]) == 6 and np.isfinite(result.traces["total"]).all()
    assert np.isfinite(result.images).all()


def test_one_device_and_no_shard_map_without_jit(setting):
    """JAX refuses shard_map of a custom_vjp here. The values are those of the whole batch."""
    setting("jax_disable_jit", True)
    assert parallel.share_batch(8).size == 1 and parallel.share_slots(64)[0].size == 1
    mesh = parallel.share_batch(8)

    @jax.custom_vjp
    def square(x):
        return x**2

    square.defvjp(lambda x: (x**2, x), lambda x, g: (2 * x * g,))

    def step(state, batch, earlier, *, axis_name=None):
        del earlier, axis_name
        return state - jax.grad(lambda s: square(s * batch["image"]).sum())(state), {}

    batch = parallel.put_batch({"image": np.arange(4, dtype=np.float32)}, mesh)
    state, _ = parallel.data_parallel(step, mesh)(jnp.float32(1), batch, {})
    assert float(state) == 1 - 2 * (0 + 1 + 4 + 9)
    doubled = parallel.spread(lambda scale, x: scale * square(x), mesh)(2.0, jnp.arange(4.0))
    np.testing.assert_array_equal(doubled, [0, 2, 8, 18])
    with pytest.raises(
        InputError, match="JAX_DISABLE_JIT=1 cannot run shard_map: unset it, or choose jit"
    ):
        parallel.data_parallel(step, mesh, how="shard_map")


@pytest.mark.slow
def test_searches_without_jit(model, setting):
    setting("jax_disable_jit", True)
    (result,) = Driver(model.system, model.states, slots=1).run([task()], seed=0)
    assert np.isfinite(result.images).all()


def test_64_bits_are_refused(workdir, setting, tmp_path, capsys):
    setting("jax_enable_x64", True)
    for refused in (
        lambda: inpaint_jax.load(workdir),
        lambda: inpaint_jax.train("yeh:smoke", tmp_path / "run"),
    ):
        with pytest.raises(InputError, match="compute in float32: unset JAX_ENABLE_X64"):
            refused()
    assert cli.main(["train", "--config=yeh:smoke", f"--workdir={tmp_path}/run"]) == 2
    assert "unset JAX_ENABLE_X64" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_missing_gpu_is_called_so(workdir, tmp_path, monkeypatch, capsys):
    def none(*_):
        raise RuntimeError("Unable to initialize backend 'cuda': no device\nsecond line")

    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    monkeypatch.setattr(jax, "devices", none)
    for command in (["complete", "--images=facades?count=1", "--holes=center"], ["export"]):
        assert cli.main([*command, f"--workdir={workdir}", f"--output={tmp_path}/out"]) == 2
        message = capsys.readouterr().err
        assert "no device with JAX_PLATFORMS=cuda" in message and message.count("\n") == 1
        assert "checkpoint" not in message and "delete" not in message


def test_what_the_system_refuses_has_its_own_remedy():
    assert system_fault(errno.ENOSPC) == (
        "No space left on device",
        "free some space or choose another folder",
    )
    assert system_fault(errno.EMFILE)[1].startswith("raise the limit of open files")
    assert system_fault(errno.EACCES)[1].startswith("change its permissions")
    assert system_fault(errno.ENOENT) == ("No such file or directory", "choose another folder")


def test_memory_is_estimated(workdir, tmp_path, monkeypatch, capsys):
    """16 * 16 * 3 * 4 bytes an image, 30 of them for every restart, 4 slots:
    36.9 GB for 100,000 restarts.
    """
    monkeypatch.setattr(checks, "available_memory", lambda: 16 * GB)
    out, images = f"--output={tmp_path}/out", "--images=facades?split=test&count=2"
    cases = [
        (
            ["complete", f"--workdir={workdir}", images, "--keep=100000"],
            "100000 restarts of 4 images.*at least 37 GB",
        ),
        (
            ["complete", "--method=mean", "--size=16", "--images=facades?count=1000000000"],
            "at least 100 GB",
        ),
        (
            ["evaluate", "--method=mean", "--size=64", "--images=facades?count=1000000"],
            "holding 1000000 .*78 GB",
        ),
    ]
    for command, words in cases:
        assert cli.main([*command, "--holes=center", out]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert "16.0 GB are free" in message
        assert re.search(words, message)
    assert not (tmp_path / "out").exists()


def test_unknown_memory_refuses_nothing(monkeypatch):
    monkeypatch.setattr(checks, "available_memory", lambda: None)
    checks.memory(1e15, "anything", "nothing")


def test_a_zip_bomb_is_no_file_of_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "LARGE", 1_000_000)
    for name, member in (("bomb.pth", "archive/data.pkl"), ("bomb.npz", "weight.npy")):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, bytes(2_000_000))
        with pytest.raises(
            InputError,
            match=f"{name} unpacks from 0.0 MB to 0.0 GB, unlike any file of trained weights",
        ):
            state_dict.read(tmp_path / name)
