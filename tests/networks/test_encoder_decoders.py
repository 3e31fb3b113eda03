"""Encoder-decoders: ranges, switches, pooling, nested modules; ``test_tables`` tests the layers."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.networks import build, decoders
from inpaint_jax.networks.context_encoder import Discriminator, Generator
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.layers import max_pool
from inpaint_jax.networks.trunks import VGG, Strided
from inpaint_jax.networks.variational import Autoencoder


def drawn(shapes, scale=0.5, seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: rng.normal(0, scale, leaf.shape).astype(np.float32), shapes)


def extreme(network, *inputs):
    """Draw large weights, which drive outputs to the ends of the range.

    They compile faster than the modules' initialisers.
    """
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    return jax.tree.map(
        lambda leaf: rng.uniform(0.1, 1, leaf.shape).astype(np.float32) - 0.4, shapes
    )


def test_range_and_logits():
    """A-A1."""
    damaged = np.random.default_rng(1).normal(0, 50, (3, 16, 16, 3)).astype(np.float32)
    generator = pure(Generator(trunk=Strided([2, 4]), size=8, bottleneck=6, width=2))
    block, _ = jax.jit(partial(generator.apply, train=True))(*extreme(generator, damaged), damaged)
    assert block.shape == (3, 8, 8, 3) and -1 <= block.min() < 0 < block.max() <= 1
    discriminator = pure(Discriminator(width=2))
    logits, _ = jax.jit(partial(discriminator.apply, train=True))(
        *extreme(discriminator, block), block
    )
    assert logits.shape == (3,)


def test_the_bottleneck_covers_whatever_the_trunk_leaves():
    """Two layers reduce an image of 32x24 to 8x6; the block is square and has the given size."""
    generator = pure(Generator(trunk=Strided([2, 4]), size=16, bottleneck=6, width=2))
    damaged = jnp.zeros((1, 32, 24, 3))
    params, stats = jax.eval_shape(generator.init, jax.random.key(0), damaged)
    assert params["Conv_0"]["kernel"].shape == (8, 6, 4, 6)
    assert jax.eval_shape(partial(generator.apply, train=False), params, stats, damaged)[
        0
    ].shape == (1, 16, 16, 3)


def test_skip_connections_carry_the_middle_of_maps_past_the_bottleneck():
    """For a block of 8 in images of 16, the trunk's 8x8 map joins the decoder's 4x4 map.

    What a closed bottleneck shows depends on the middle of an image alone, and without
    skips on nothing.
    """
    damaged = np.random.default_rng(1).normal(0, 1, (1, 16, 16, 3)).astype(np.float32)
    changed = [damaged.copy(), damaged.copy()]
    changed[0][:, 0, 0] += 5.0
    changed[1][:, 8, 8] += 5.0
    for skips in (True, False):
        generator = pure(
            Generator(trunk=Strided([2, 4]), size=8, bottleneck=6, width=2, skips=skips)
        )
        params, stats = extreme(generator, damaged)
        assert params["ConvTranspose_1"]["kernel"].shape[2] == (16 + 2 if skips else 16)
        params["Conv_0"]["kernel"] = np.zeros_like(params["Conv_0"]["kernel"])
        stats = jax.tree.map(np.abs, stats)  # variances
        show = jax.jit(partial(generator.apply, train=False))
        plain, corner, centre = (show(params, stats, image)[0] for image in (damaged, *changed))
        np.testing.assert_array_equal(corner, plain)
        assert (np.abs(centre - plain).max() > 1e-4) == skips


def test_size_is_four_times_a_power_of_two():
    generator = pure(Generator(trunk=Strided([2, 4]), size=24))
    with pytest.raises(ValueError, match="4 times a power of two, got 24"):
        jax.eval_shape(generator.init, jax.random.key(0), jnp.zeros((1, 16, 16, 3)))


@pytest.mark.parametrize("window, stride", [(2, 2), (3, 2), (4, 4), (4, 2)])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("side", [9, 10])
def test_max_pool_is_that_of_flax(window, stride, padding, side):
    """All values differ, so that no gradient is shared."""
    x = jnp.asarray(
        np.random.default_rng(0).permutation(2 * side * side * 3).reshape(2, side, side, 3),
        jnp.float32,
    )

    def theirs(x):
        return nn.max_pool(x, (window, window), (stride, stride), padding)

    ours = partial(max_pool, window=window, stride=stride, padding=padding)
    np.testing.assert_array_equal(ours(x), theirs(x))
    weight = jnp.asarray(np.random.default_rng(1).normal(size=ours(x).shape), jnp.float32)
    gradients = [
        jax.grad(lambda x, pool=pool: (pool(x) * weight).sum())(x) for pool in (ours, theirs)
    ]
    np.testing.assert_allclose(*gradients, rtol=1e-6)


def test_max_pool_shares_a_gradient_among_equals():
    gradient = jax.grad(lambda x: max_pool(x, 2, stride=2).sum())(jnp.zeros((1, 2, 2, 1)))
    assert gradient.sum() == 1 and (gradient > 0).all()


def test_max_pool_has_a_gradient_where_the_compiler_rounds_its_input_twice():
    """Without optimisation, XLA computes the pooled map twice, with different last bits."""
    trunk, images = (
        VGG(width=8, pool=2),
        jax.random.uniform(jax.random.key(0), (2, 64, 64, 3), minval=-1),
    )
    variables = jax.jit(partial(trunk.init, train=True))(jax.random.key(1), images)
    gradient = jax.jit(jax.grad(lambda v: (trunk.apply(v, images, train=True) ** 2).mean()))
    options = {"xla_backend_optimization_level": 0}
    found = gradient.lower(variables).compile(compiler_options=options)(variables)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


@pytest.mark.parametrize("decoder", [decoders.AlexNet, decoders.VGG])
def test_what_a_decoder_can_paint(decoder):
    """A-A2: the released AlexNet paints nothing darker than mid-grey.

    A tanh, and the sigmoid of VGG, reach both ends of the range.
    """
    code = 10 * np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    painted = {}
    for rectified in (False, True):
        network = pure(decoder(size=32, width=8, rectified=rectified))
        variables = drawn(jax.eval_shape(network.init, jax.random.key(0), code))
        painted[rectified] = jax.jit(partial(network.apply, train=True))(*variables, code)[0]
    assert -1 <= painted[False].min() < -0.1 and 0.1 < painted[False].max() <= 1
    lowest = 0.5 if decoder is decoders.AlexNet else 0.0
    assert lowest <= painted[True].min() and 0.6 < painted[True].max() <= 1
    if decoder is decoders.VGG:
        assert painted[True].min() < 0.4


def test_a_decoder_paints_two_sizes():
    with pytest.raises(ValueError, match="side 64 or 32, not 48"):
        jax.eval_shape(pure(decoders.VGG(size=48)).init, jax.random.key(0), jnp.zeros((1, 6)))


class Flat(nn.Module):
    """Decoder that returns its code."""

    @nn.compact
    def __call__(self, code, *, train):
        return code


def test_the_latent_is_drawn_from_its_gaussian():
    """The latent is mean + exp(log_variance / 2) * noise, with dense layers before and after it."""
    network = pure(Autoencoder(trunk=Strided([2]), decoder=Flat(), bottleneck=3, hidden=5))
    damaged, noise = jnp.ones((2, 4, 4, 3)), jnp.asarray([[0.0, 1.0, -2.0], [0.5, 0.0, 0.0]])
    params, stats = drawn(jax.eval_shape(network.init, jax.random.key(0), damaged, noise))
    (code, mean, log_variance), _ = network.apply(params, stats, damaged, noise, train=False)
    latent = mean + jnp.exp(log_variance / 2) * noise
    after = params["Dense_3"]
    np.testing.assert_allclose(
        code, latent @ after["kernel"] + after["bias"][None], rtol=1e-5, atol=1e-5
    )
    assert not np.allclose(mean, log_variance)


TINY = {"name": "context_encoder.Generator", "size": 8, "bottleneck": 4, "width": 2}


def test_a_module_within_a_module():
    network = build({**TINY, "trunk": {"name": "trunks.Strided", "features": [2, 3]}})
    params, _ = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 16, 16, 3)))
    assert params["trunk"]["Conv_1"]["kernel"].shape == (4, 4, 2, 3)
    assert params["Conv_0"]["kernel"].shape == (4, 4, 3, 4)


@pytest.mark.parametrize(
    "trunk, words",
    [
        ({"name": "trunks.Strider"}, "unknown networks.generator.trunk 'trunks.Strider'"),
        (
            {"name": "trunks.Strided", "feature": [2]},
            "networks.generator.trunk 'trunks.Strided': .*'feature'",
        ),
    ],
)
def test_a_wrong_module_within_a_module(trunk, words):
    with pytest.raises(InputError, match=words):
        build({**TINY, "trunk": trunk}, label="networks.generator")


def test_statistics_over_a_mapped_axis_reach_the_trunk():
    """The halves of a batch on two devices have the outputs and statistics of the whole."""
    network = pure(Generator(trunk=Strided([2, 3]), size=8, bottleneck=4, width=2))
    images = (
        jax.random.normal(jax.random.key(0), (4, 16, 16, 3)) + jnp.arange(4.0)[:, None, None, None]
    )
    params, stats = drawn(jax.eval_shape(network.init, jax.random.key(0), images[:1]), seed=1)

    def run(images, axis_name=None):
        return network.apply(params, stats, images, train=True, axis_name=axis_name)

    whole, expected = jax.jit(run)(images)
    halves = jax.jit(jax.vmap(partial(run, axis_name="devices"), axis_name="devices"))
    halves, found = halves(images.reshape(2, 2, 16, 16, 3))
    np.testing.assert_allclose(halves.reshape(whole.shape), whole, atol=1e-5)
    assert {"trunk", "BatchNorm_0"} <= set(found["batch_stats"])
    for i in range(2):
        jax.tree.map(
            lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-4, atol=1e-5),
            found,
            expected,
        )
