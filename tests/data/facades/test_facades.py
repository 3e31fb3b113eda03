"""The built-in images: equal everywhere, at every size, in splits that share nothing."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.facades import Facades, draw_facade
from inpaint_jax.errors import InputError


def test_pixels_never_change():
    """Frozen: published images, demo and benchmarks depend on these bytes."""
    images = [draw_facade(number, 64)[0] for number in range(24)]
    assert hashlib.sha256(np.stack(images).tobytes()).hexdigest()[:16] == "3a9dd4968c940648"


def test_an_item_depends_on_its_index_alone():
    source = Facades(size=16, count=4)
    again = Facades(size=16, count=9)
    for i in (3, 0):
        np.testing.assert_array_equal(source[i]["image"], again[i]["image"])
        assert source[i]["id"] == source.id(i) == again.id(i) == f"train-{i:06d}"
    assert len(source) == 4 and source[-1]["id"] == "train-000003"
    with pytest.raises(IndexError):
        source[4]


def test_every_class_is_drawn():
    labels = [Facades(size=8)[i]["label"] for i in range(60)]
    assert sorted(set(labels)) == list(range(len(Facades.classes)))


def test_splits_share_no_image():
    images = {split: Facades(size=16, split=split, count=20) for split in ("train", "val", "test")}
    drawn = {
        split: {source[i]["image"].tobytes() for i in range(20)} for split, source in images.items()
    }
    assert len(set.union(*drawn.values())) == 60
    assert {split: len(Facades(size=8, split=split)) for split in drawn} == {
        "train": 5000,
        "val": 500,
        "test": 500,
    }
    with pytest.raises(InputError, match="known: train, val, test"):
        Facades(size=8, split="valid")


def test_sizes_show_the_same_building():
    for number in range(4):
        small, large = draw_facade(number, 32)[0], draw_facade(number, 128)[0]
        shrunk = np.asarray(Image.fromarray(large).resize((32, 32), Image.Resampling.BOX))
        assert np.abs(small.astype(float) - shrunk).mean() < 10  # two facades differ by 40 or more
