"""LSGAN and autoencoder of Sharma: specified parameter counts, ranges, dropout on devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.layers import Dropout
from inpaint_jax.networks.lsgan import Discriminator, Generator

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    "name, given, returned, expected",
    [
        ("lsgan.Generator", (2, 100), (2, 64, 64, 3), 7_852_291),
        ("lsgan.Discriminator", (2, 64, 64, 3), (2,), 2_764_737),
        ("autoencoder.Autoencoder", (2, 64, 64, 3), (2, 64, 64, 3), 3_104_259),
    ],
)
def test_parameters_and_shapes(name, given, returned, expected):
    network = pure(NETWORKS[name]())

    def run(key):
        params, stats = network.init(key, jnp.zeros(given))
        return params, network.apply(params, stats, jnp.zeros(given), train=True, key=key)[0]

    params, output = jax.eval_shape(run, KEY)
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == expected
    assert output.shape == returned


def test_images_are_in_range_and_sizes_are_checked():
    generator = pure(Generator(size=16, width=8))
    z = 1e6 * jax.random.normal(KEY, (3, 4))
    images, _ = generator.apply(*generator.init(KEY, z), z, train=False)
    assert images.shape == (3, 16, 16, 3) and 0.5 < np.abs(images).max() <= 1
    with pytest.raises(ValueError, match="4 times a power of two, got 24"):
        pure(Discriminator(width=4)).init(KEY, jnp.zeros((1, 24, 24, 3)))


def test_dropout_drops_and_enlarges():
    x = jnp.ones((64, 10, 10))
    y = np.asarray(Dropout(0.3).apply({}, x, train=True, rngs={"dropout": KEY}))
    assert set(np.unique(y)) == {0.0, np.float32(256 / 179)}
    assert abs((y == 0).mean() - 77 / 256) < 0.02 and abs(y.mean() - 1) < 0.02
    assert not np.array_equal(y[0], y[1])
    np.testing.assert_array_equal(Dropout(0.3).apply({}, x, train=False), x)


def test_any_number_of_devices_drops_the_same():
    critic = pure(Discriminator(width=4))
    images = jax.random.uniform(KEY, (8, 16, 16, 3), minval=-1, maxval=1)
    params, stats = critic.init(KEY, images)

    def scores(images, axis_name=None):
        return critic.apply(params, stats, images, train=True, key=KEY, axis_name=axis_name)[0]

    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))
    spread = jax.shard_map(
        lambda x: scores(x, "data"), mesh=mesh, in_specs=P("data"), out_specs=P("data")
    )
    whole = np.asarray(jax.jit(scores)(images))
    np.testing.assert_allclose(jax.jit(spread)(images), whole, rtol=1e-5, atol=1e-6)
    other = critic.apply(params, stats, images, train=True, key=jax.random.key(1))[0]
    assert np.abs(np.asarray(other) - whole).max() > 1e-3
