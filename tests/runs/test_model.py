"""A trained model as a pytree: JAX transformations on it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax as ij
from inpaint_jax import networks
from inpaint_jax.compositing import from_uint8

IMAGES = from_uint8(np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)))
HOLE = np.asarray(ij.masks.center(jax.random.key(0), 16))


def test_its_leaves_are_arrays(model):
    leaves = jax.tree.leaves(model)
    assert leaves and all(isinstance(leaf, jax.Array) for leaf in leaves)
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(model)]
    assert all(path.startswith(".states['dcgan']") for path in paths)


def test_it_goes_through_jax_unchanged(model):
    there_and_back = jax.tree.map(lambda leaf: leaf, model)
    assert there_and_back.system is model.system and there_and_back.config is model.config
    np.testing.assert_array_equal(
        ij.complete(there_and_back, IMAGES, HOLE), ij.complete(model, IMAGES, HOLE)
    )
    traces = []

    @jax.jit
    def step_of(model):
        traces.append(model)
        return model.states["dcgan"].step

    assert step_of(model) == step_of(there_and_back) == 4
    assert len(traces) == 1
    other = dataclasses.replace(model, system=model.system._replace(size=None))
    assert step_of(other) == 4 and len(traces) == 2  # another method may trace to another program


def test_it_hands_out_its_networks(model):
    generator, critic = model.network("dcgan", "generator"), model.network("dcgan", "critic")
    latents = jax.random.uniform(jax.random.key(1), (3, 8), minval=-1, maxval=1)
    images = jax.jit(generator)(latents)
    net = model.states["dcgan"].networks["generator"]
    network, weights = networks.build(model.config.networks.generator), networks.weights_of(net)
    expected, _ = network.apply(*weights, latents, train=False)
    np.testing.assert_allclose(images, expected, atol=1e-5)
    assert images.shape == (3, 16, 16, 3) and critic(images).shape == (3,)
    gradient = jax.grad(lambda z: generator(z[None]).sum())(latents[0])
    assert gradient.shape == (8,) and jnp.isfinite(gradient).all() and jnp.abs(gradient).max() > 0


def test_a_network_is_a_pytree_of_its_weights(model):
    generator = model.network("dcgan", "generator")
    net = model.states["dcgan"].networks["generator"]
    weights = jax.tree.leaves(networks.weights_of(net))
    assert [id(leaf) for leaf in jax.tree.leaves(generator)] == [id(leaf) for leaf in weights]
    latents = jnp.full((1, 8), 0.5)
    as_argument = jax.jit(lambda network, z: network(z))(generator, latents)
    np.testing.assert_allclose(as_argument, generator(latents), atol=1e-5)


@pytest.mark.parametrize("names", [("dcgan", "encoder"), ("lsgan", "generator")])
def test_unknown_networks(model, names):
    message = (
        f"no network '{names[1]}' in a stage '{names[0]}'; known: dcgan generator, dcgan critic"
    )
    with pytest.raises(ij.InputError, match=message):
        model.network(*names)
