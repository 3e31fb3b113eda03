"""Pluralistic completion's networks: the specification's counts and shapes,
attention and spectral norm in NumPy.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.networks.attention import ContextFlow, SelfAttention
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.pluralistic import Critics, Decoder, Encoder, Generator
from inpaint_jax.networks.spectral import SpectralConv, SpectralConvTranspose, power_iteration
from inpaint_jax.networks.spectral_blocks import channels

KEY = jax.random.key(0)
# a block of theirs, and its gain
UNUSED = 2 * 128 * 128 * 9 + 128 + 128 * 128 * 9 + 128 + 2 * 128 * 128 + 128 + 1


def count(params):
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def test_the_published_counts_and_shapes():
    """F21: 3,604,224 and 2,374,016; a critic's 1,575,075 less what the released one
    holds and never uses.
    """
    generator, critics = pure(Generator(Encoder(), Decoder())), pure(Critics())
    known, hole = jnp.zeros((2, 256, 256, 3)), jnp.zeros((2, 32, 32, 1))
    noise = jnp.zeros((2, 8, 8, 128))

    def run():
        params, stats = generator.init(KEY, known, known, hole, (noise, noise))
        painted, _ = generator.apply(params, stats, known, known, hole, (noise, noise), train=True)
        sampled, _ = generator.apply(
            params, stats, known, None, hole, noise[:, None].repeat(3, 1), train=False
        )
        images = {
            "generation": painted.generation[-1],
            "reconstruction": painted.reconstruction[-1],
        }
        judges, judged = critics.init(KEY, images)
        return (
            params,
            judges,
            painted,
            sampled,
            critics.apply(judges, judged, images, train=True)[0],
        )

    params, judges, painted, sampled, scores = jax.eval_shape(run)
    assert (count(params["encoder"]), count(params["decoder"])) == (3_604_224, 2_374_016)
    assert UNUSED == 475_521
    assert {name: count(judge) for name, judge in judges.items()} == dict.fromkeys(
        scores, 1_575_075 - UNUSED
    )
    for path in (painted.generation, painted.reconstruction):
        assert [image.shape for image in path] == [
            (2, side, side, 3) for side in (32, 64, 128, 256)
        ]
    for gaussian in (painted.prior, painted.posterior):
        assert gaussian.mean.shape == gaussian.deviation.shape == (2, 8, 8, 128)
    assert sampled.shape == (2, 3, 256, 256, 3)
    assert {name: score.shape for name, score in scores.items()} == dict.fromkeys(
        judges, (2, 6, 6, 1)
    )


def test_the_parts_of_the_encoder():
    """The trunk 782,592; what infers the prior 1,870,080; two heads of 475,776."""
    images = jnp.zeros((1, 256, 256, 3))
    params, _ = jax.eval_shape(lambda: pure(Encoder()).init(KEY, images, images))
    parts = {"trunk": 0, "infer": 0, "prior": 0, "posterior": 0}
    for name, layer in params.items():
        parts[{"b": "trunk", "e": "trunk", "i": "infer"}.get(name[0], name)] += count(layer)
    assert parts == {"trunk": 782_592, "infer": 1_870_080, "prior": 475_776, "posterior": 475_776}
    assert [channels(32, 128, i) for i in range(5)] == [32, 64, 128, 128, 128]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_attention_against_numpy():
    """Queries are keys, nothing is scaled; the known part of the earlier map stays as it is."""
    rng = np.random.default_rng(0)
    x, earlier = rng.normal(size=(2, 2, 3, 4, 8)).astype(np.float32)
    hole = rng.uniform(size=(2, 3, 4, 1)).astype(np.float32)
    kernel, bias = (
        rng.normal(size=(1, 1, 8, 2)).astype(np.float32),
        rng.normal(size=2).astype(np.float32),
    )
    params = {"query": {"kernel": kernel, "bias": bias}, "gamma": jnp.float32(0.7)}
    out, weights = SelfAttention().apply({"params": params}, x)
    flat = x.reshape(2, 12, 8)
    query = flat @ kernel[0, 0] + bias
    expected = softmax(query @ query.transpose(0, 2, 1))
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(out, x + 0.7 * (expected @ flat).reshape(x.shape), atol=1e-5)
    flow = ContextFlow().apply({"params": {"alpha": jnp.float32(0.3)}}, weights, earlier, hole)
    copied = (expected @ earlier.reshape(2, 12, 8)).reshape(x.shape)
    np.testing.assert_allclose(flow, 0.3 * hole * copied + (1 - hole) * earlier, atol=1e-5)


@pytest.mark.parametrize("layer, rows", [(SpectralConv, 3), (SpectralConvTranspose, 2)])
def test_spectral_norm_against_svd(layer, rows):
    """After many steps the kernel's largest singular value is 1,
    of the matrix with one row per channel of torch's.
    """
    network = pure(layer(5, 3))
    x = jax.random.normal(KEY, (1, 6, 6, 4))
    params, stats = network.init(KEY, x)
    kernel = np.random.default_rng(0).normal(size=(3, 3, 4, 5)).astype(np.float32)
    params = {"kernel": kernel, "bias": params["bias"]}
    for _ in range(60):
        _, stats = network.apply(params, stats, x, train=True)
    kept, same = network.apply(params, stats, x, train=False)
    np.testing.assert_array_equal(same["batch_stats"]["u"], stats["batch_stats"]["u"])
    assert same["batch_stats"]["u"].shape == (kernel.shape[rows],)
    sigma = np.linalg.svd(
        np.moveaxis(kernel, rows, 0).reshape(kernel.shape[rows], -1), compute_uv=False
    )[0]
    operation = jax.lax.conv_general_dilated if rows == 3 else jax.lax.conv_transpose
    numbers = {"dimension_numbers": ("NHWC", "HWIO", "NHWC")}
    where = {"window_strides": (1, 1)} if rows == 3 else {"strides": (1, 1)}
    expected = operation(x, jnp.asarray(kernel / sigma), padding="SAME", **where, **numbers)
    np.testing.assert_allclose(kept, expected, rtol=1e-4, atol=1e-5)


def test_one_power_iteration():
    matrix, u = np.array([[3.0, 0.0], [4.0, 5.0]]), np.array([0.6, 0.8])
    v = matrix.T @ u
    v /= np.linalg.norm(v)
    expected = matrix @ v
    new, sigma = power_iteration(jnp.asarray(matrix, jnp.float32), jnp.asarray(u, jnp.float32))
    np.testing.assert_allclose(new, expected / np.linalg.norm(expected), rtol=1e-6)
    np.testing.assert_allclose(sigma, np.linalg.norm(expected), rtol=1e-6)


def small_generator(**options):
    shape = {"width": 4, "most": 8, "layers": 2}
    decoder = Decoder(**shape, scales=2, attention=False, skips=options.pop("skips", False))
    return pure(Generator(Encoder(**shape, latent=3, inferences=1), decoder, **options))


def test_expected_images_have_no_noise():
    """They equal generated images whose noise is 0; reconstructions are the same either way."""
    plain, more = small_generator(), small_generator(expected=True)
    known = jax.random.uniform(KEY, (2, 16, 16, 3), minval=-1)
    hole, silent = jnp.zeros((2, 16, 16, 1)), jnp.zeros((2, 4, 4, 3))
    noise = jax.random.normal(KEY, silent.shape)
    params, stats = jax.jit(plain.init)(KEY, known, known, hole, (silent, noise))

    @jax.jit
    def both(params, stats):
        given = known, known, hole
        silenced, _ = plain.apply(params, stats, *given, (silent, noise), train=False)
        return silenced, more.apply(params, stats, *given, (noise, noise), train=False)[0]

    without, painted = both(params, stats)
    assert without.expected is None
    for expected, generated in zip(painted.expected, without.generation, strict=True):
        np.testing.assert_allclose(expected, generated, atol=1e-5)
    np.testing.assert_allclose(painted.reconstruction[-1], without.reconstruction[-1], atol=1e-5)
    assert np.abs(painted.generation[-1] - painted.expected[-1]).max() > 1e-3


@pytest.mark.parametrize("skips", [False, True])
def test_skips_show_early_features_to_the_decoder(skips):
    """Without them, and without attention, the decoder reads the last features alone."""
    decoder = pure(Decoder(width=4, most=8, layers=2, scales=2, attention=False, skips=skips))
    latent, hole = jnp.zeros((1, 4, 4, 3)), jnp.zeros((1, 16, 16, 1))
    features = (jnp.ones((1, 8, 8, 4)), jnp.ones((1, 4, 4, 8)))
    params, stats = jax.jit(decoder.init)(KEY, latent, features, hole)

    @jax.jit
    @jax.grad
    def gradients(features):
        return decoder.apply(params, stats, latent, features, hole, train=False)[0][-1].sum()

    early, last = (np.abs(gradient).sum() for gradient in gradients(features))
    assert last > 0 and (early > 0) == skips
