"""Systems without a fixed size on images of many sizes: known pixels, compilations, refusals."""

import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.systems import pieces
from inpaint_jax.systems.baselines import BASELINES
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.native_size import host_run, native_run
from inpaint_jax.systems.parts.feed_forward import feed_forward, single_pass
from inpaint_jax.systems.parts.on_host import on_host


def ramp(height, width):
    i, j = np.mgrid[:height, :width]
    return np.stack([i / 200 - 0.5, j / 900 - 0.3, (i - j) / 1000], -1).astype(np.float32)


def task(name, height, width, *boxes):
    hole = np.zeros((height, width, 1), np.float32)
    for top, left, bottom, right in boxes:
        hole[top:bottom, left:right] = 1
    return Task(name, np.where(hole > 0, np.float32(np.nan), ramp(height, width)), hole, "mark")


FAR = ((10, 10, 30, 40), (100, 500, 140, 530), (70, 800, 90, 820))  # three windows
TASKS = [
    task("far", 150, 900, *FAR),
    task("small", 20, 17, (3, 3, 5, 9)),
    task("edge", 90, 64, (0, 20, 30, 30)),
    task("long", 16, 6000, (4, 3000, 9, 3010), (0, 5990, 16, 6000)),
]


def test_all_holes_of_a_plane_are_completed_exactly():
    """Complete by harmonic surfaces of windows; a plane is harmonic up to the image's edge."""
    results = {r.task.id: r for r in native_run(BASELINES["harmonic"](), {})(TASKS[:2], seed=0)}
    assert list(results) == ["far", "small"] and results["far"].task is TASKS[0]
    for result in results.values():
        np.testing.assert_allclose(result.images[0], ramp(*result.task.hole.shape[:2]), atol=1e-5)


def system_of(paint):
    return single_pass(lambda states, images, hole: paint(images, hole))


def test_known_pixels_are_untouched_and_holes_are_painted():
    """On the device, in padded windows: 0.5 everywhere, also at the edge of a small image."""
    run = native_run(system_of(lambda images, hole: jnp.full_like(images, 0.5)), {})
    results = {r.task.id: r for r in run(TASKS, seed=0)}
    assert set(results) == {"far", "small", "edge", "long"}
    for t in TASKS:
        expected = np.where(t.hole > 0, np.float32(0.5), ramp(*t.hole.shape[:2]))
        np.testing.assert_array_equal(results[t.id].images, expected[None])
    assert np.isnan(TASKS[0].image).any()  # the caller's array is unchanged


def test_a_thousand_sizes_compile_few_programs():
    """Sides of 16 to 112 pixels have windows of 64, 96 and 128 pixels: at most nine shapes."""
    compiled = []

    def paint(images, hole):
        compiled.append(images.shape[1:3])
        return images

    rng = np.random.default_rng(0)
    tasks = []
    for i, (height, width) in enumerate(rng.integers(16, 113, (1000, 2)).tolist()):
        top, left = int(rng.integers(height - 4)), int(rng.integers(width - 4))
        tasks.append(task(str(i), height, width, (top, left, top + 4, left + 4)))
    assert len({t.image.shape for t in tasks}) > 900
    run = native_run(system_of(paint), {}, slots=100)
    assert len(list(run(tasks, seed=0))) == 1000
    assert set(compiled) <= {(a, b) for a in (64, 96, 128) for b in (64, 96, 128)}
    assert len(compiled) == len(set(compiled))  # each once


def test_one_window_is_completed_as_the_driver_completes_an_image():
    """The same id gives the same key, hence the same noise."""

    def paint(states, images, hole, keys, k):
        import jax

        noise = jax.vmap(lambda key: jax.random.uniform(key, images.shape[1:]))(keys)
        return jnp.stack([noise, -noise], 1)

    system = feed_forward(paint)
    t = task("one", 64, 64, (20, 20, 40, 40))
    (alone,) = Driver(system, {}, slots=1, k=2).run([t], seed=3)
    (native,) = native_run(system, {}, k=2)([t], seed=3)
    np.testing.assert_array_equal(native.images, alone.images)


def test_after_a_stop_no_further_portion_begins(monkeypatch):
    """The three windows of the first image are painted, and no others."""
    monkeypatch.setattr(pieces, "PORTION", 1)
    begun, stop = [], []

    def paint(image, hole):
        begun.append(hole.sum())
        return image

    for result in native_run(on_host(paint), {})(TASKS, seed=0, stop=stop):
        stop.append(result.task.id)
    assert stop == ["far"] and sorted(begun) == [20 * 20, 20 * 30, 40 * 30]


def test_texture_is_completed_exactly_in_a_padded_window():
    """Stripes of four colours: a window of 96 x 96 pixels around an image of 70 x 90."""
    colours = np.array([0.1, 0.33, -0.77, 0.9], np.float32)
    stripes = np.broadcast_to(colours[np.arange(90) % 4, None], (70, 90, 3))
    hole = np.zeros((70, 90, 1), np.float32)
    hole[30:45, 60:70] = 1
    run = native_run(BASELINES["patchmatch"](levels=1, first_sweeps=2), {})
    (result,) = run([Task("stripes", stripes, hole)], seed=0)
    np.testing.assert_array_equal(result.images[0], stripes)


def test_errors_name_the_image():
    def fail(image, hole):
        raise InputError("no way")

    with pytest.raises(InputError, match="far: no way"):
        list(native_run(on_host(fail), {})(TASKS, seed=0))
    with pytest.raises(InputError, match="empty: the hole is empty"):
        list(native_run(BASELINES["mean"](), {})([task("empty", 20, 30)], seed=0))
    with pytest.raises(InputError, match="completes only images of 64x64 pixels"):
        native_run(BASELINES["mean"]()._replace(size=64), {})
    with pytest.raises(InputError, match="one completion per image, not 2"):
        native_run(BASELINES["mean"](), {}, k=2)
    with pytest.raises(InputError, match="far: this system does not support the hole: none at all"):
        list(host_run(on_host(fail, supports=lambda hole: "none at all"))(TASKS, seed=0))
