"""Parallelism: jit, pmap, one device and many give the same numbers; two real processes too."""

import os
import socket
import stat
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inpaint_jax import parallel
from inpaint_jax.errors import InputError
from inpaint_jax.runs import startup
from inpaint_jax.runs.checkpoints import Checkpoints

TX = optax.sgd(0.1, momentum=0.9)


@pytest.fixture(autouse=True)
def four_devices():
    if len(jax.devices()) < 4:
        pytest.skip("needs four devices")


class Network(nn.Module):
    axis_name: str | None = None

    @nn.compact
    def __call__(self, x, train):
        x = nn.Dense(8, use_bias=False)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9, axis_name=self.axis_name)(x)
        return nn.Dense(2)(nn.relu(x))


@jax.jit
def init():
    variables = Network().init(jax.random.key(0), jnp.zeros((1, 3)), train=False)
    return {
        "params": variables["params"],
        "stats": variables["batch_stats"],
        "opt": TX.init(variables["params"]),
        "key": jax.random.key(1),
    }


def step(state, batch, earlier, *, axis_name=None):
    """A step as the systems write it: means over the axis if there is one."""

    def loss(params):
        variables = {"params": params, "batch_stats": state["stats"]}
        outputs, updated = Network(axis_name).apply(
            variables, batch["x"], train=True, mutable=["batch_stats"]
        )
        return jnp.square(outputs - batch["y"] * earlier["scale"]).mean(), updated["batch_stats"]

    (value, stats), grads = jax.value_and_grad(loss, has_aux=True)(state["params"])
    if axis_name:
        value, stats, grads = jax.lax.pmean((value, stats, grads), axis_name)
    updates, opt = TX.update(grads, state["opt"], state["params"])
    new = {
        "params": optax.apply_updates(state["params"], updates),
        "stats": stats,
        "opt": opt,
        "key": state["key"],
    }
    return new, {"loss": value, "draw": jax.random.uniform(state["key"])}


def batch(number: int, size: int = 8) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(number)
    return {
        "x": generator.normal(size=(size, 3)).astype("f4"),
        "y": generator.normal(size=(size, 2)).astype("f4"),
    }


def train(mesh, how="jit", part=slice(None), steps=3):
    """Losses and parameters after a few steps;
    ``part``: the rows of the batch that this process puts in.
    """
    run = parallel.data_parallel(step, mesh, how=how)
    state, earlier = (
        parallel.replicate(init(), mesh),
        parallel.replicate({"scale": jnp.float32(2)}, mesh),
    )
    losses = []
    for number in range(steps):
        local = jax.tree.map(lambda x: x[part], batch(number))
        state, metrics = run(state, parallel.put_batch(local, mesh), earlier)
        losses.append(float(metrics["loss"]))
    return losses, state


def flat(state) -> np.ndarray:
    arrays = jax.tree.leaves({k: state[k] for k in ("params", "stats", "opt")})
    return np.concatenate([np.ravel(x) for x in arrays])


def reference():
    """The plain step, no parallelism at all."""
    state, losses, plain = init(), [], jax.jit(step)
    for number in range(3):
        state, metrics = plain(state, batch(number), {"scale": 2.0})
        losses.append(float(metrics["loss"]))
    return losses, flat(state)


@pytest.fixture(scope="module")
def expected():
    return reference()


@pytest.mark.parametrize(
    ("how", "count"), [("jit", 1), ("jit", 4), ("shard_map", 4), ("pmap", 1), ("pmap", 4)]
)
def test_every_way_is_the_plain_step(how, count, expected):
    losses, state = train(parallel.mesh(jax.devices()[:count]), how)
    np.testing.assert_allclose(losses, expected[0], rtol=1e-5)
    np.testing.assert_allclose(flat(state), expected[1], rtol=1e-5, atol=1e-5)
    assert all(len(x.sharding.device_set) == count for x in jax.tree.leaves(state))


@pytest.mark.parametrize("how", ["jit", "shard_map", "pmap"])
def test_a_run_goes_on_over_other_devices_after_every_restart(how, expected, tmp_path):
    """One step on one device, one on four, one on two, through checkpoints:
    to float tolerance, as sums reorder.
    """
    losses, state = [], None
    for number, count in enumerate((1, 4, 2)):
        mesh = parallel.mesh(jax.devices()[:count])
        with Checkpoints(tmp_path / "run") as checkpoints:
            state = checkpoints.restore(jax.eval_shape(init)) if number else init()
            state, earlier = (
                parallel.replicate(tree, mesh) for tree in (state, {"scale": jnp.float32(2)})
            )
            run = parallel.data_parallel(step, mesh, how=how)
            state, metrics = run(state, parallel.put_batch(batch(number), mesh), earlier)
            checkpoints.save(number + 1, state)
        assert all(len(x.sharding.device_set) == count for x in jax.tree.leaves(state))
        losses.append(float(metrics["loss"]))
    np.testing.assert_allclose(losses, expected[0], rtol=1e-5)
    np.testing.assert_allclose(flat(state), expected[1], rtol=1e-5, atol=1e-5)


