"""A trained model as a pytree: what JAX may do with it."""

import dataclasses

import jax
import numpy as np

import inpaint_jax as ij
from inpaint_jax.compositing import from_levels

IMAGES = from_levels(np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)))
HOLE = np.asarray(ij.masks.center(jax.random.key(0), 16))


def test_its_leaves_are_arrays(model):
    leaves = jax.tree.leaves(model)
    assert leaves and all(isinstance(leaf, jax.Array) for leaf in leaves)
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(model)]
    assert all(path.startswith(".states['dcgan']") for path in paths)


def test_it_goes_through_jax_unchanged(model):
    there_and_back = jax.tree.map(lambda leaf: leaf, model)
    assert there_and_back.system is model.system and there_and_back.config is model.config
    np.testing.assert_array_equal(ij.complete(there_and_back, IMAGES, HOLE), ij.complete(model, IMAGES, HOLE))
    traces = []

    @jax.jit
    def step_of(model):
        traces.append(model)
        return model.states["dcgan"].step

    assert step_of(model) == step_of(there_and_back) == 4
    assert len(traces) == 1
    other = dataclasses.replace(model, system=model.system._replace(size=None))
    assert step_of(other) == 4 and len(traces) == 2  # another method may trace to another program
