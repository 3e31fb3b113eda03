"""Context encoder: ranges, logits, and what it refuses; its layers are in ``test_tables``."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.networks.context_encoder import Discriminator, Generator
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.trunks import Strided


def drawn(network, *inputs):
    """Large weights, which drive outputs to the ends of their range; compiles faster than the modules' own."""
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(network.init, jax.random.key(0), *inputs)
    return jax.tree.map(lambda leaf: rng.uniform(0.1, 1, leaf.shape).astype(np.float32) - 0.4, shapes)


def test_range_and_logits():
    """A-A1."""
    damaged = np.random.default_rng(1).normal(0, 50, (3, 16, 16, 3)).astype(np.float32)
    generator = pure(Generator(trunk=Strided([2, 4]), size=8, bottleneck=6, width=2))
    block, _ = jax.jit(partial(generator.apply, train=True))(*drawn(generator, damaged), damaged)
    assert block.shape == (3, 8, 8, 3) and -1 <= block.min() < 0 < block.max() <= 1
    discriminator = pure(Discriminator(width=2))
    logits, _ = jax.jit(partial(discriminator.apply, train=True))(*drawn(discriminator, block), block)
    assert logits.shape == (3,)


def test_the_waist_covers_whatever_the_trunk_leaves():
    """Two layers leave 8x6 of a picture of 32x24; the block is square and as large as it is said to be."""
    generator = pure(Generator(trunk=Strided([2, 4]), size=16, bottleneck=6, width=2))
    damaged = jnp.zeros((1, 32, 24, 3))
    params, stats = jax.eval_shape(generator.init, jax.random.key(0), damaged)
    assert params["Conv_0"]["kernel"].shape == (8, 6, 4, 6)
    assert jax.eval_shape(partial(generator.apply, train=False), params, stats, damaged)[0].shape == (1, 16, 16, 3)


def test_size_is_four_times_a_power_of_two():
    generator = pure(Generator(trunk=Strided([2, 4]), size=24))
    with pytest.raises(ValueError, match="4 times a power of two, got 24"):
        jax.eval_shape(generator.init, jax.random.key(0), jnp.zeros((1, 16, 16, 3)))