def test_a_batch_that_does_not_divide():
    mesh = parallel.mesh()
    with pytest.raises(
        InputError, match="6 examples cannot be shared by 4 devices: .* a multiple of 4"
    ):
        parallel.put_batch(batch(0, size=6), mesh)
    run = parallel.data_parallel(step, mesh)
    with pytest.raises(InputError, match="6 examples cannot be shared by 4 devices"):
        run(init(), batch(0, size=6), {"scale": 2.0})
    with pytest.raises(InputError, match="'vmap'; known: jit, shard_map, pmap"):
        parallel.data_parallel(step, mesh, how="vmap")


@pytest.mark.parametrize(
    "slots, shared",
    [(64, (4, 16)), (32, (4, 8)), (24, (3, 8)), (20, (2, 10)), (9, (1, 9)), (1, (1, 1))],
)
def test_cores_share_the_slots(slots, shared):
    mesh, each = parallel.share_slots(slots)
    assert (mesh.size, each) == shared


@pytest.mark.parametrize("size, count", [(64, 4), (6, 3), (10, 2), (7, 1)])
def test_cores_share_a_batch(size, count):
    assert parallel.share_batch(size).size == count


def test_cores_do_not_share_the_largest_networks():
    assert parallel.share_batch(64, parameters=71_000_000).size == 1


def test_the_state_is_donated():
    mesh = parallel.mesh()
    state, earlier = (
        parallel.replicate(init(), mesh),
        parallel.replicate({"scale": jnp.float32(2)}, mesh),
    )
    kernel = state["params"]["Dense_0"]["kernel"]
    parallel.data_parallel(step, mesh)(state, parallel.put_batch(batch(0), mesh), earlier)
    assert kernel.is_deleted()
    assert not earlier["scale"].is_deleted()


def test_spread_is_bit_equal_on_one_device_and_four():
    """Equal slots per device: 8 examples on 4 devices are 4 calls with 2 examples on one."""

    def fn(weights, examples):
        draws = jax.vmap(lambda key: jax.random.normal(key, (16,)))(examples["key"])
        descend = jax.grad(lambda z, target: jnp.square(jnp.tanh(z @ weights) - target).sum())
        latent = jax.lax.fori_loop(
            0, 20, lambda _, z: z - 0.1 * descend(z, examples["target"]), draws
        )
        return {"latent": latent, "index": examples["index"]}

    weights = jax.random.normal(jax.random.key(0), (16, 16))
    examples = {
        "key": jax.random.split(jax.random.key(1), 8),
        "target": np.asarray(jax.random.normal(jax.random.key(2), (8, 16))),
        "index": np.arange(8),
    }
    four = jax.jit(parallel.spread(fn, parallel.mesh()))(weights, examples)
    one = jax.jit(parallel.spread(fn, parallel.mesh(jax.devices()[:1])))
    parts = [
        one(weights, jax.tree.map(lambda x, i=i: x[i : i + 2], examples)) for i in range(0, 8, 2)
    ]
    np.testing.assert_array_equal(four["latent"], np.concatenate([p["latent"] for p in parts]))
    np.testing.assert_array_equal(four["index"], np.arange(8))
    with pytest.raises(InputError, match="6 examples cannot be shared by 4"):
        parallel.spread(fn, parallel.mesh())(weights, jax.tree.map(lambda x: x[:6], examples))


