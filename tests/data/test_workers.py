"""Worker processes: the same bits in the same order, errors in one line, and no process left."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import jax
import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data import cache
from inpaint_jax.data.pipeline import training_batches
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.workdir import Workdir


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Ten JPEG files in two classes, which are not kept in memory."""
    monkeypatch.setattr(cache, "LIMIT", 0)
    draw = np.random.default_rng(0)
    for i in range(10):
        file = tmp_path / "images" / "ab"[i % 2] / f"{i}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (12, 10, 3), dtype=np.uint8)).save(file)
    return tmp_path / "images"


def batches(source, count, **options):
    options = dict(size=8, batch_size=4, seed=0) | options
    drawn = training_batches(open_source(str(source), size=8), **options)
    got = [next(drawn) for _ in range(count)]
    drawn.close()
    return got


def assert_same(a, b):
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert type(other[name]) is np.ndarray and one[name].dtype == other[name].dtype
            np.testing.assert_array_equal(one[name], other[name])


def test_a_worker_gives_the_same_bits_and_errors_and_ends(folder):
    """Over two epochs, from a later step, with labels, holes and arrays;
    then a file is no image any more.
    """
    holes = np.eye(8, dtype=bool)[:, :, None, None].repeat(8, 2)
    options = dict(
        size=8, batch_size=4, seed=0, start_step=2, holes=holes, arrays={"number": np.arange(10.0)}
    )
    one = training_batches(open_source(str(folder), size=8), **options, workers=1)
    assert_same(batches(folder, 5, **options), [next(one) for _ in range(5)])
    [worker] = multiprocessing.active_children()
    (folder / "b" / "7.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match="7.jpg"):
        for _ in range(10):
            next(one)
    one.close()
    assert worker not in multiprocessing.active_children()


def test_images_in_memory_need_no_workers(folder, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 10**6)
    monkeypatch.setattr("inpaint_jax.data.pipeline.in_workers", None)  # not called
    assert_same(batches(folder, 3), batches(folder, 3, workers=4))


def test_the_number_of_workers_may_change(tiny, workdir):
    """A run goes on with another number, which is a whole one of at least 0."""
    more = configuration.load("configs/yeh.py:smoke", [*tiny, "--config.data.workers=4"])
    assert more.data.workers == 4
    Workdir(workdir).check_same_run(more)
    with pytest.raises(InputError, match="data.workers must be a whole number of at least 0"):
        configuration.load("yeh:smoke", [*tiny, "--config.data.workers=-1"])


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3])
def test_several_workers_take_turns(folder, workers):
    assert_same(
        batches(folder, 11, start_step=1), batches(folder, 11, start_step=1, workers=workers)
    )
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_run_goes_on_with_other_workers(folder, tiny, tmp_path):
    """Two steps with two workers, two without: the bits of four without."""
    arguments = [*tiny, f"--config.data.train={folder}", "--config.data.fit=crop"]

    def trained(name, *changes):
        return train(
            configuration.load("yeh:smoke", [*arguments, *changes]), tmp_path / name
        ).states["dcgan"]

    whole = trained("whole")
    trained("parts", "--config.stages.dcgan.steps=2", "--config.data.workers=2")
    parts = trained("parts")
    for name, network in whole.networks.items():
        for a, b in zip(
            *(jax.tree.leaves(n.params) for n in (network, parts.networks[name])), strict=True
        ):
            np.testing.assert_array_equal(a, b)
    assert Workdir(tmp_path / "parts").stage("dcgan").latest() == 4
    assert not multiprocessing.active_children()


class Unsendable:
    """A source with a lock, which cannot be pickled."""

    def __init__(self):
        self.lock = threading.Lock()

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return {"image": np.zeros((8, 8, 3), np.uint8)}


def test_a_source_that_cannot_be_sent(monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 0)
    with pytest.raises(InputError, match="data.workers=1: .*data.workers=0 reads in this one"):
        next(training_batches(Unsendable(), size=8, batch_size=2, seed=0, workers=1))


RUNNING = """
    import multiprocessing, sys, time
    from inpaint_jax.data import cache
    from inpaint_jax.data.pipeline import training_batches
    from inpaint_jax.data.sources import open_source

    cache.LIMIT = 0
    source = open_source(sys.argv[1], size=8)
    drawn = training_batches(source, size=8, batch_size=4, seed=0, workers=1)
    next(drawn)
    print(multiprocessing.active_children()[0].pid, flush=True)
    while sys.argv[2] == "read":
        next(drawn)
    time.sleep(60)
    """


@pytest.fixture
def running(folder):
    """Start a process with a worker; return both."""
    started = []

    def start(what):
        command = [sys.executable, "-c", textwrap.dedent(RUNNING), str(folder), what]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout
        return process, int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_worker_ends_with_a_process_that_was_killed(running):
    process, worker = running("sleep")
    # a cluster sends it to all processes; the worker leaves it to the other one
    os.kill(worker, signal.SIGTERM)
    time.sleep(1)
    os.kill(worker, 0)  # there
    process.kill()
    process.wait()
    for _ in range(100):
        if not alive(worker):
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")


@pytest.mark.slow
def test_a_worker_that_was_killed_is_reported(running):
    process, worker = running("read")
    os.kill(worker, signal.SIGKILL)
    _, message = process.communicate(timeout=60)
    assert (
        process.returncode
        and "InputError: data.workers=1: Worker process was terminated unexpectedly" in message
    )


def alive(number):
    """Whether a process runs; one that nobody waits for does not."""
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
