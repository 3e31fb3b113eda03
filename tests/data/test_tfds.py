"""TFDS sets by name: features of real builders, written as ArrayRecord with synthetic images.

TensorFlow is not used.
"""

import importlib.resources
import io
import sys

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.pipeline import training_batches
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.tfds import Tfds
from inpaint_jax.errors import InputError

tfds = pytest.importorskip("tensorflow_datasets")


def encoded(level):
    """Encode a PNG of 10x8 whose right half, rows 2 to 6, is 1 brighter."""
    pixels = np.full((8, 10, 3), level, np.uint8)
    pixels[2:6, 5:] += 1
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return io.BytesIO(file.getvalue())


def value(name, feature, i):
    """Return a value that fits the feature."""
    if isinstance(feature, tfds.features.FeaturesDict):
        return {key: value(key, inner, i) for key, inner in feature.items()}
    if isinstance(feature, tfds.features.Image):
        return encoded(20 * i)
    if isinstance(feature, tfds.features.BBoxFeature):
        return tfds.features.BBox(ymin=0.25, xmin=0.5, ymax=0.75, xmax=1.0)
    if isinstance(feature, tfds.features.Text):
        return f"{name} {i}"
    return i % 3 if isinstance(feature, tfds.features.ClassLabel) else feature.np_dtype(0)


@pytest.fixture
def prepare(tmp_path, monkeypatch, capsys):
    """Prepare a set with the splits train (6 images) and test (2)."""

    def write(name, **options):
        # a dependency of preparing that TFDS forgets to declare on Python 3.9 and later
        monkeypatch.setitem(sys.modules, "importlib_resources", importlib.resources)
        builder = tfds.builder(
            name, data_dir=tmp_path, **({"file_format": "array_record"} | options)
        )

        def made_up(count):
            return ((i, value("", builder.info.features, i)) for i in range(count))

        splits = {"train": made_up(6), "test": made_up(2)}
        monkeypatch.setattr(type(builder), "_split_generators", lambda self, dl_manager: splits)
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(
                compute_stats=tfds.download.ComputeStatsMode.SKIP
            )
        )
        return str(tmp_path)

    return write


@pytest.mark.parametrize(
    ("name", "labelled", "shape"),
    [
        ("celeb_a", False, (8, 10, 3)),
        ("cars196", True, (4, 5, 3)),
        ("places365_small", True, (8, 10, 3)),
        ("imagenet2012", True, (8, 10, 3)),
        ("svhn_cropped", True, (8, 10, 3)),
    ],
)
def test_sets_by_name(prepare, name, labelled, shape):
    source = Tfds(name, split="train", data_dir=prepare(name))
    assert len(source) == 6 and source.id(5) == f"{name}-train-000005"
    read = [source[i] for i in range(6)]
    levels = sorted(int(example["image"][-1, -1, -1]) for example in read)
    bright = int(name == "cars196")  # cropped to its box
    assert levels == [20 * i + bright for i in range(6)]
    for i, example in enumerate(read):
        assert example["image"].shape == shape and example["image"].dtype == np.uint8
        assert example["id"] == source.id(i) and ("label" in example) == labelled
        if labelled:
            assert example["label"] == int(example["image"][-1, -1, -1]) // 20 % 3
    assert "tensorflow" not in sys.modules


@pytest.mark.slow
def test_a_worker_reads_a_set(prepare, monkeypatch):
    monkeypatch.setattr("inpaint_jax.data.cache.LIMIT", 0)
    source = open_source(f"tfds:svhn_cropped?data_dir={prepare('svhn_cropped')}", size=8)
    one, other = (training_batches(source, size=8, batch_size=4, seed=0, workers=n) for n in (0, 1))
    for _ in range(3):
        here, there = next(one), next(other)
        assert here.keys() == there.keys() == {"image", "label"}
        for name in here:
            np.testing.assert_array_equal(here[name], there[name])
    one.close()
    other.close()


def test_slices_and_source_lines(prepare):
    data_dir = prepare("svhn_cropped")
    assert (
        len(open_source(f"tfds:svhn_cropped?split=train[:50%]+test&data_dir={data_dir}", size=8))
        == 5
    )
    assert open_source(f"tfds:svhn_cropped?data_dir={data_dir}&crop=4", size=4)[0][
        "image"
    ].shape == (4, 4, 3)
    with pytest.raises(InputError, match="no split 'val'; known: train, test"):
        Tfds("svhn_cropped", split="val", data_dir=data_dir)


def test_unprepared_and_unknown_sets(tmp_path):
    with pytest.raises(
        InputError, match=r"tfds build celeb_a --file_format=array_record --data_dir="
    ):
        Tfds("celeb_a", data_dir=str(tmp_path))
    with pytest.raises(InputError, match="unknown TFDS set 'no_such_set'") as raised:
        Tfds("no_such_set", data_dir=str(tmp_path))
    assert "\n" not in str(raised.value)