def test_two_processes_are_one_with_four_devices(tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    root = str(Path(__file__).parent.parent)
    environment = {
        **os.environ,
        "PYTHONPATH": root,
        "JAX_COORDINATOR_ADDRESS": address,
        "JAX_NUM_PROCESSES": "2",
    }
    # as in pyproject.toml
    cache = "ignore:Error reading persistent compilation cache entry:UserWarning"
    command = [sys.executable, "-W", "error", "-W", cache, __file__, str(tmp_path)]
    started = [
        subprocess.Popen(command, env={**environment, "JAX_PROCESS_ID": str(i)}) for i in range(2)
    ]
    try:
        assert [process.wait(timeout=120) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
    for how in ("jit", "pmap"):
        losses, state = train(parallel.mesh(), how)
        for i in range(2):
            with np.load(tmp_path / f"{how}_{i}.npz") as answer:
                np.testing.assert_allclose(answer["losses"], losses, rtol=1e-6)
                np.testing.assert_allclose(answer["state"], flat(state), rtol=1e-5, atol=1e-6)


def test_agree_in_one_process():
    assert startup.agree(True) is True and startup.agree(()) is False


def one_of_two_processes(folder: Path) -> None:
    """What the test above starts: half of the devices, half of every batch, the same run."""
    jax.config.update("jax_num_cpu_devices", 2)
    startup.initialize()
    mesh, index = parallel.mesh(), jax.process_index()
    assert (mesh.size, jax.process_count(), len(jax.local_devices())) == (4, 2, 2)
    with pytest.raises(InputError, match="3 examples cannot be shared by 2 devices"):
        parallel.put_batch(batch(0, size=3), mesh)
    for how in ("jit", "pmap"):
        losses, state = train(mesh, how, part=slice(4 * index, 4 * index + 4))
        np.savez(folder / f"{how}_{index}.npz", losses=losses, state=flat(state))
    assert [startup.agree(flag) for flag in (False, index == 1, True)] == [False, True, True]
    with Checkpoints(folder / "checkpoints") as checkpoints:
        checkpoints.save(3, state)
        checkpoints.wait()
        restored = parallel.replicate(checkpoints.restore(jax.eval_shape(init)), mesh)
        placed = jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state
        )
        for again in (restored, parallel.replicate(restored, mesh), checkpoints.restore(placed)):
            np.testing.assert_array_equal(flat(again), flat(state))
            assert again["key"].sharding.device_set == set(jax.devices())


CLUSTER = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")
TOLD = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")


@pytest.fixture
def started(monkeypatch):
    """The arguments that jax.distributed.initialize is called with."""
    calls = []
    for name in CLUSTER + TOLD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(jax.distributed, "initialize", lambda *args, **options: calls.append(args))
    return calls


@pytest.mark.parametrize(
    ("environment", "distributed", "expected"),
    [
        ({}, None, None),
        ({}, True, (None, None, None)),
        ({"SLURM_STEP_NUM_TASKS": "1"}, None, None),
        ({"SLURM_STEP_NUM_TASKS": "2"}, None, (None, None, None)),
        ({"SLURM_STEP_NUM_TASKS": "2"}, False, None),
        ({"OMPI_COMM_WORLD_SIZE": "8"}, None, (None, None, None)),
        (dict(zip(TOLD, ("a:1", "2", "1"), strict=True)), None, ("a:1", 2, 1)),
        (dict(zip(TOLD, ("a:1", "2", "1"), strict=True)), False, None),
        ({"JAX_COORDINATOR_ADDRESS": "a:1"}, None, None),
    ],
)
def test_when_processes_join(monkeypatch, started, environment, distributed, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    startup.initialize(distributed)
    assert started == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ValueError("coordinator_address should be defined."),
            "which processes belong .* JAX_NUM_PROCESSES",
        ),
        (
            RuntimeError("DEADLINE_EXCEEDED: Barrier timed out\nmore"),
            r"\(DEADLINE_EXCEEDED: Barrier timed out\)",
        ),
    ],
)
def test_processes_that_do_not_find_each_other(monkeypatch, started, error, message):
    def fail(*args, **options):
        raise error

    monkeypatch.setattr(jax.distributed, "initialize", fail)
    with pytest.raises(InputError, match=message) as raised:
        startup.initialize(True)
    assert "\n" not in str(raised.value)


@pytest.fixture
def cache_settings():
    names = ("jax_compilation_cache_dir", "jax_enable_compilation_cache")
    before = {name: getattr(jax.config, name) for name in names}
    with warnings.catch_warnings():
        yield
    for name, value in before.items():
        jax.config.update(name, value)


def test_compilation_cache(tmp_path, monkeypatch, cache_settings):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.delenv("INPAINT_NO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "inpaint_jax" / "xla"
    assert startup.enable_compilation_cache() == folder and folder.is_dir()
    assert [stat.S_IMODE(place.stat().st_mode) for place in (folder, folder.parent)] == [
        0o700,
        0o700,
    ]
    half, other = folder / "jit_f-0123-cache", folder / "jit_g-0123-cache"
    # as a killed process leaves it: JAX never replaces it
    half.write_bytes(zlib.compress(b"program")[:-3])
    monkeypatch.setitem(sys.modules, "zstandard", None)  # which JAX prefers where it is installed
    other.write_bytes(zlib.compress(b"program"))
    folder.chmod(0o777)  # as an older version may have left it
    assert (
        startup.enable_compilation_cache() == folder
        and stat.S_IMODE(folder.stat().st_mode) == 0o700
    )
    assert not half.exists() and other.exists()
    assert jax.config.jax_compilation_cache_dir == str(folder)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/chosen")
    assert startup.enable_compilation_cache() == Path("/chosen")
    monkeypatch.setenv("INPAINT_NO_CACHE", "1")
    assert (
        startup.enable_compilation_cache() is None and not jax.config.jax_enable_compilation_cache
    )


def test_a_compilation_cache_of_another_user_is_not_used(tmp_path, monkeypatch, cache_settings):
    """Its programs would be executed."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.delenv("INPAINT_NO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "inpaint_jax" / "xla").mkdir(parents=True)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert startup.enable_compilation_cache() is None


def test_compilation_cache_that_cannot_be_written(tmp_path, monkeypatch, cache_settings):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.delenv("INPAINT_NO_CACHE", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert startup.enable_compilation_cache() is None


if __name__ == "__main__":
    one_of_two_processes(Path(sys.argv[1]))
