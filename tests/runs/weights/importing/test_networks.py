"""Imported networks give the output of the original torch networks, map by map."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.networks import vgg16, vgg19
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.googlenet import INCEPTIONS, POOLED, GoogLeNet
from inpaint_jax.networks.trunks import ResNet
from inpaint_jax.networks.vgg import DEVIATION, MEAN
from inpaint_jax.networks.vgg16 import VGG16
from inpaint_jax.networks.vgg19 import VGG19
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import initial_state
from inpaint_jax.runs.weights import archive
from inpaint_jax.runs.weights.importing import import_weights, single
from inpaint_jax.runs.weights.importing.googlenet import CONVOLUTIONS, convert
from inpaint_jax.runs.weights.importing.layers import Layer
from inpaint_jax.runs.weights.matching import fitted

RNG = np.random.default_rng(0)


def drawn(*shape, low=-1.5, high=1.5):
    return RNG.uniform(low, high, shape).astype(np.float32)


def convolution(name, before, features, side, *, bias=True):
    weight = RNG.normal(
        0, np.sqrt(2 / (before * side * side)), (features, before, side, side)
    ).astype(np.float32)
    return {f"{name}.weight": weight} | ({f"{name}.bias": drawn(features)} if bias else {})


def normed(name, before, features, side):
    """torchvision's BasicConv2d."""
    return convolution(f"{name}.conv", before, features, side, bias=False) | {
        f"{name}.bn.weight": drawn(features),
        f"{name}.bn.bias": drawn(features),
        f"{name}.bn.running_mean": drawn(features),
        f"{name}.bn.running_var": drawn(features, low=0.5, high=2),
        f"{name}.bn.num_batches_tracked": np.array(7),
    }


def googlenet(width, classes):
    """Return a state dict with the names of torchvision."""
    first, last = round(64 * width), round(192 * width)
    arrays = (
        normed("conv1", 3, first, 7)
        | normed("conv2", first, first, 1)
        | normed("conv3", first, last, 3)
    )
    for name, numbers in INCEPTIONS.items():
        own, one = f"inception{name}", [round(width * number) for number in numbers]
        arrays |= normed(f"{own}.branch1", last, one[0], 1)
        arrays |= normed(f"{own}.branch2.0", last, one[1], 1) | normed(
            f"{own}.branch2.1", one[1], one[2], 3
        )
        arrays |= normed(f"{own}.branch3.0", last, one[3], 1) | normed(
            f"{own}.branch3.1", one[3], one[4], 3
        )
        arrays |= normed(f"{own}.branch4.1", last, one[5], 1)
        last = one[0] + one[2] + one[4] + one[5]
    arrays |= {"aux1.fc1.weight": drawn(4, 8), "aux2.conv.conv.weight": drawn(4, 8, 1, 1)}
    return arrays | {"fc.weight": drawn(classes, last), "fc.bias": drawn(classes)}


def googlenet_in_torch(arrays, images):
    """Compute the maps and logits of torchvision's layers in the geometry of ours."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    numbers = {name: torch.tensor(array) for name, array in arrays.items()}

    def conv(name, x):
        weight = numbers[f"{name}.conv.weight"]
        norm = [
            numbers[f"{name}.bn.{part}"]
            for part in ("running_mean", "running_var", "weight", "bias")
        ]
        return functional.batch_norm(
            functional.conv2d(x, weight, padding=weight.shape[-1] // 2), *norm, eps=1e-3
        ).relu()

    x = conv("conv3", conv("conv2", conv("conv1", images)))
    maps = {}
    for name in INCEPTIONS:
        if name in POOLED:
            x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        own = f"inception{name}"
        pooled = functional.max_pool2d(x, 3, 1, padding=1)
        branches = conv(f"{own}.branch1", x), conv(f"{own}.branch2.1", conv(f"{own}.branch2.0", x))
        branches += (
            conv(f"{own}.branch3.1", conv(f"{own}.branch3.0", x)),
            conv(f"{own}.branch4.1", pooled),
        )
        x = maps[name] = torch.cat(branches, 1)
    return maps, functional.linear(x.mean((2, 3)), numbers["fc.weight"], numbers["fc.bias"])


def imported(kind, arrays, folder, **options):
    """Return the command's arrays for a state dict, as nested dicts, all others zero."""
    np.savez(folder / "source.npz", **arrays)
    import_weights(kind, folder / "source.npz", folder / "weights.npz", **options)
    return archive.read(folder / "weights.npz")


