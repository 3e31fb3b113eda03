"""DCGAN: specified parameter counts, ranges, constants of batch norm."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.dcgan import Discriminator, Generator
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.layers import BatchNorm


def count(module, *shapes):
    variables = jax.eval_shape(
        lambda key: module.init(key, *(jnp.zeros(s) for s in shapes), train=False),
        jax.random.key(0),
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
def test_shapes(size):
    generator, discriminator = pure(Generator(size=size, width=16)), pure(Discriminator(width=4))

    def through(key):
        z = jnp.zeros((3, 10))
        images, _ = generator.apply(*generator.init(key, z), z, train=True)
        return images, discriminator.apply(*discriminator.init(key, images), images, train=False)[0]

    images, logits = jax.eval_shape(through, jax.random.key(0))
    assert images.shape == (3, size, size, 3)
    assert logits.shape == (3,)


@pytest.fixture(scope="module")
def search():
    """Return ``z [Z] -> gradient [Z]`` and the images ``z [B, Z] -> [B, 16, 16, 3]``.

    The gradient passes through a generator and a discriminator.
    """
    generator, discriminator = pure(Generator(size=16, width=16)), pure(Discriminator(width=4))
    images = jnp.zeros((1, 16, 16, 3))
    g, d = jax.jit(
        lambda k: (generator.init(k, jnp.zeros((1, 10))), discriminator.init(k, images))
    )(jax.random.key(0))

    def loss(z):
        image, stats = generator.apply(*g, z[None], train=False)
        assert stats is g[1]
        return jnp.abs(image - 0.1).sum() + jax.nn.softplus(
            -discriminator.apply(*d, image, train=False)[0][0]
        )

    return jax.grad(loss), lambda z: generator.apply(*g, z, train=True)[0]


def test_images_lie_in_range(search):
    images = jax.jit(search[1])(50 * jax.random.normal(jax.random.key(1), (3, 10)))
    assert -1 <= images.min() < -0.01 and 0.01 < images.max() <= 1


def test_result_does_not_depend_on_place_or_company(search):
    """Results are bit-equal at any position of the batch, beside any others, on any device.

    The number of slots per device must be the same.
    """
    z = jax.random.normal(jax.random.key(1), (8, 10))
    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))
    of_two = jax.jit(jax.vmap(search[0]))
    expected = of_two(z[:2])
    np.testing.assert_array_equal(of_two(z[1::-1])[::-1], expected)
    np.testing.assert_array_equal(of_two(z[1:3])[0], expected[1])
    on_four = jax.jit(
        jax.shard_map(jax.vmap(search[0]), mesh=mesh, in_specs=P("data"), out_specs=P("data"))
    )
    everywhere = on_four(z)
    np.testing.assert_array_equal(everywhere[:2], expected)
    np.testing.assert_array_equal(on_four(jnp.roll(z, 3, 0)), jnp.roll(everywhere, 3, 0))


def test_size_is_four_times_a_power_of_two():
    with pytest.raises(ValueError, match="power of two"):
        Generator(size=48, width=16).init(jax.random.key(0), jnp.zeros((1, 10)), train=False)


def test_batch_norm_constants():
    x = jnp.asarray([[1.0, 3.0], [3.0, 5.0]])
    network = BatchNorm()
    variables = network.init(jax.random.key(0), x, use_running_average=False)
    _, updated = network.apply(variables, x, use_running_average=False, mutable=["batch_stats"])
    np.testing.assert_allclose(updated["batch_stats"]["mean"], [0.2, 0.4], rtol=1e-6)
    # 0.9 * 1 + 0.1 * 1
    np.testing.assert_allclose(updated["batch_stats"]["var"], [1.0, 1.0], rtol=1e-6)
    scale = BatchNorm().init(jax.random.key(0), jnp.zeros((1, 10_000)), use_running_average=True)[
        "params"
    ]["scale"]
    np.testing.assert_allclose([scale.mean(), scale.std()], [1, 0.02], atol=1e-3)
