"""Our convolutions against lax's: values, both gradients, names and shapes of the parameters."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.networks import convolution, layers

GEOMETRIES = [  # kernel, strides, padding, size
    (1, 1, "SAME", (5, 6)),
    (1, 2, "SAME", (7, 6)),
    (3, 1, "SAME", (6, 5)),
    (3, 2, "SAME", (7, 8)),
    (3, 2, "VALID", (8, 7)),
    (3, 2, ((-2, -1), (-3, 0)), (9, 10)),
    (4, 1, "VALID", (4, 6)),
    (4, 2, "SAME", (8, 7)),
    (4, 2, ((1, 1), (1, 1)), (8, 6)),
    (4, 4, "VALID", (9, 11)),
    (5, 1, 2, (6, 7)),
    (5, 2, "SAME", (8, 8)),
    (5, 2, ((1, 2), (4, 0)), (7, 9)),
    (7, 2, "SAME", (9, 8)),
    (7, 2, ((2, 2), (5, 5)), (8, 9)),
    (11, 4, "SAME", (13, 12)),
    (11, 4, "VALID", (16, 15)),
    ((3, 4), (1, 2), "SAME", (5, 8)),
    (2, 4, "SAME", (8, 9)),
]


def assert_close(ours, expected):
    scale = float(jnp.abs(expected).max())
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("kernel, strides, padding, size", GEOMETRIES)
@pytest.mark.parametrize("ours, theirs", [(layers.Conv, nn.Conv), (layers.ConvTranspose, nn.ConvTranspose)])
def test_equals_linen(ours, theirs, kernel, strides, padding, size):
    """Same parameters, values and gradients as ``nn.Conv`` and ``nn.ConvTranspose``."""
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    strides = (strides, strides) if isinstance(strides, int) else strides
    ours, theirs = (m(3, kernel, strides=strides, padding=padding) for m in (ours, theirs))
    x = jax.random.normal(jax.random.key(1), (2, *size, 4))
    params = theirs.init(jax.random.key(0), x)
    mine = jax.eval_shape(ours.init, jax.random.key(0), x)
    assert jax.tree.map(jnp.shape, mine) == jax.tree.map(jnp.shape, params)

    @jax.jit
    def both(params, x):
        expected, pull = jax.vjp(theirs.apply, params, x)
        got, pull_ours = jax.vjp(ours.apply, params, x)
        cotangent = jnp.cos(jnp.arange(expected.size, dtype=jnp.float32)).reshape(expected.shape)
        return (got, *pull_ours(cotangent)), (expected, *pull(cotangent))

    got, expected = both(params, x)
    assert expected[0].size > 0
    jax.tree.map(assert_close, got, expected)


def test_second_order():
    """The gradient of a gradient norm, as gradient penalties take it."""
    x = jax.random.normal(jax.random.key(1), (2, 6, 5, 2))
    kernel = jax.random.normal(jax.random.key(2), (3, 3, 2, 3))

    def penalty(convolve):
        def value(kernel):
            gradient = jax.grad(lambda x: jnp.sin(convolve(x, kernel)).sum())(x)
            return (gradient**2).sum()

        return jax.jit(jax.grad(value))(kernel)

    numbers = ("NHWC", "HWIO", "NHWC")
    assert_close(
        penalty(lambda x, k: convolution.conv(x, k, strides=(2, 2))),
        penalty(lambda x, k: jax.lax.conv_general_dilated(x, k, (2, 2), "SAME", dimension_numbers=numbers)),
    )
    assert_close(
        penalty(lambda x, k: convolution.conv_transpose(x, k, strides=(2, 2))),
        penalty(lambda x, k: jax.lax.conv_transpose(x, k, (2, 2), "SAME")),
    )
