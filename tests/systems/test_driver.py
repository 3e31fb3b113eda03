"""Determinism of the driver: a result depends on image, hole, seed and slots, bit for bit."""

from typing import NamedTuple

import jax
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import masks, parallel
from inpaint_jax.errors import InputError
from inpaint_jax.systems.baselines import BASELINES
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.interface import Completion, System

IDS = [f"image {i}" for i in range(7)]


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (7, 16, 16, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def holes():
    families = ["center", "left", "random:0.8", "quarter:tl", "level:1", "center:4", "top"]
    return np.concatenate(
        [
            masks.evaluation_holes(f, ids=[i], size=16, seed=0)
            for f, i in zip(families, IDS, strict=True)
        ]
    )


class Progress(NamedTuple):
    """Progress of the toy system below."""

    images: jax.Array
    left: jax.Array
    done: jax.Array


@pytest.fixture(scope="module")
def drivers(model):
    """Drivers with four slots per device, on one device and on four; compiled once."""
    meshes = {devices: parallel.mesh(jax.devices()[:devices]) for devices in (1, 4)}
    return {n: Driver(model.system, model.states, slots=4, mesh=mesh) for n, mesh in meshes.items()}


def complete(driver, images, holes, order, *, seed=0):
    """Complete images, ``{id: [H, W, C]}``."""
    tasks = (Task(IDS[i], images[i], holes[i]) for i in order)
    return {result.task.id: result.images[0] for result in driver.run(tasks, seed=seed)}


def test_alone_in_company_in_any_order_on_any_devices(drivers, images, holes):
    everyone = complete(drivers[1], images, holes, range(7))
    assert len(everyone) == 7
    for other in (
        complete(drivers[1], images, holes, [3]),
        complete(drivers[1], images, holes, [6, 2, 4, 0, 1, 5, 3]),
        complete(drivers[4], images, holes, range(7)),
    ):
        for name, image in other.items():
            np.testing.assert_array_equal(image, everyone[name])


def test_known_pixels_survive_and_the_hole_is_never_read(drivers, images, holes):
    answer = complete(drivers[1], images, holes, range(7))
    poisoned = np.where(holes > 0, np.float32(np.nan), images)
    for i, name in enumerate(IDS):
        known = holes[i, ..., 0] == 0
        np.testing.assert_array_equal(answer[name][known], images[i][known])
        assert np.isfinite(answer[name]).all()
    for name, image in complete(drivers[1], poisoned, holes, range(7)).items():
        np.testing.assert_array_equal(image, answer[name])


def test_another_seed_gives_another_answer(drivers, images, holes):
    first, second = (complete(drivers[1], images, holes, [0], seed=seed)[IDS[0]] for seed in (0, 1))
    assert np.abs(first - second).max() > 0


def test_early_finishes_in_any_order(workdir, images, holes):
    """Searches end at different times and free their slots; no result changes."""
    eager = {"tolerance": 1e-4, "patience": 2, "iterations": 20, "optimizer.learning_rate": 100.0}
    model = inpaint_jax.load(
        workdir, overrides=[f"--config.search.{key}={value}" for key, value in eager.items()]
    )
    driver = Driver(model.system, model.states, slots=3, mesh=parallel.mesh(jax.devices()[:1]))

    def run(order):
        results = driver.run((Task(IDS[i], images[i], holes[i]) for i in order), seed=0)
        return {result.task.id: result for result in results}

    one_way, other_way = run(range(7)), run([4, 0, 6, 2, 5, 1, 3])
    assert len(one_way) == len(other_way) == 7
    assert len({result.evaluations for result in one_way.values()}) > 1
    for name, result in one_way.items():
        np.testing.assert_array_equal(result.images, other_way[name].images)
        assert result.evaluations == other_way[name].evaluations == len(result.traces["total"]) < 20


def test_python_in_five_lines(workdir, images, holes):
    loaded = inpaint_jax.load(workdir)
    completed = inpaint_jax.complete(loaded, images, holes, seed=0)
    assert completed.shape == images.shape
    one_hole = inpaint_jax.complete(loaded, images[:2], holes[0])
    assert one_hole.shape == (2, 16, 16, 3)


def test_bad_arrays_are_refused_in_words(model, images, holes):
    with pytest.raises(InputError, match=r"images must be \[B, H, W, C\]"):
        inpaint_jax.complete(model, images[0], holes[0])
    with pytest.raises(InputError, match="got 7 ids, 1 of them different, for 7"):
        inpaint_jax.complete(model, images, holes, ids=["same"] * 7)
    with pytest.raises(InputError, match="image 0|0: the image has NaN"):
        inpaint_jax.complete(model, np.full_like(images[:1], np.nan), holes[:1])
    with pytest.raises(InputError, match="hole is empty"):
        inpaint_jax.complete(model, images[:1], np.zeros_like(holes[:1]))
    with pytest.raises(InputError, match="hole is full"):
        inpaint_jax.complete(model, images[:1], np.ones_like(holes[:1]))
    with pytest.raises(InputError, match=r"must both be \(16, 16\)"):
        inpaint_jax.complete(model, images[:1, :8], holes[:1, :8])


@pytest.mark.parametrize("slots, devices, together", [(2, 1, 2), (11, 2, 8)])
def test_slots_are_refilled_without_retracing(images, holes, slots, devices, together):
    """Images need different numbers of chunks: every slot is reused, nothing compiles twice.

    Eleven slots begin in groups of at most eight: a refill does not begin all of them again.
    """
    traces = []

    def begin(states, images, hole, keys, k):
        assert len(images) == together
        traces.append("begin")
        needed = (hole.sum((1, 2, 3)) % 5 + 1).astype(np.int32)
        return Progress(images, needed, needed < 0)

    def advance(states, progress):
        traces.append("advance")
        left = progress.left - 1
        return progress._replace(left=left, done=left <= 0)

    def finish(states, progress):
        traces.append("finish")
        return Completion(progress.images[:, None], {}, {})

    mesh = parallel.mesh(jax.devices()[:devices])
    driver = Driver(System(16, (), begin, advance, finish), {}, slots=slots, mesh=mesh)
    tasks = [Task(f"{n} {IDS[i]}", images[i], holes[i]) for n in range(6) for i in range(7)]
    results = list(driver.run(iter(tasks), seed=0))
    assert sorted(r.task.id for r in results) == sorted(t.id for t in tasks)
    for result in results:
        seen = np.where(result.task.hole > 0, 0, result.task.image)  # without the hidden truth
        np.testing.assert_array_equal(result.images[0], seen)
    assert sorted(traces) == ["advance", "begin", "finish"]


class Bar:
    """The used part of a ``tqdm`` bar."""

    def __init__(self):
        self.count, self.chunks, self.losses = 0, [], []

    def update(self):
        self.count += 1

    def set_postfix(self, *, chunk, **shown):
        self.chunks.append(chunk)
        self.losses += [shown["loss"]] if shown else []


def test_the_loss_of_a_search_is_watched(model):
    """The bar shows the mean over the searched images; the last value is that of the answers."""
    driver, bar = Driver(model.system, model.states, slots=4), Bar()
    hole = np.zeros((16, 16, 1), np.float32)
    hole[4:12, 4:12] = 1
    tasks = [
        Task(name, np.full((16, 16, 3), level, np.float32), hole)
        for name, level in (("a", -0.5), ("b", 0.5))
    ]
    results = driver.run_all(tasks, seed=0, bar=bar)
    assert len(bar.losses) == len(bar.chunks) and bar.losses == sorted(bar.losses, reverse=True)
    answers = np.mean([result.losses["total"][0] for result in results.values()])
    np.testing.assert_allclose(bar.losses[-1], answers, rtol=1e-5)


def test_all_results_at_once(images, holes):
    """Results by id; the bar counts images and chunks; duplicate ids are refused."""
    driver, bar = Driver(BASELINES["mean"](), {}, slots=2), Bar()
    results = driver.run_all((Task(IDS[i], images[i], holes[i]) for i in range(3)), seed=0, bar=bar)
    assert sorted(results) == sorted(IDS[:3]) and bar.count == 3
    assert bar.chunks == list(range(1, len(bar.chunks) + 1)) and bar.chunks
    for i in range(3):
        known = holes[i, ..., 0] == 0
        np.testing.assert_allclose(
            results[IDS[i]].images[0][~known],
            np.tile(images[i][known].mean(0), ((~known).sum(), 1)),
            atol=1e-5,
        )
    with pytest.raises(
        InputError, match="two images have the id 'same': give every image a different one"
    ):
        driver.run_all([Task("same", images[i], holes[i]) for i in range(2)], seed=0)
    assert driver.run_all([Task("a", images[0], holes[0])], seed=0, stop=True) == {}
