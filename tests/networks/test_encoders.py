"""Encoder: parameter counts by hand, the range, and latents independent of the batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.encoders import Encoder
from inpaint_jax.networks.functional import pure

TINY = pure(Encoder(width=4, latent_size=5, kernel=4))


@pytest.mark.parametrize(
    "fields, size, expected",
    [
        # kernels, biases, scale and bias of batch norm on all convolutions but the first, dense
        # head
        (
            {"width": 4, "latent_size": 5, "kernel": 4},
            16,
            64 * 4 + 4 + 64 * 8 + 8 + 2 * 8 + 128 * 5 + 5,
        ),
        ({}, 64, 6_464 + 204_928 + 819_456 + 3_277_312 + 2 * (128 + 256 + 512) + 819_300),
    ],
)
def test_parameter_count(fields, size, expected):
    network = pure(NETWORKS["encoders.Encoder"](**fields))
    params, stats = jax.eval_shape(
        network.init,
        jax.random.key(0),
        jnp.zeros((1, size, size, 3)),
        jnp.zeros((1, size, size, 1)),
    )
    assert sum(x.size for x in jax.tree.leaves(params)) == expected
    assert len(jax.tree.leaves(stats)) == 2 * ((size // 4).bit_length() - 2)


@pytest.fixture(scope="module")
def example():
    keys = jax.random.split(jax.random.key(0), 3)
    damaged = jax.random.uniform(keys[0], (8, 16, 16, 3), minval=-1, maxval=1)
    hole = jax.random.bernoulli(keys[1], 0.5, (8, 16, 16, 1)).astype(jnp.float32)
    return jax.jit(TINY.init)(keys[2], damaged, hole), damaged * (1 - hole), hole


@pytest.fixture(scope="module")
def encode():
    return jax.jit(TINY.apply, static_argnames="train")


def test_latents_lie_in_the_prior(example, encode):
    (params, stats), damaged, hole = example
    latent, updated = encode(params, stats, damaged, hole, train=True)
    assert latent.shape == (8, 5)
    # not asleep at the start, though most weights begin at N(0, 0.02)
    assert 0.3 < jnp.abs(latent).max() <= 1
    assert jnp.abs(encode(params, stats, 1e4 * damaged, hole, train=True)[0]).max() <= 1
    assert not np.array_equal(*(s["batch_stats"]["BatchNorm_0"]["mean"] for s in (stats, updated)))


def test_an_images_latent_is_its_own(example, encode):
    """Latents are bit-equal at any position of the batch, beside any others."""
    (params, stats), damaged, hole = example
    latent, same = encode(params, stats, damaged, hole, train=False)
    order = np.random.default_rng(0).permutation(8)
    np.testing.assert_array_equal(
        encode(params, stats, damaged[order], hole[order], train=False)[0], latent[order]
    )
    others = encode(params, stats, damaged.at[1:].set(0.5), hole, train=False)[0]
    np.testing.assert_array_equal(others[0], latent[0])
    jax.tree.map(np.testing.assert_array_equal, same, stats)


def test_it_reads_the_hole(example, encode):
    """A mid-grey pixel is not a missing one."""
    (params, stats), damaged, hole = example
    latents = [
        encode(params, stats, damaged, h, train=False)[0] for h in (hole, jnp.zeros_like(hole))
    ]
    assert not np.allclose(*latents, atol=1e-4)