def filled(module, weights, images):
    """Fill parameters and statistics of a module from a file; with zeros if the file has none."""
    params, stats = jax.eval_shape(lambda: pure(module).init(jax.random.key(0), images))

    def leaf(path, shape):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        return jnp.asarray(weights.arrays.get(name, np.zeros(shape.shape, np.float32)))

    tree = jax.tree_util.tree_map_with_path(leaf, {"params": params, "stats": stats})
    return tree["params"], tree["stats"]


def assert_same(ours, theirs):
    theirs = np.asarray(theirs)
    theirs = np.moveaxis(theirs, 1, -1) if theirs.ndim == 4 else theirs
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


def test_googlenet(tmp_path):
    torch = pytest.importorskip("torch")
    source = googlenet(width=0.125, classes=7)
    weights = imported("googlenet", source, tmp_path)
    images = RNG.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    module = GoogLeNet(classes=7, width=0.125)
    params, stats = filled(module, weights, images)
    answer = jax.jit(lambda *given: pure(module).apply(*given, train=False)[0])(
        params, stats, images
    )
    maps, logits = googlenet_in_torch(source, torch.tensor(images).movedim(-1, 1))
    assert list(maps) == list(answer.features)
    for name in maps:
        assert_same(answer.features[name], maps[name])
    assert_same(answer.logits, logits)


def vgg(width, blocks):
    """Return a state dict with the names of torchvision; its classifier is a placeholder."""
    arrays, place, before = {}, 0, 3
    for features, count in blocks:
        for _ in range(count):
            features_here = features * width // 64
            arrays |= convolution(f"features.{place}", before, features_here, 3)
            place, before = place + 2, features_here
        place += 1
    return arrays | {"classifier.0.weight": drawn(2, 2), "classifier.0.bias": drawn(2)}


def vgg_in_torch(arrays, images):
    """Compute the maps after the ReLUs of torchvision's list of layers, for images in [0, 1]."""
    torch = pytest.importorskip("torch")
    mean, deviation = (torch.tensor(numbers)[None, :, None, None] for numbers in (MEAN, DEVIATION))
    x, maps = (images - mean) / deviation, []
    for place in range(
        1 + max(int(name.split(".")[1]) for name in arrays if name.startswith("features"))
    ):
        if f"features.{place}.weight" in arrays:
            weight, bias = (
                torch.tensor(arrays[f"features.{place}.{part}"]) for part in ("weight", "bias")
            )
            x = torch.nn.functional.conv2d(x, weight, bias, padding=1).relu()
            maps.append(x)
        elif f"features.{place - 1}.weight" not in arrays:  # neither a convolution nor its ReLU
            x = torch.nn.functional.max_pool2d(x, 2, 2)
    return maps


@pytest.mark.parametrize("kind, network", [(vgg16, VGG16), (vgg19, VGG19)])
@pytest.mark.parametrize("blocks, prefix", [(5, "features."), (3, "")])
def test_vgg(kind, network, blocks, prefix, tmp_path):
    """The whole network, and a file with only the first three blocks of the list."""
    torch = pytest.importorskip("torch")
    source = vgg(width=4, blocks=kind.BLOCKS[:blocks])
    held = {
        n.replace("features.", prefix): a
        for n, a in source.items()
        if prefix or not n.startswith("classifier")
    }
    weights = imported(network.__name__.lower(), held, tmp_path)
    images = RNG.uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    count = sum(number for _, number in kind.BLOCKS[:blocks])
    module = network(last=kind.LAYERS[count - 1], width=4)
    params, stats = filled(module, weights, images)
    maps = jax.jit(lambda *given: pure(module).apply(*given, train=False)[0])(params, stats, images)
    theirs = vgg_in_torch(source, torch.tensor((images + 1) / 2).movedim(-1, 1))
    assert len(maps) == len(theirs) == count
    for ours, its in zip(maps.values(), theirs, strict=True):
        assert_same(ours, its)


def group_norm(features):
    return {"weight": drawn(features), "bias": drawn(features)}


