import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import masks
from inpaint_jax.errors import InputError
from inpaint_jax.systems import baselines
from inpaint_jax.systems.baselines import BASELINES
from inpaint_jax.systems.driver import Driver, Task

KEYS = jax.random.split(jax.random.key(0), 3)
HOLE = jnp.broadcast_to(masks.center(KEYS[0], 16, side=6), (3, 16, 16, 1))


def ready(name, batches=()):
    """Build a baseline by name, with its states."""
    system = BASELINES[name]()
    return system, baselines.ready(system, batches, name=name)


def noise(seed, count=3, size=16):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (count, size, size, 3)).astype(np.float32)


def completed(system, states, images, hole):
    progress = jax.jit(lambda *a: system.begin(*a, 1))(states, images, hole, KEYS[: len(images)])
    assert progress.done.shape == (len(images),)
    advance = jax.jit(system.advance) if system.advance else None
    while not progress.done.all():
        progress = advance(states, progress)
    answer = system.finish(states, progress)
    assert answer.images.shape == (len(images), 1, *images.shape[1:])
    assert answer.losses == {} and answer.traces == {}
    return np.asarray(answer.images[:, 0])


@pytest.mark.parametrize("name", sorted({*BASELINES} - {"fsr_best"}))  # fsr_fast, 50 times slower
def test_every_baseline(name):
    """Known pixels stay bit-identical, whatever the content of the hole."""
    system, states = ready(name, [{"image": noise(9)}])
    assert system.size is None and system.supports(HOLE[0]) is None
    images = noise(0)
    answer = completed(system, states, images, HOLE)
    known = np.broadcast_to(HOLE < 0.5, images.shape)
    np.testing.assert_array_equal(answer[known], images[known])
    assert np.isfinite(answer).all() and np.abs(answer).max() <= 1
    if name == "shift_map":  # equal calls give different answers, see the docstring
        return
    other = np.where(HOLE > 0.5, np.float32(0.123), images)
    np.testing.assert_array_equal(completed(system, states, other, HOLE), answer)


def test_mean():
    images = np.zeros((1, 4, 4, 3), np.float32)
    images[0, 0] = (0.3, -0.6, 0.9)  # 4 of the 12 known pixels
    hole = np.zeros((1, 4, 4, 1), np.float32)
    hole[0, 3] = 1
    answer = completed(*ready("mean"), jnp.where(hole > 0.5, 5.0, images), hole)
    np.testing.assert_allclose(answer[0, 3], np.broadcast_to((0.1, -0.2, 0.3), (4, 3)), rtol=1e-6)


def test_harmonic_is_exact_on_a_ramp():
    i, j = np.mgrid[:16, :16]
    ramp = np.stack([(i + 2 * j) / 40 - 0.5, (j - i) / 20, 0 * i], -1).astype(np.float32)[None]
    np.testing.assert_allclose(
        completed(*ready("harmonic"), ramp * (1 - HOLE[:1]), HOLE[:1]), ramp, atol=1e-5
    )


def test_nearest_finds_the_image_by_its_known_pixels():
    gallery = noise(1, count=10)
    damaged = gallery[[7, 2, 5]] + 0.01
    batches = [{"image": gallery[:5]}, {"image": gallery[5:]}]
    answer = completed(*ready("nearest", batches), jnp.where(HOLE > 0.5, 0.0, damaged), HOLE)
    missing = np.broadcast_to(HOLE > 0.5, damaged.shape)
    np.testing.assert_array_equal(answer[missing], gallery[[7, 2, 5]][missing])


def test_nearest_never_takes_an_empty_place_and_replaces_the_oldest():
    system = BASELINES["nearest"](images=4)
    (stage,) = system.stages
    gallery = noise(1, count=6) + 0.05
    state = stage.init(KEYS[0], {"image": jnp.zeros((3, 16, 16, 3))}, {})
    state, metrics = stage.step(state, {"image": gallery[:3]}, {})
    assert metrics == {"images": 3} and state.step == 1
    grey = np.full((1, 16, 16, 3), 0.0, np.float32)  # would match an empty gallery slot
    answer = completed(system, {"gallery": state}, grey, HOLE[:1])
    assert any(np.array_equal(answer[0, 8, 8], image[8, 8]) for image in gallery[:3])
    state, metrics = stage.step(state, {"image": gallery[3:]}, {})
    assert metrics == {"images": 4}
    np.testing.assert_array_equal(state.networks["gallery"].params, gallery[[4, 5, 2, 3]])


def test_nearest_fills_its_gallery_the_same_on_several_devices():
    (stage,) = BASELINES["nearest"](images=8).stages
    gallery = noise(1, count=8)
    state = stage.init(KEYS[0], {"image": gallery}, {})
    one, _ = stage.step(state, {"image": gallery}, {})
    step = jax.pmap(
        lambda s, b: stage.step(s, b, {}, axis_name="data")[0],
        axis_name="data",
        in_axes=(None, 0),
        out_axes=None,
    )
    four = step(state, {"image": gallery.reshape(4, 2, 16, 16, 3)})
    np.testing.assert_array_equal(four.networks["gallery"].params, one.networks["gallery"].params)


def test_nearest_refuses_images_of_another_size():
    system, states = ready("nearest", [{"image": noise(0, size=8)}])
    with pytest.raises(
        InputError,
        match=r"gallery holds images of \(8, 8, 3\), but the damaged image is \(16, 16, 3\)",
    ):
        system.begin(states, noise(0), HOLE, KEYS, 1)


@pytest.mark.parametrize(
    "name, flag", [("telea", "INPAINT_TELEA"), ("navier_stokes", "INPAINT_NS")]
)
def test_opencv_in_the_driver(name, flag):
    """Four devices, more images than slots: every result equals cv2 on the single image."""
    cv2 = pytest.importorskip("cv2")
    system, states = ready(name)
    images, hole = noise(0, count=50, size=64), np.asarray(masks.center(KEYS[0], 64, side=20))
    driver = Driver(system, states, slots=8)
    tasks = [Task(str(i), image, hole) for i, image in enumerate(images)]
    results = list(driver.run(tasks, seed=0))
    assert len(results) == 50
    for result in (results[0], results[-1]):
        levels = np.rint((result.task.image + 1) * 127.5).astype(np.uint8)
        alone = cv2.inpaint(levels, hole.astype(np.uint8), 3.0, getattr(cv2, flag))
        expected = np.where(hole > 0.5, alone / np.float32(127.5) - 1, result.task.image)
        np.testing.assert_allclose(result.images[0], expected, atol=1e-6)


def test_opencv_of_one_channel():
    pytest.importorskip("cv2")
    images = noise(0)[..., :1]
    assert completed(*ready("telea"), images, HOLE).shape == images.shape


def test_without_opencv(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(
        InputError, match=r"telea baseline needs OpenCV: pip install 'inpaint_jax\[baselines\]'"
    ):
        ready("telea")


def test_bad_input():
    with pytest.raises(InputError, match="'nearest' needs training images for its gallery"):
        ready("nearest")
    with pytest.raises(
        InputError, match="unknown OpenCV method 'fsr'; known: telea, navier_stokes"
    ):
        BASELINES["telea"](method="fsr")
