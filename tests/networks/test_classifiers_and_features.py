"""GoogLeNet, VGG-19, and the networks of Liu et al.: specified sizes and shapes, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.networks import vgg16
from inpaint_jax.networks.alexnet import AlexNet
from inpaint_jax.networks.functional import pure, side_by_side
from inpaint_jax.networks.global_local import Discriminator, Generator
from inpaint_jax.networks.googlenet import GoogLeNet
from inpaint_jax.networks.vgg import DEVIATION, MEAN
from inpaint_jax.networks.vgg19 import LAYERS, VGG19, Classifier

IMAGES = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)


def outline(module, given=IMAGES):
    """Return the number of parameters and the shapes of the outputs."""
    network = pure(module)

    def run(given):
        params, stats = network.init(jax.random.key(0), given)
        return params, network.apply(params, stats, given, train=False)[0]

    params, outputs = jax.eval_shape(run, given)
    return sum(leaf.size for leaf in jax.tree.leaves(params)), jax.tree.map(
        lambda leaf: leaf.shape[1:], outputs
    )


def sides(answer):
    return {name: shape[0] for name, shape in answer.features.items() if name in ("3b", "4b", "5b")}


def test_googlenet():
    """A-A4, and the counts of the network and of its auxiliary classifiers."""
    count, answer = outline(GoogLeNet())
    assert count == 6_181_732 + 496_068 + 498_116
    assert sides(answer) == {"3b": 64, "4b": 32, "5b": 16}
    channels = [shape[-1] for shape in answer.features.values()]
    assert channels == [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    assert answer.logits == (196,) and answer.auxiliary == ((196,), (196,))


def test_a_narrow_googlenet():
    """A width of a quarter has a quarter of the channels; A-A4 at stride 2."""
    count, answer = outline(GoogLeNet(classes=10, stride=2, width=0.25))
    assert count < 600_000 and answer.logits == (10,) and answer.features["5b"] == (8, 8, 256)
    assert sides(answer) == {"3b": 32, "4b": 16, "5b": 8}


def test_running_statistics_of_googlenet():
    """A-A6: after one step from 0, statistics are a tenth of the batch mean.

    Outputs that are not used are not compiled.
    """
    network, rng = pure(GoogLeNet(classes=5, stride=2, width=0.0625)), np.random.default_rng(0)
    images = rng.uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
    params, stats = jax.eval_shape(network.init, jax.random.key(0), images)
    params = jax.tree.map(lambda leaf: rng.normal(0, 0.1, leaf.shape).astype(np.float32), params)
    stats = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), stats)

    @jax.jit
    def running_mean(params, stats, images):
        _, after = network.apply(params, stats, images, train=True, key=jax.random.key(1))
        return after["batch_stats"]["conv1_norm"]["mean"]

    kernel, bias = params["conv1"]["kernel"], params["conv1"]["bias"]
    first = jax.lax.conv_general_dilated(
        images,
        kernel,
        (2, 2),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision="highest",
    )
    mean = (first + bias[None, None, None]).mean((0, 1, 2))
    np.testing.assert_allclose(
        running_mean(params, stats, images), 0.1 * mean, rtol=1e-4, atol=1e-6
    )


def test_googlenet_drops_features_in_training():
    network = pure(GoogLeNet(classes=5, stride=2, width=0.0625))
    images = jax.ShapeDtypeStruct((4, 16, 16, 3), jnp.float32)
    given = jax.eval_shape(network.init, jax.random.key(0), images)

    def program(train):
        key = jax.random.key(1)
        return str(
            jax.make_jaxpr(lambda p, s, x: network.apply(p, s, x, train=train, key=key)[0])(
                *given, images
            )
        )

    assert "random_bits" in program(True) and "random_bits" not in program(False)


def test_vgg19():
    count, maps = outline(VGG19())
    assert count == 555_328 and list(maps) == [
        "relu1_1",
        "relu1_2",
        "relu2_1",
        "relu2_2",
        "relu3_1",
    ]
    assert maps["relu3_1"] == (16, 16, 256)
    count, maps = outline(VGG19(last="relu4_1"))
    assert count == 3_505_728 and maps["relu4_1"] == (8, 8, 512)
    assert len(LAYERS) == 16
    with pytest.raises(InputError, match="VGG-19 has no layer 'relu3_5'; it has relu1_1, relu1_2"):
        outline(VGG19(last="relu3_5"))


def test_vgg16():
    """14,714,688 parameters in 13 convolutions; up to relu3_1 the shapes are those of VGG-19."""
    count, maps = outline(vgg16.VGG16(last="relu5_3"))
    assert count == 14_714_688 and len(maps) == 13 and maps["relu5_3"] == (4, 4, 512)
    assert outline(vgg16.VGG16()) == outline(VGG19())
    count, answer = outline(vgg16.Classifier(classes=10, last="relu3_3"))
    assert count == 1_735_488 + 10 * 257 and answer.logits == (10,)
    with pytest.raises(InputError, match="VGG-16 has no layer 'relu3_4'; it has relu1_1, relu1_2"):
        outline(vgg16.VGG16(last="relu3_4"))


def test_alexnet():
    """2,469,696 parameters in 5 convolutions, and the sides of the maps of 64 and of 224 pixels."""
    count, maps = outline(AlexNet())
    assert count == 2_469_696
    assert list(maps.values()) == [(15, 15, 64), (7, 7, 192), (3, 3, 384), (3, 3, 256), (3, 3, 256)]
    _, maps = outline(AlexNet(), jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32))
    assert [shape[0] for shape in maps.values()] == [55, 27, 13, 13, 13]
    with pytest.raises(
        InputError, match=r"AlexNet needs images of 31 pixels a side, got \(30, 31\)"
    ):
        outline(AlexNet(), jax.ShapeDtypeStruct((1, 30, 31, 3), jnp.float32))


def test_a_classifier_with_the_convolutions_of_vgg19():
    """The classifier has the maps of ``VGG19`` and classifies the mean of the last map."""
    plain, classifier = (
        pure(VGG19(last="relu2_1", width=2)),
        pure(Classifier(classes=5, last="relu2_2", width=2)),
    )
    images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)
    params, stats = classifier.init(jax.random.key(0), images)
    assert not stats and set(params) == {"conv1_1", "conv1_2", "conv2_1", "conv2_2", "classifier"}
    answer, _ = classifier.apply(params, stats, images, train=False)
    maps, _ = plain.apply(
        {name: its for name, its in params.items() if name in plain_layers(plain)},
        {},
        images,
        train=False,
    )
    jax.tree.map(
        np.testing.assert_array_equal, maps, {name: answer.features[name] for name in maps}
    )
    weights, mean = params["classifier"], answer.features["relu2_2"].mean((1, 2))
    np.testing.assert_allclose(
        answer.logits, mean @ weights["kernel"] + weights["bias"][None], rtol=1e-5, atol=1e-6
    )
    assert answer.logits.shape == (2, 5) and answer.auxiliary == ()


def plain_layers(network):
    return jax.eval_shape(network.init, jax.random.key(0), IMAGES)[0]


def test_layers_behind_the_one_that_is_read_cost_nothing():
    def operations(last):
        network = pure(Classifier(classes=5, last=last, width=2))
        params, _ = jax.eval_shape(network.init, jax.random.key(0), IMAGES)
        read = jax.jit(
            lambda params, x: network.apply(params, {}, x, train=False)[0].features["relu1_2"]
        )
        return read.lower(params, IMAGES).compile().cost_analysis()["flops"]

    assert operations("relu1_2") == operations("relu2_2") > 0


def test_networks_side_by_side():
    """Each network has separate parameters, statistics, inputs, and keys for init and dropout."""
    both = side_by_side(
        {
            "one": pure(GoogLeNet(classes=3, stride=2, width=0.0625)),
            "other": pure(Classifier(width=2)),
        }
    )
    images = {"one": IMAGES, "other": jax.ShapeDtypeStruct((2, 16, 16, 3), jnp.float32)}

    def run(images):
        params, stats = both.init(jax.random.key(0), images)
        return (
            params,
            stats,
            *both.apply(params, stats, images, train=True, key=jax.random.key(1)),
        )

    params, stats, answers, updated = jax.eval_shape(run, images)
    assert params.keys() == stats.keys() == answers.keys() == {"one", "other"}
    assert jax.tree.structure(stats) == jax.tree.structure(updated) and not stats["other"]
    assert answers["one"].logits.shape == (2, 3) and answers["other"].features["relu1_1"].shape == (
        2,
        16,
        16,
        2,
    )


def test_vgg19_sees_images_as_imagenet_had_them():
    """An image of ImageNet's mean colour is 0 for the first convolution, which returns the bias."""
    network = pure(VGG19(last="relu1_1", width=4))
    params, stats = network.init(jax.random.key(0), jnp.zeros((1, 8, 8, 3)))
    params["conv1_1"]["bias"] = jnp.array([0.5, -0.5, 1.0, 0.0])
    mean = np.broadcast_to(2 * np.float32(MEAN) - 1, (1, 8, 8, 3))
    seen = network.apply(params, stats, mean, train=False)[0]["relu1_1"]
    np.testing.assert_allclose(seen[0, 4, 4], [0.5, 0, 1, 0], atol=1e-5)
    brighter = network.apply(params, stats, mean + 2 * np.float32(DEVIATION), train=False)[0][
        "relu1_1"
    ]
    sums = params["conv1_1"]["kernel"].sum((0, 1, 2)) + params["conv1_1"]["bias"]
    np.testing.assert_allclose(brighter[0, 4, 4], jnp.maximum(sums, 0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "module, side, count, output",
    [
        (Generator(), 64, 8_996_515, (64, 64, 3)),
        (Discriminator(), 64, 1_232_353, ()),
        (Discriminator(features=(64, 64, 128, 256)), 16, 727_233, ()),
    ],
)
def test_global_local(module, side, count, output):
    assert outline(module, jax.ShapeDtypeStruct((2, side, side, 3), jnp.float32)) == (count, output)


@pytest.mark.parametrize(
    "module, side, message",
    [
        (Generator(), 24, "this generator needs sides divisible by 16, got \\(24, 24\\)"),
        (Discriminator(), 32, "a discriminator of 6 layers needs sides of 64 px, got \\(32, 32\\)"),
    ],
)
def test_sides_that_do_not_fit(module, side, message):
    with pytest.raises(InputError, match=message):
        outline(module, jax.ShapeDtypeStruct((2, side, side, 3), jnp.float32))