def resnet(width, last):
    """Return a state dict with Desai & Ghosal's names, copies and a part of their decoder."""
    norm = {f"encoder.2.{part}": values for part, values in group_norm(width).items()}
    arrays, before = convolution("conv_1", 3, width, 7) | norm, width
    blocks = (
        ("conv_2x", width, 1),
        ("conv_3x", 2 * width, 3),
        ("conv_4x", 4 * width, 1),
        ("conv_5x", last, 1),
    )
    for place, (name, features, side) in enumerate(blocks, 4):
        block = convolution("conv_1", before, features, 3) | convolution(
            "conv_2", features, features, 3
        )
        block |= convolution("shortcut.0", before, features, side)
        for part in ("BN1", "BN2", "shortcut.1"):
            block |= {f"{part}.{n}": values for n, values in group_norm(features).items()}
        names = {
            "conv_1": "res_block.0",
            "BN1": "res_block.1",
            "conv_2": "res_block.3",
            "BN2": "res_block.4",
        }
        # the same modules again
        block |= {
            f"{names[part]}.{n}": block[f"{part}.{n}"] for part in names for n in ("weight", "bias")
        }
        for own in (name, f"encoder.{place}"):
            arrays |= {f"{own}.{part}": values for part, values in block.items()}
        before = features
    return arrays | {
        "encoder.0.bias": arrays["conv_1.bias"],
        "fc1.weight": drawn(2, 2),
        "decoder.1.bias": drawn(2),
    }


def resnet_in_torch(arrays, images, pool):
    """Compute their encoder's output for images, and the feature map after every block."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    numbers = {name: torch.tensor(array) for name, array in arrays.items()}

    def conv(name, x, stride, padding):
        return functional.conv2d(
            x, numbers[f"{name}.weight"], numbers[f"{name}.bias"], stride, padding
        )

    def norm(name, x):
        return functional.group_norm(
            x, x.shape[1] // 8, numbers[f"{name}.weight"], numbers[f"{name}.bias"]
        )

    x = norm("encoder.2", functional.max_pool2d(conv("conv_1", images, 2, 3), 2, 2)).relu()
    for name, stride in (("conv_2x", 2), ("conv_3x", 1), ("conv_4x", 2), ("conv_5x", 2)):
        short = conv(f"{name}.shortcut.0", x, stride, 1 if stride == 1 else 0)
        short = norm(f"{name}.shortcut.1", short).relu()
        inner = norm(f"{name}.BN1", conv(f"{name}.conv_1", x, stride, 1)).relu()
        x = norm(f"{name}.BN2", conv(f"{name}.conv_2", inner, 1, 1)).relu() + short
    return functional.max_pool2d(x, pool, 2)


def test_resnet(tmp_path):
    torch = pytest.importorskip("torch")
    source = resnet(width=16, last=32)
    weights = imported("resnet", source, tmp_path)
    images = RNG.uniform(0, 1, (2, 64, 64, 3)).astype(np.float32)
    module = ResNet(width=16, last=32, pool=2)
    params, stats = filled(module, weights, images)
    answer = jax.jit(lambda *given: pure(module).apply(*given, train=False)[0])(
        params, stats, images
    )
    assert_same(answer, resnet_in_torch(source, torch.tensor(images).movedim(-1, 1), pool=2))


def test_googlenet_for_levels(tmp_path):
    """The first layer maps images in [0, 255] minus a colour as it mapped images in [-1, 1]."""
    source, mean = googlenet(width=0.125, classes=7), (108.0, 102.4, 103.1)
    levels = imported("googlenet", source, tmp_path, mean=mean).arrays
    plain = {**levels, **single(convert(source.__getitem__, CONVOLUTIONS[0]))}
    patch = RNG.uniform(-1, 1, (7, 7, 3))
    scaled = 127.5 * (patch + 1) - np.array(mean)
    answers = [
        np.tensordot(seen, arrays["params/conv1/kernel"], 3) + arrays["params/conv1/bias"]
        for seen, arrays in ((patch, plain), (scaled, levels))
    ]
    np.testing.assert_allclose(*answers, rtol=1e-4, atol=1e-4)
    changed = [path for path in plain if not np.array_equal(plain[path], levels[path])]
    assert sorted(changed) == ["params/conv1/bias", "params/conv1/kernel"]
    with pytest.raises(InputError, match="--mean: three numbers, for googlenet only"):
        import_weights("vgg19", tmp_path / "source.npz", tmp_path / "weights.npz", mean=mean)


def test_five_by_five():
    """torchvision's 3x3 kernels lie in the middle of ours; 5x5 kernels of a network are kept."""
    for side in (3, 5):
        source, margin = normed("theirs", 6, 16, side), (5 - side) // 2
        arrays = convert(
            source.__getitem__, Layer("3a_5x5", "theirs.conv", "3a_5x5_norm", "theirs.bn")
        )
        kernel, inside = arrays["params/3a_5x5/kernel"], slice(margin, 5 - margin)
        assert kernel.shape == (5, 5, 6, 16) and np.count_nonzero(kernel) == side * side * 6 * 16
        assert kernel[inside, inside].all()


