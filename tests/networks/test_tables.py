"""Encoder-decoders of the configs at scale ``paper``, against the specification's tables."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

from inpaint_jax.networks import build
from inpaint_jax.networks.layers import BatchNorm, Conv, ConvTranspose, GroupNorm
from inpaint_jax.networks.trunks import Residual
from inpaint_jax.runs import configuration

NORMS, BLOCKS = (BatchNorm, GroupNorm), (Conv, ConvTranspose, nn.Dense, Residual)

# (side of the output or its features, channels, parameters); a norm counts with what it follows.
DECODER_64 = [(4, 512, 32_769_024), (8, 256, 2_097_664), (16, 128, 524_544), (32, 64, 131_200)]
STRIDED = [
    (64, 64, 3_072),
    (32, 64, 65_664),
    (16, 128, 131_328),
    (8, 256, 524_800),
    (4, 512, 2_098_176),
]
RESIDUAL = [
    (128, 64, 9_472),
    (64, 64, 128),
    (32, 64, 78_400),
    (32, 128, 296_064),
    (16, 256, 919_808),
]
LATENT = [
    (0, 500, 1_152_500),
    (0, 4000, 2_004_000),
    (0, 4000, 2_004_000),
    (0, 500, 2_000_500),
    (0, 2304, 1_154_304),
]
VGG_DECODER = [(9, 128, 1_606_016), (15, 64, 401_600), (31, 32, 51_296), (64, 3, 3_465)]
GAN_DECODER = [
    (1, 4000, 32_780_000),
    (4, 512, 32_769_536),
    (8, 256, 2_097_920),
    (16, 128, 524_672),
    (32, 64, 131_264),
    (64, 3, 3_075),
]
TABLES = {
    ("context_encoder.py", "center", "generator"): [
        *STRIDED,
        (1, 4000, 32_776_000),
        *DECODER_64,
        (64, 3, 3_072),
    ],
    ("context_encoder.py", "random", "generator"): [
        *STRIDED,
        (1, 4000, 32_776_000),
        *DECODER_64,
        (64, 64, 65_664),
        (128, 3, 3_072),
    ],
    ("context_encoder.py", "center", "critic"): [
        (32, 64, 3_072),
        (16, 128, 131_328),
        (8, 256, 524_800),
        (4, 512, 2_098_176),
        (1, 1, 8_192),
    ],
    ("context_encoder.py", "random", "critic"): [
        (64, 64, 3_072),
        (32, 64, 65_664),
        (16, 128, 131_328),
        (8, 256, 524_800),
        (4, 512, 2_098_176),
        (1, 1, 8_192),
    ],
    ("desai_gan.py", "alexnet", "generator"): [
        (128, 64, 3_136),
        (64, 64, 65_728),
        (32, 64, 65_728),
        (16, 256, 262_912),
        (8, 256, 1_049_344),
        (4, 512, 2_098_688),
        *GAN_DECODER,
    ],
    ("desai_gan.py", "resnet", "generator"): [*RESIDUAL, (8, 512, 3_674_624), *GAN_DECODER],
    ("desai_gan.py", "resnet", "critic"): [
        (32, 64, 3_136),
        (16, 128, 131_456),
        (8, 256, 525_056),
        (4, 512, 2_098_688),
        (1, 1, 8_193),
    ],
    ("desai_vae.py", "alexnet", "autoencoder"): [
        (62, 64, 23_424),
        (30, 128, 205_184),
        (14, 256, 295_680),
        (14, 256, 590_592),
        (14, 64, 147_648),
        *LATENT,
        (13, 256, 148_224),
        (11, 256, 590_592),
        (7, 128, 819_584),
        (15, 64, 991_424),
        (33, 3, 4_809),
        (64, 3, 147),
    ],
    ("desai_vae.py", "vgg", "autoencoder"): [
        (250, 64, 9_472),
        (250, 64, 200_896),
        (62, 128, 401_792),
        (15, 256, 1_606_400),
        *LATENT,
        *VGG_DECODER,
    ],
    ("desai_vae.py", "resnet", "autoencoder"): [
        *RESIDUAL,
        (8, 256, 1_247_488),
        *LATENT,
        *VGG_DECODER,
    ],
}


def inputs(config, label, count=1):
    """Return the input shapes of a network of a config."""
    networks, size = config.networks, config.data.size
    side = networks.generator.size if label == "critic" else size
    images = jax.ShapeDtypeStruct((count, side, side, 3), jnp.float32)
    if label == "autoencoder":
        return images, jax.ShapeDtypeStruct((count, networks.autoencoder.bottleneck), jnp.float32)
    return (images,)


SELF_TUNED = [  # spec 4.3, connector=channelwise_fc
    (64, 64, 3_200),
    (32, 64, 65_664),
    (16, 128, 131_328),
    (8, 256, 524_800),
    (4, 512, 2_098_176),
    (2, 512, 4_195_328 + 10_240),
    (4, 512, 4_195_328),
    (8, 256, 2_097_664),
    (16, 128, 524_544),
    (32, 64, 131_200),
    (64, 64, 65_664),
    (128, 3, 3_072),
]


def test_the_fully_channel_wise_layer_of_salem():
    """Self-tuned network: 14,046,208 parameters in six layers down, six up, and one between."""
    config = configuration.load("configs/on_demand.py:self_tuned,channel_wise,paper")
    params, out = forward(config, "generator")
    assert out.shape == (2, 128, 128, 3)
    assert (
        sum(leaf.size for leaf in jax.tree.leaves(params))
        == 14_046_208
        == sum(row[2] for row in SELF_TUNED)
    )
    convolutions = [(*row[:2], row[2] - 10_240 * (row[0] == 2)) for row in SELF_TUNED]
    assert layers(config, "generator") == convolutions


def network(config, label):
    return build(configuration.to_plain(config)["networks"][label], label=f"networks.{label}")


def layers(config, label):
    """List the layers of a network in the order of the calls: (side or 0, channels, parameters)."""
    rows, inside = [], []

    def record(call, args, kwargs, context):
        module = context.module
        if context.method_name != "__call__" or not isinstance(module, (*NORMS, *BLOCKS)) or inside:
            return call(*args, **kwargs)
        inside.append(module)
        out = call(*args, **kwargs)
        inside.pop()
        row = (out.shape[1] if out.ndim == 4 else 0, out.shape[-1])
        count = sum(leaf.size for leaf in jax.tree.leaves(module.variables["params"]))
        if isinstance(module, NORMS) and rows and rows[-1][:2] == row:
            count += rows.pop()[2]
        rows.append((*row, count))
        return out

    with nn.intercept_methods(record):
        jax.eval_shape(network(config, label).init, jax.random.key(0), *inputs(config, label))
    return rows


@pytest.mark.parametrize("preset", ["default", "published"])
@pytest.mark.parametrize("file, word, label", TABLES, ids=lambda part: part.removesuffix(".py"))
def test_layers(file, word, label, preset):
    """``default`` omits the released norm of the whole block: a scale and a bias per channel."""
    config = configuration.load(f"configs/{file}:paper,{word},{preset}")
    *layers_before, (side, channels, parameters) = TABLES[file, word, label]
    unnormed = (preset, file) == ("default", "desai_vae.py") and word != "alexnet"
    assert layers(config, label) == [*layers_before, (side, channels, parameters - 6 * unnormed)]


COUNTS = {
    ("desai_gan.py", "alexnet"): (14_497_503, 39_078_003, 71_852_003),
    ("desai_gan.py", "resnet"): (15_930_463, 40_510_963, 73_284_963),
    ("desai_vae.py", "alexnet"): (6_875_612, 9_128_612, 12_132_612),
    ("desai_vae.py", "vgg"): (7_339_241, 9_592_241, 12_596_241),
    ("desai_vae.py", "resnet"): (7_672_041, 9_925_041, 12_929_041),
    ("context_encoder.py", "center"): (None, None, 71_124_544),
    ("context_encoder.py", "random"): (None, None, 71_190_208),
}


@pytest.mark.parametrize("bottleneck, at", [(500, 0), (2000, 1), (4000, 2)])
@pytest.mark.parametrize("file, word", COUNTS, ids=lambda part: part.removesuffix(".py"))
def test_parameter_count_and_output(file, word, bottleneck, at):
    label = "autoencoder" if file == "desai_vae.py" else "generator"
    spec = f"configs/{file}:paper,published,{word}"
    config = configuration.load(spec, [f"--config.networks.{label}.bottleneck={bottleneck}"])
    params, out = forward(config, label)
    side = 128 if word == "random" else 64
    assert jax.tree.leaves(out)[0].shape == (2, side, side, 3)
    if expected := COUNTS[file, word][at]:
        assert sum(leaf.size for leaf in jax.tree.leaves(params)) == expected


def forward(config, label):
    """Return the shapes of parameters and outputs."""
    built = network(config, label)

    def run(key, *inputs):
        variables = built.init(key, *inputs)
        return variables[0], built.apply(*variables, *inputs, train=True)[0]

    return jax.eval_shape(run, jax.random.key(0), *inputs(config, label, count=2))


@pytest.mark.parametrize(
    "file, count",
    [
        ("context_encoder.py", 2_765_568),
        ("context_encoder.py:random", 2_831_232),
        ("desai_gan.py", 2_766_529),
    ],
)
def test_critics(file, count):
    """The discriminator returns one logit per image (A-A1)."""
    config = configuration.load(f"configs/{file}{',' if ':' in file else ':'}paper")
    params, logits = forward(config, "critic")
    assert logits.shape == (2,)
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == count


@pytest.mark.parametrize("scale", ["cpu", "smoke"])
@pytest.mark.parametrize("encoder", ["alexnet", "vgg", "resnet"])
@pytest.mark.parametrize(
    "file, label", [("desai_vae.py", "autoencoder"), ("desai_gan.py", "generator")]
)
def test_blocks_of_32_from_images_of_128(file, label, encoder, scale):
    out = forward(configuration.load(f"configs/{file}:{scale},{encoder}"), label)[1]
    assert jax.tree.leaves(out)[0].shape == (2, 32, 32, 3)
