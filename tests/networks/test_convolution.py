"""Our convolutions against flax and lax: parameters, values, gradients, transformations."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from inpaint_jax.networks import convolutions, layers
from inpaint_jax.networks.convolutions import cpu
from inpaint_jax.networks.convolutions.geometry import of_convolution, of_transposed_convolution

NUMBERS = ("NHWC", "HWIO", "NHWC")
FEW = [  # kernel, strides, padding, size
    ((3, 3), (2, 2), "SAME", (7, 8)),
    ((5, 5), (2, 2), "SAME", (8, 6)),
    ((3, 4), (1, 1), "SAME", (6, 5)),
    ((4, 3), (1, 1), "VALID", (4, 6)),
]
ALL = [
    *FEW,
    ((1, 1), (2, 2), "SAME", (7, 6)),
    ((3, 3), (1, 1), "SAME", (6, 5)),
    ((3, 3), (2, 2), ((-2, -1), (-3, 0)), (9, 10)),
    ((4, 4), (1, 1), "VALID", (4, 4)),
    ((4, 4), (2, 2), ((1, 1), (1, 1)), (8, 6)),
    ((4, 4), (4, 4), "VALID", (9, 11)),
    ((5, 5), (1, 1), 2, (3, 4)),
    ((7, 2), (2, 2), ((2, 2), (5, 5)), (8, 9)),
    ((1, 11), (1, 4), "SAME", (5, 13)),
    ((2, 3), (4, 2), "VALID", (8, 9)),
]
quickly = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def assert_close(ours, expected):
    assert ours.shape == expected.shape
    np.testing.assert_allclose(
        ours, expected, rtol=1e-5, atol=1e-5 * float(jnp.abs(expected).max())
    )


def gradients(operation, *arguments):
    value, pull = jax.vjp(operation, *arguments)
    return value, *pull(jnp.cos(jnp.arange(value.size, dtype=jnp.float32)).reshape(value.shape))


def check_module(ours, theirs, kernel, strides, padding, x):
    ours, theirs = (m(3, kernel, strides=strides, padding=padding) for m in (ours, theirs))
    params = jax.jit(theirs.init)(jax.random.key(0), x)
    assert jax.tree.map(jnp.shape, jax.eval_shape(ours.init, jax.random.key(0), x)) == jax.tree.map(
        jnp.shape, params
    )
    got, expected = quickly(lambda *a: (gradients(ours.apply, *a), gradients(theirs.apply, *a)))(
        params, x
    )
    assert expected[0].size > 0
    jax.tree.map(assert_close, got, expected)


@pytest.mark.parametrize("kernel, strides, padding, size", FEW)
@pytest.mark.parametrize(
    "ours, theirs", [(layers.Conv, nn.Conv), (layers.ConvTranspose, nn.ConvTranspose)]
)
def test_equals_linen(ours, theirs, kernel, strides, padding, size):
    check_module(
        ours, theirs, kernel, strides, padding, jax.random.normal(jax.random.key(1), (3, *size, 4))
    )


@pytest.mark.parametrize("kernel, strides, padding, size", ALL)
@pytest.mark.parametrize(
    "ours, theirs", [(layers.Conv, nn.Conv), (layers.ConvTranspose, nn.ConvTranspose)]
)
def test_equals_linen_in_chunks(monkeypatch, ours, theirs, kernel, strides, padding, size):
    """Arrays larger than the caches run tap by tap, one image at a time."""
    monkeypatch.setattr(cpu, "CACHE", 0)
    check_module(
        ours, theirs, kernel, strides, padding, jax.random.normal(jax.random.key(1), (2, *size, 4))
    )


SQUARE = [
    ((3, 3), (1, 1), "SAME", (6, 5)),
    ((3, 3), (2, 2), ((-2, -1), (-3, 0)), (9, 10)),
    ((4, 4), (2, 2), ((1, 1), (1, 1)), (8, 6)),
    ((5, 5), (2, 2), "SAME", (7, 6)),
]


@pytest.mark.parametrize("kernel, strides, padding, size", SQUARE)
@pytest.mark.parametrize(
    "ours, theirs", [(layers.Conv, nn.Conv), (layers.ConvTranspose, nn.ConvTranspose)]
)
def test_equals_linen_by_minimal_filtering(
    monkeypatch, ours, theirs, kernel, strides, padding, size
):
    """Large maps with many channels run one image at a time."""
    for name, value in {"CHANNELS": 0, "TILES": 0, "MOST_TILES": 1}.items():
        monkeypatch.setattr(cpu, name, value)
    check_module(
        ours, theirs, kernel, strides, padding, jax.random.normal(jax.random.key(1), (2, *size, 4))
    )


@pytest.mark.parametrize("size, taps", [((9, 19), 7), ((5, 8), 3), ((12, 12), 11)])
def test_weight_gradients_of_few_channels(monkeypatch, size, taps):
    """Blocks of columns equal one product of all patches."""
    geometry = of_convolution(size, (3, taps), (1, 1), "SAME")
    big, small = (jax.random.normal(jax.random.key(c), (2, *size, c)) for c in (3, 4))
    ours = quickly(partial(cpu.correlate, geometry))(big, small)
    monkeypatch.setattr(cpu, "FEW_CHANNELS", 0)
    assert_close(ours, quickly(partial(cpu.correlate, geometry))(big, small))


def test_a_result_does_not_depend_on_its_place():
    """Large maps with many channels give bit-identical results."""
    x, kernel = (
        jax.random.normal(jax.random.key(i), s)
        for i, s in enumerate(((8, 32, 32, 32), (4, 4, 32, 48)))
    )
    convolve = jax.jit(partial(convolutions.conv, strides=(2, 2)))
    assert 8 * 16 * 16 / 4 >= cpu.TILES and 32 >= cpu.CHANNELS
    np.testing.assert_array_equal(convolve(x[::-1], kernel), convolve(x, kernel)[::-1])


@pytest.mark.parametrize("geometry_of", [of_convolution, of_transposed_convolution])
def test_lowering_of_accelerators(geometry_of):
    """The three accelerator operations equal the CPU operations."""
    geometry = geometry_of((7, 6), (3, 3), (2, 2), "SAME")
    big, small = (
        jax.random.normal(jax.random.key(c), (2, *s, c))
        for s, c in ((geometry.big, 3), (geometry.small, 4))
    )
    kernel = jax.random.normal(
        jax.random.key(2), (3, 3, 4, 3) if geometry.flipped else (3, 3, 3, 4)
    )
    for name, a, b in (
        ("gather", big, kernel),
        ("scatter", small, kernel),
        ("correlate", big, small),
    ):
        plain, fast = getattr(convolutions, f"_plain_{name}"), getattr(cpu, name)
        assert_close(
            quickly(partial(fast, geometry))(a, b), quickly(partial(plain, geometry))(a, b)
        )


def test_second_order():
    """Gradient of a gradient norm, as in gradient penalties."""
    x = jax.random.normal(jax.random.key(1), (2, 6, 5, 2))
    kernel = jax.random.normal(jax.random.key(2), (3, 3, 2, 3))

    def penalty(convolve):
        def value(kernel):
            return (jax.grad(lambda x: jnp.sin(convolve(x, kernel)).sum())(x) ** 2).sum()

        return quickly(jax.grad(value))(kernel)

    assert_close(
        penalty(partial(convolutions.conv, strides=(2, 2))),
        penalty(
            lambda x, k: jax.lax.conv_general_dilated(
                x, k, (2, 2), "SAME", dimension_numbers=NUMBERS
            )
        ),
    )
    assert_close(
        penalty(partial(convolutions.conv_transpose, strides=(2, 2))),
        penalty(lambda x, k: jax.lax.conv_transpose(x, k, (2, 2), "SAME")),
    )


def network(x, kernels):
    """Map [B, 4, 4, 2] to [B]: up, then down."""
    up = jnp.tanh(convolutions.conv_transpose(x, kernels[0], strides=(2, 2)))
    return jnp.tanh(convolutions.conv(up, kernels[1], strides=(2, 2))).sum((1, 2, 3))


def test_transformations():
    """vmap (images, kernels, weight gradients), sharding, shard_map and pmap equal a plain call."""
    x = jax.random.normal(jax.random.key(0), (8, 4, 4, 2))
    kernels = [jax.random.normal(jax.random.key(i), (3, 3, 2, 2)) for i in (1, 2)]
    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))

    def gradient(kernels, x):
        return jax.grad(lambda k, x: network(x, k).sum(), argnums=(0, 1))(kernels, x)

    weights, images = expected = quickly(gradient)(kernels, x)
    spread = jax.device_put(x, NamedSharding(mesh, P("data")))
    jax.tree.map(assert_close, quickly(gradient)(kernels, spread), expected)
    each = quickly(jax.vmap(lambda one: gradient(kernels, one[None])))(x)
    jax.tree.map(assert_close, (jax.tree.map(lambda g: g.sum(0), each[0]), each[1][:, 0]), expected)
    two = quickly(jax.vmap(gradient, in_axes=(0, None)))([jnp.stack([k, -k]) for k in kernels], x)
    jax.tree.map(assert_close, jax.tree.map(lambda g: g[0], two), expected)
    specs = dict(mesh=mesh, in_specs=(P(), P("data")), out_specs=(P(), P("data")))
    # sums by itself
    jax.tree.map(assert_close, quickly(jax.shard_map(gradient, **specs))(kernels, x), expected)
    mapped = jax.pmap(gradient, in_axes=(None, 0))(kernels, x.reshape(4, 2, 4, 4, 2))
    jax.tree.map(
        assert_close,
        (jax.tree.map(lambda g: g.sum(0), mapped[0]), mapped[1].reshape(x.shape)),
        expected,
    )


def test_wrong_shapes_are_named():
    with pytest.raises(TypeError, match=r"\(1, 4, 4, 2\) and \(3, 3, 3, 5\)"):
        convolutions.conv(jnp.zeros((1, 4, 4, 2)), jnp.zeros((3, 3, 3, 5)))
    with pytest.raises(ValueError, match="CIRCULAR"):
        convolutions.conv_transpose(
            jnp.zeros((1, 4, 4, 2)), jnp.zeros((3, 3, 2, 5)), padding="CIRCULAR"
        )