def without(arrays, *names):
    return {name: array for name, array in arrays.items() if name not in names}


@pytest.mark.parametrize(
    "kind, change, message",
    [
        (
            "vgg19",
            lambda a: {**a, "features.1.weight": drawn(4)},
            "has features.1.weight, which a vgg19 lacks: does it",
        ),
        (
            "vgg19",
            lambda a: without(a, "features.2.weight"),
            "has features.2.bias, which a vgg19 lacks",
        ),
        (
            "vgg19",
            lambda a: {**a, "features.2.weight": drawn(4, 3, 3, 3)},
            r"conv1_2/kernel the shape \[3, 3, 3, 4\]; a vgg19 of",
        ),
        (
            "vgg19",
            lambda a: {**a, "features.0.bias": drawn(4) * np.nan},
            "conv1_1/bias negative or non-finite",
        ),
        (
            "vgg19",
            lambda a: {"conv1.weight": drawn(2)},
            r"lacks features.0.weight, which a vgg19 needs \(the file begins with",
        ),
        ("resnet", lambda a: a, "lacks conv_1.weight, which a resnet needs"),
        ("googlenet", lambda a: a, "lacks conv1.conv.weight, which a googlenet needs"),
    ],
)
def test_another_network(kind, change, message, tmp_path):
    np.savez(tmp_path / "source.npz", **change(vgg(width=4, blocks=vgg19.BLOCKS[:1])))
    with pytest.raises(InputError, match=message):
        import_weights(kind, tmp_path / "source.npz", tmp_path / "weights.npz")
    assert not (tmp_path / "weights.npz").exists()


def test_copies_that_differ(tmp_path):
    source = resnet(width=8, last=8)
    source["encoder.4.conv_1.weight"] = source["conv_2x.conv_1.weight"] + 1
    np.savez(tmp_path / "source.npz", **source)
    with pytest.raises(InputError, match="conv_2x.conv_1.weight and .* should be equal but differ"):
        import_weights("resnet", tmp_path / "source.npz", tmp_path / "weights.npz")


def test_a_norm_of_another_size(tmp_path):
    source = googlenet(width=0.125, classes=7)
    source["conv2.bn.weight"] = drawn(5)
    np.savez(tmp_path / "source.npz", **source)
    with pytest.raises(InputError, match="conv2.conv is not a layer of a googlenet"):
        import_weights("googlenet", tmp_path / "source.npz", tmp_path / "weights.npz")


@pytest.mark.parametrize(
    "kind, arrays, choice, stage, place, kept",
    [
        (
            "googlenet",
            partial(googlenet, 0.125, 1000),
            "classifier_guided.py:smoke",
            "classifier",
            "classifier",
            36,
        ),
        (
            "vgg19",
            partial(vgg, 4, vgg19.BLOCKS),
            "neural_features.py:smoke",
            "features",
            "classifier",
            2,
        ),
        (
            "vgg16",
            partial(vgg, 64, vgg16.BLOCKS[:3]),
            "neural_features.py:smoke,vgg16",
            "features",
            "classifier",
            2,
        ),
        (
            "vgg16",
            partial(vgg, 64, vgg16.BLOCKS[:3]),
            "classifier_guided.py:smoke,vgg16",
            "classifier",
            "classifier",
            2,
        ),
        (
            "resnet",
            partial(resnet, 8, 32),
            "desai_vae.py:resnet,smoke",
            "vae",
            "autoencoder/trunk",
            0,
        ),
    ],
)
def test_the_configs_that_take_them(kind, arrays, choice, stage, place, kept, tmp_path):
    """Every array has a place; only classifiers stay as initialised."""
    imported(kind, arrays(), tmp_path)
    config = configuration.load(f"configs/{choice}")
    states = {}
    for its in configuration.build_system(config).stages:
        states[its.name] = jax.eval_shape(partial(initial_state, its, config), states)
        if its.name == stage:
            break
    record = fitted(tmp_path / "weights.npz", states[stage], label="weights").record
    assert (record["network"], len(record["as_initialised"])) == (place, kept)
    assert all("classifier" in name or "auxiliary" in name for name in record["as_initialised"])
