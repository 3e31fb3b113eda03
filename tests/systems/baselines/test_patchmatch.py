import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import masks
from inpaint_jax.data.facades import Facades
from inpaint_jax.errors import InputError
from inpaint_jax.metrics import psnr
from inpaint_jax.systems.baselines import BASELINES, image_melding, patchmatch
from inpaint_jax.systems.driver import Driver, Task

I, J = np.mgrid[:32, :32]
TEXTURES = {
    "stripes": np.array([0.1, 0.33, -0.77, 0.9])[J % 4],
    "checkers": (I // 2 + J // 2) % 2 - 0.5,
    "grid": ((I % 8 == 0) | (J % 8 == 0)) - 0.5,
}
HOLE = np.zeros((32, 32, 1), np.float32)
HOLE[12:20, 12:20] = 1
SINGLE = {"patch": 5, "levels": 1, "first_sweeps": 6}  # of specification A-B1


def colours(texture):
    """Make an image of a texture, [32, 32, 3]."""
    return np.stack([texture, -0.5 * texture, 0.25 * texture + 0.1], -1).astype(np.float32)


@functools.cache
def driver(name, slots=1, **options):
    return Driver(BASELINES[name](**options), {}, slots=slots)


def completed(driver, images, holes, seed=0):
    """Complete images under holes, in the order of the images."""
    tasks = [
        Task(str(n), image, hole) for n, (image, hole) in enumerate(zip(images, holes, strict=True))
    ]
    results = {result.task.id: result.images[0] for result in driver.run(tasks, seed=seed)}
    return np.stack([results[task.id] for task in tasks])


@pytest.mark.parametrize("nnf", ["exact", "patchmatch"])
@pytest.mark.parametrize("texture", TEXTURES)
def test_periodic_textures_are_continued_exactly(texture, nnf):
    image = colours(TEXTURES[texture])
    np.testing.assert_array_equal(
        completed(driver("patchmatch", nnf=nnf, **SINGLE), [image], [HOLE])[0], image
    )


@pytest.mark.parametrize("texture", TEXTURES)
def test_melding_continues_periodic_textures(texture):
    """The result is exact up to rounding, because melding solves an equation."""
    image = colours(TEXTURES[texture])
    np.testing.assert_allclose(
        completed(driver("image_melding", **SINGLE), [image], [HOLE])[0], image, atol=1e-6
    )


def test_several_scales_keep_stripes():
    image = colours(TEXTURES["stripes"])
    np.testing.assert_allclose(
        completed(driver("patchmatch"), [image], [HOLE])[0], image, atol=1e-5
    )


def test_melding_goes_on_beyond_the_known_colours():
    """The corner of a plane needs known patches plus a bias; averaging can only repeat patches."""
    plane = colours((I / np.pi + J) / 100 - 0.3)
    corner = np.zeros_like(HOLE)
    corner[24:, 24:] = 1
    options = SINGLE | {"first_sweeps": 20}
    np.testing.assert_allclose(
        completed(driver("image_melding", **options), [plane], [corner])[0], plane, atol=1e-5
    )
    repeated, red = (
        completed(driver("patchmatch", **options), [plane], [corner])[0, ..., 0],
        plane[..., 0],
    )
    assert repeated.max() <= red[corner[..., 0] < 0.5].max() < red.max()


@pytest.mark.parametrize("name", ["patchmatch", "image_melding"])
def test_scattered_holes(name):
    """No patch is fully known, so all are sources; a repeating texture beats the first guess."""
    image = colours(TEXTURES["stripes"])
    hole = np.asarray(masks.pixels(jax.random.key(0), 32, p_drop=0.7))
    start = completed(driver("harmonic"), [image], [hole])
    answer = completed(driver(name, patch=5), [image], [hole])
    before, after = (
        psnr(jnp.asarray(a), jnp.asarray(image)[None], jnp.asarray(hole)[None])
        for a in (start, answer)
    )
    assert np.isfinite(answer).all() and after[0] > before[0]


def test_a_result_does_not_depend_on_its_company():
    """Images begin at several scales, and finish after different numbers of sweeps."""
    images = [Facades(size=32)[n]["image"].astype(np.float32) / 127.5 - 1 for n in range(5)]
    specs = ("center:8", "random:0.8", "left", "center:16", "random:0.5")
    holes = [np.asarray(masks.parse(spec)(jax.random.key(0), 32)) for spec in specs]
    shared = driver("patchmatch", slots=2)
    together = completed(shared, images, holes)
    tasks = [Task(str(n), *pair) for n, pair in enumerate(zip(images, holes, strict=True))]
    (alone,) = shared.run([tasks[3]], seed=0)
    np.testing.assert_array_equal(alone.images[0], together[3])


def test_number_of_sweeps():
    """Count ``first_sweeps``, then one vote more than searches at each finer scale."""
    system = patchmatch.build(levels=2, first_sweeps=3, sweeps=2)
    image, hole = colours(TEXTURES["grid"])[None], HOLE[None]
    progress = system.begin({}, image, hole, jax.random.split(jax.random.key(0), 1), 1)
    advance = jax.jit(lambda progress: system.advance({}, progress))
    levels = []
    while not progress.done.all():
        levels += progress.level.tolist()
        progress = advance(progress)
    assert levels == [1] * 3 + [0] * 3
    again = advance(progress)
    np.testing.assert_array_equal(again.images[0], progress.images[0])


def test_rotated_and_scaled_sources():
    """Known stripes are upright below, and turned by 22.5 degrees above, at the hole."""
    turned = np.sin(2 * np.pi * (np.cos(np.pi / 8) * J + np.sin(np.pi / 8) * I) / 6)
    image = colours(0.5 * turned)
    answer = completed(driver("image_melding", transforms="rot_scale", **SINGLE), [image], [HOLE])[
        0
    ]
    assert np.isfinite(answer).all()
    np.testing.assert_array_equal(answer[HOLE[..., 0] < 0.5], image[HOLE[..., 0] < 0.5])


def test_bad_options():
    with pytest.raises(InputError, match="unknown nnf 'fast'; known: auto, exact, patchmatch"):
        patchmatch.build(nnf="fast")
    with pytest.raises(InputError, match="patch must be odd and at least 3, got 6"):
        patchmatch.build(patch=6)
    with pytest.raises(InputError, match="sweeps must be at least 1, got 0"):
        patchmatch.build(sweeps=0)
    with pytest.raises(InputError, match="confidence must be at least 1, got 0.5"):
        patchmatch.build(confidence=0.5)
    with pytest.raises(InputError, match="unknown transforms 'all'; known: none, rot_scale"):
        image_melding.build(transforms="all")
    with pytest.raises(
        InputError, match="gradients must be at least 0 and colours above 0, got 2.0 and 0"
    ):
        image_melding.build(colours=0)
    with pytest.raises(InputError, match="texture must be at least 0, got -1"):
        patchmatch.build(texture=-1)
    small = jnp.zeros((1, 4, 9, 3))
    with pytest.raises(
        InputError, match=r"an image of \(4, 9\) pixels is smaller than a patch of 5"
    ):
        patchmatch.build().begin(
            {}, small, jnp.zeros((1, 4, 9, 1)), jax.random.split(jax.random.key(0), 1), 1
        )
