"""Harmonic filling, and the preconditioner that makes it faster in training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import masks
from inpaint_jax.blending import conjugate_gradients, laplacian
from inpaint_jax.systems.parts import filling

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
    np.testing.assert_allclose(fast, exact, atol=1 / 255)
    np.testing.assert_array_equal(jnp.where(hole > 0.5, 0, fast), jnp.where(hole > 0.5, 0, image))


@pytest.mark.parametrize(
    "family, least", [("center", 3), ("left", 5), ("irregular", 1.5), ("random:0.8", 0.75)]
)
def test_two_levels_save_iterations_in_large_holes(family, least):
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

    one = iterations(lambda v: v / 4)
    assert one >= least * iterations(lambda v: filling.two_level(v, hole))


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
