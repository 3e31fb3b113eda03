"""Harmonic filling, and the preconditioner that makes it faster in training."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import compositing, masks
from inpaint_jax.blending import conjugate_gradients, degrees, laplacian
from inpaint_jax.runs import configuration
from inpaint_jax.systems.parts import blocks, filling

FAMILIES = ("center", "left", "random:0.8", "irregular")
SIDES = (64, 54)


def example(family: str, size: int):
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(2, size, size, 3)), axis=1) / 8
    hole = masks.cycle(family, size)(jax.random.key(1), 2)
    return jnp.asarray(np.clip(walk, -1, 1), jnp.float32), hole


@pytest.mark.parametrize("size", SIDES)
@pytest.mark.parametrize("family", FAMILIES)
def test_training_sees_the_same_filling(family, size):
    image, hole = example(family, size)
    exact = filling.harmonic(image, hole)
    fast = filling.harmonic(image, hole, train=True)
    np.testing.assert_allclose(fast, exact, atol=1e-3)
    np.testing.assert_array_equal(jnp.where(hole > 0.5, 0, fast), jnp.where(hole > 0.5, 0, image))


def test_holes_without_work_disturb_nothing():
    image, hole = example("left", 16)
    image, ordinary = jnp.repeat(image[:1], 3, 0), hole[0]
    hole = jnp.stack([jnp.zeros_like(ordinary), jnp.ones_like(ordinary), ordinary])
    fast = filling.harmonic(image, hole, train=True)
    np.testing.assert_allclose(fast, filling.harmonic(image, hole), atol=1e-3)
    np.testing.assert_array_equal(fast[0], image[0])


@pytest.mark.parametrize("train", [False, True])
def test_only_training_depends_on_matrix_products(train):
    task = blocks.build(
        size=16,
        side=16,
        holes="left",
        networks={"fill": 0.0, "unit_range": False, "residual": True},
        label="holes",
    )
    traced = jax.make_jaxpr(partial(task.damage, train=train))(*example("left", 16))
    assert ("dot_general" in str(traced)) == train


@pytest.mark.parametrize(
    "choice",
    [
        "context_encoder:best",
        "context_encoder:best,l2",
        "desai_vae:best",
        "on_demand:best,on_demand",
    ],
)
def test_steps_use_two_levels_and_completions_do_not(choice, monkeypatch):
    modes = []

    def harmonic(image, hole, *, train=False):
        modes.append(train)
        return compositing.fill(image, hole)

    monkeypatch.setattr(blocks, "harmonic", harmonic)
    config = configuration.load(f"{choice},smoke", [])
    system, size = configuration.build_system(config), config.data.size
    [stage] = system.stages
    images, keys = jnp.zeros((8, size, size, 3)), jax.random.split(jax.random.key(0), 8)
    state = jax.eval_shape(partial(stage.init, earlier={}), keys[0], {"image": images})
    modes.clear()
    jax.eval_shape(partial(stage.step, earlier={}), state, {"image": images})
    assert modes == [True]
    modes.clear()
    hole = masks.evaluation_holes("center", ids=list("abcdefgh"), size=size, seed=0)
    states = {stage.name: state}
    jax.eval_shape(lambda s: system.finish(s, system.begin(s, images, hole, keys, 1)), states)
    assert set(modes) == {False}


@pytest.mark.parametrize("family, factor", [("center", 3), ("left", 4), ("irregular", 1.5)])
def test_two_levels_take_fewer_iterations(family, factor):
    image, hole = (values[0] for values in example(family, 64))

    def iterations(preconditioner):
        _, count = conjugate_gradients(
            lambda v: hole * laplacian(v),
            -hole * laplacian((1 - hole) * image),
            preconditioner,
            tolerance=1e-5,
            max_iterations=500,
        )
        return int(count)

    one_level = iterations(lambda v: v / degrees(64, 64))
    assert one_level >= factor * iterations(lambda v: filling.two_level(v, hole))


@pytest.mark.parametrize("height, width", [(6, 9), (9, 6), (3, 3)])
def test_two_levels_are_symmetric_and_positive_in_the_hole(height, width):
    pixels = height * width
    missing = np.random.default_rng(0).random(pixels) < 0.7
    hole = jnp.asarray(missing, jnp.float32).reshape(height, width, 1)
    units = jnp.eye(pixels).reshape(pixels, height, width, 1)[missing]
    applied = jax.vmap(lambda values: filling.two_level(values, hole))(units)
    columns = np.asarray(applied).reshape(-1, pixels)
    np.testing.assert_array_equal(columns[:, ~missing], 0)
    matrix = columns[:, missing]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)
    assert np.linalg.eigvalsh(matrix).min() > 0.2
