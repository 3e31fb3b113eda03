"""Faults around checkpoints: damaged files are named; a machine fault is not called damage."""

import gc
import json
import os
import random
import resource
import shutil
import threading
import warnings
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orbax.checkpoint import v1 as orbax

from inpaint_jax.errors import InputError
from inpaint_jax.runs import digests
from inpaint_jax.runs.checkpoints import Checkpoints
from inpaint_jax.runs.workdir import chosen_steps

STATE = {
    "weights": jnp.arange(600.0).reshape(20, 30) / 7,
    "half": jnp.arange(8, dtype=jnp.bfloat16),
    "key": jax.random.key(3),
    "step": jnp.int32(5),
}
SHAPES = jax.eval_shape(lambda: STATE)


def words(state) -> bytes:
    leaves = jax.tree.leaves({**state, "key": jax.random.key_data(state["key"])})
    return b"".join(np.asarray(leaf).tobytes() for leaf in leaves)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save steps 2 and 3, which differ; tests copy them before they damage one."""
    folder = tmp_path_factory.mktemp("saved")
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(2, {**STATE, "step": jnp.int32(2)})
        checkpoints.save(3, STATE)
    return folder


@contextmanager
def open_files(more: int):
    """Allow only this many more files than are open now."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            gc.collect()  # event loops that Orbax could not open wholly


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_no_flipped_bit_changes_a_state_in_silence(saved, tmp_path, count):
    draw, found = random.Random(0), 0
    names = sorted(path.relative_to(saved) for path in (saved / "3").rglob("*") if path.is_file())
    names = [name for name in names if (saved / name).stat().st_size]
    for number in range(count):
        folder = shutil.copytree(saved, tmp_path / str(number))
        file = folder / names[number % len(names)]
        data = bytearray(file.read_bytes())
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        file.write_bytes(data)
        try:
            assert words(Checkpoints(folder, stage="dcgan").restore(SHAPES)) == words(STATE)
        except InputError as error:
            assert "--checkpoint=dcgan:2" in str(error) and "\n" not in str(error)
            found += 1
    assert found > count / 4


def test_an_array_that_is_not_what_was_saved_is_named(saved, tmp_path):
    """Tensorstore's checksums are right, as after a memory fault: a digest is another array's."""
    folder = shutil.copytree(saved, tmp_path / "copy")
    file = folder / "3" / "_CHECKPOINT_METADATA"
    content = json.loads(file.read_text())
    about = content["custom_metadata"]
    del about["sha256"]
    about["arrays"]["weights"]["sha256"] = about["arrays"]["half"]["sha256"]
    file.write_text(json.dumps({**content, "custom_metadata": digests.sealed(about)}))
    with pytest.raises(
        InputError, match=r"copy/3 is damaged \(weights does not match its digest\)"
    ):
        Checkpoints(folder).restore(SHAPES)
    assert int(Checkpoints(folder).restore(SHAPES, 2)["step"]) == 2


def test_a_checkpoint_under_the_name_of_another(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "copy")
    shutil.rmtree(folder / "3")
    (folder / "2").rename(folder / "3")
    with pytest.raises(
        InputError, match=r"3 is damaged \(it was saved as step 2\): no earlier checkpoint is left"
    ):
        Checkpoints(folder).restore(SHAPES)


def test_a_checkpoint_without_digests_is_read_unverified(tmp_path):
    orbax.save(tmp_path / "3", STATE)
    assert words(Checkpoints(tmp_path).restore(SHAPES)) == words(STATE)


def test_one_copy_is_saved_where_copies_differ(tmp_path):
    """A user's step that forgets to average statistics leaves different ones on each device."""
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("data",))
    spec = jax.sharding.PartitionSpec

    def differing(x):
        return x + jax.lax.axis_index("data")

    state = jax.shard_map(differing, mesh=mesh, in_specs=spec(), out_specs=spec(), check_vma=False)(
        jnp.zeros(4)
    )
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, {"statistics": state})
    read = Checkpoints(tmp_path).restore({"statistics": jax.ShapeDtypeStruct((4,), jnp.float32)})
    np.testing.assert_array_equal(read["statistics"], np.zeros(4))


def test_too_few_file_descriptors_are_no_damage(saved):
    with open_files(1), pytest.raises(InputError, match="Too many open files.*ulimit -n") as error:
        Checkpoints(saved).restore(SHAPES)
    assert "delete" not in str(error.value) and "damaged" not in str(error.value)
    assert words(Checkpoints(saved).restore(SHAPES)) == words(STATE)


def test_an_error_of_jax_is_no_damage(saved, monkeypatch):
    def load(*_):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes.")

    monkeypatch.setattr(orbax, "load", load)
    with pytest.raises(
        InputError, match="cannot be read .*Out of memory.*: free some memory"
    ) as error:
        Checkpoints(saved).restore(SHAPES)
    assert "delete" not in str(error.value)


@pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_save_leaves_no_thread_and_no_open_file(tmp_path, count):
    def held():
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    with Checkpoints(tmp_path) as checkpoints:
        for step in range(count):
            checkpoints.save(step, STATE)
            if step == 4:
                checkpoints.wait()
                early = held()
        checkpoints.wait()
        assert held() == early


def test_a_failed_save_leaves_no_thread_that_keeps_the_process_alive(tmp_path):
    before = set(threading.enumerate())
    with pytest.raises(InputError, match=r"cannot save .*Too many open files.*intact steps: 1"):
        with Checkpoints(tmp_path) as checkpoints:
            checkpoints.save(1, STATE)
            checkpoints.wait()
            with open_files(0):
                checkpoints.save(2, STATE)
                checkpoints.wait()
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()
    left = [thread for thread in set(threading.enumerate()) - before if not thread.daemon]
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left if "metadata_store" not in thread.name)


def test_a_file_that_has_the_name_of_a_step(tmp_path):
    (tmp_path / "1").write_text("a note")
    assert Checkpoints(tmp_path).steps() == []
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, STATE)
    assert words(Checkpoints(tmp_path).restore(SHAPES)) == words(STATE)


def test_going_back_removes_later_steps(saved, tmp_path):
    checkpoints = Checkpoints(shutil.copytree(saved, tmp_path / "copy"))
    checkpoints.discard_after(2)
    assert checkpoints.steps() == [2]
    assert [path.name for path in checkpoints.folder.iterdir()] == ["2"]


class Named:
    def __init__(self, name):
        self.name = name


def test_which_steps_are_chosen():
    dcgan, encoder = Named("dcgan"), Named("encoder")
    assert chosen_steps(None, [dcgan]) == {}
    assert chosen_steps(4, [dcgan]) == chosen_steps("dcgan:4", [dcgan]) == {"dcgan": 4}
    assert chosen_steps("encoder:2,dcgan:4", [dcgan, encoder]) == {"encoder": 2, "dcgan": 4}
    for text, stages in [
        ("4", [dcgan, encoder]),
        ("refiner:4", [dcgan]),
        ("dcgan:four", [dcgan]),
        ("", [dcgan]),
    ]:
        with pytest.raises(InputError, match="write STAGE:STEP; the stages are dcgan"):
            chosen_steps(text, stages)
