"""Context encoder: parameter counts and shapes of the specification, layer by layer."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.context_encoder import Discriminator, Generator
from inpaint_jax.networks.functional import pure


def shapes(module, size):
    return jax.eval_shape(
        lambda key: module.init(key, jnp.zeros((1, size, size, 3)), train=False)["params"], jax.random.key(0)
    )


@pytest.mark.parametrize(
    "name, fields, size, expected",
    [
        ("context_encoder.Generator", {}, 128, 71_124_544),
        ("context_encoder.Generator", {"size": 128}, 128, 71_190_208),
        ("context_encoder.Discriminator", {}, 64, 2_765_568),
        ("context_encoder.Discriminator", {}, 128, 2_831_232),
    ],
)
def test_parameter_count(name, fields, size, expected):
    assert sum(x.size for x in jax.tree.leaves(shapes(NETWORKS[name](**fields), size))) == expected


def test_layers_of_the_centre_model():
    """Kernels plus the scales and biases of the batch norm that follows, as the specification's table counts them."""
    params = shapes(Generator(), 128)
    assert not any("bias" in layer for name, layer in params.items() if name.startswith("Conv"))
    kernels = [params[f"Conv_{i}"]["kernel"].size for i in range(6)]
    kernels += [params[f"ConvTranspose_{i}"]["kernel"].size for i in range(5)]
    norms = [0, *(2 * params[f"BatchNorm_{i}"]["scale"].size for i in range(9)), 0]
    rows = [3072, 65664, 131328, 524800, 2098176, 32776000, 32769024, 2097664, 524544, 131200, 3072]
    assert [k + n for k, n in zip(kernels, norms, strict=True)] == rows


def test_range_and_logits():
    rng = np.random.default_rng(0)

    def random(tree):  # compiles faster than the modules' own initialisers
        return jax.tree.map(lambda leaf: rng.uniform(0.1, 1, leaf.shape).astype(np.float32) - 0.4, tree)

    damaged = rng.normal(0, 50, (3, 16, 16, 3)).astype(np.float32)
    generator, discriminator = pure(Generator(size=8, bottleneck=6, width=2)), pure(Discriminator(width=2))
    variables = random(jax.eval_shape(generator.init, jax.random.key(0), damaged))
    block, _ = jax.jit(partial(generator.apply, train=True))(*variables, damaged)
    assert block.shape == (3, 8, 8, 3) and -1 <= block.min() < 0 < block.max() <= 1
    variables = random(jax.eval_shape(discriminator.init, jax.random.key(0), block))
    logits, _ = jax.jit(partial(discriminator.apply, train=True))(*variables, block)
    assert logits.shape == (3,)


def test_size_is_four_times_a_power_of_two():
    with pytest.raises(ValueError, match="power of two"):
        Generator().init(jax.random.key(0), jnp.zeros((1, 120, 120, 3)), train=False)
