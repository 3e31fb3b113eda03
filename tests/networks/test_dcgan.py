"""DCGAN: parameter counts of the specification, ranges, batch norm's constants."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.dcgan import Discriminator, Generator
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.layers import BatchNorm


def count(module, *shapes):
    variables = jax.eval_shape(
        lambda key: module.init(key, *(jnp.zeros(s) for s in shapes), train=False), jax.random.key(0)
    )
    return sum(x.size for x in jax.tree.leaves(variables["params"]))


@pytest.mark.parametrize(
    "name, fields, shape, expected",
    [
        ("dcgan.Generator", {}, (1, 100), 7_856_131),
        ("dcgan.Generator", {"kernel": 5}, (1, 100), 18_872_323),
        ("dcgan.Discriminator", {}, (1, 64, 64, 3), 4_316_545),
    ],
)
def test_parameter_count(name, fields, shape, expected):
    assert count(NETWORKS[name](**fields), shape) == expected


@pytest.mark.parametrize("size", [32, 64])
def test_generator_range_and_logits(size):
    generator, discriminator = pure(Generator(size=size, width=16)), pure(Discriminator(width=4))
    z = 5 * jax.random.normal(jax.random.key(1), (3, 10))
    params, stats = generator.init(jax.random.key(0), z)
    images, _ = generator.apply(params, stats, z, train=True)
    assert images.shape == (3, size, size, 3)
    assert -1 <= images.min() and images.max() <= 1
    params, stats = discriminator.init(jax.random.key(0), images)
    logits, same = discriminator.apply(params, stats, images, train=False)
    assert logits.shape == (3,)
    assert same is stats


def test_size_is_four_times_a_power_of_two():
    with pytest.raises(ValueError, match="power of two"):
        Generator(size=48, width=16).init(jax.random.key(0), jnp.zeros((1, 10)), train=False)


def test_batch_norm_constants():
    x = jnp.asarray([[1.0, 3.0], [3.0, 5.0]])
    network = BatchNorm()
    variables = network.init(jax.random.key(0), x, use_running_average=False)
    _, updated = network.apply(variables, x, use_running_average=False, mutable=["batch_stats"])
    np.testing.assert_allclose(updated["batch_stats"]["mean"], [0.2, 0.4], rtol=1e-6)
    np.testing.assert_allclose(updated["batch_stats"]["var"], [1.0, 1.0], rtol=1e-6)  # 0.9 * 1 + 0.1 * 1
    scale = BatchNorm().init(jax.random.key(0), jnp.zeros((1, 10_000)), use_running_average=True)["params"]["scale"]
    np.testing.assert_allclose([scale.mean(), scale.std()], [1, 0.02], atol=1e-3)
