"""The line of text that names a source, views of sources, and held-out images."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.facades import draw_facade
from inpaint_jax.data.sources import holdout, open_source
from inpaint_jax.data.views import Concatenated, Fitted, Subset, example, ids
from inpaint_jax.errors import InputError


class Squares:
    """A user's source: no ids, no labels."""

    def __init__(self, images=None):
        self.images = images or [np.full((4, 4, 3), level, np.uint8) for level in range(5)]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return {"image": self.images[i]}


SQUARES = Squares()


def levels(source):
    return [int(source[i]["image"][0, 0, 0]) for i in range(len(source))]


@pytest.fixture
def folder(tmp_path):
    for i in range(4):
        Image.fromarray(np.full((10, 14, 3), i, np.uint8)).save(tmp_path / f"{i}.png")
    return tmp_path


def test_facades_line():
    source = open_source("facades?split=test&start=2&count=3", size=8)
    assert list(ids(source)) == ["test-000002", "test-000003", "test-000004"]
    image, label = draw_facade((2 << 40) + 2, 8)
    np.testing.assert_array_equal(source[0]["image"], image)
    assert source[0]["label"] == label
    assert len(open_source("facades", size=8)) == 5000
    assert len(open_source("facades?count=9000", size=8)) == 9000  # any number can be drawn


def test_folder_line(folder):
    source = open_source(f"{folder}?crop=8&start=1&count=2", size=4)
    assert (
        isinstance(source, Fitted) and list(ids(source)) == ["1", "2"] and levels(source) == [1, 2]
    )
    assert source[0]["image"].shape == (4, 4, 3)
    assert source.images[0]["image"].shape == (10, 14, 3) and source.fit.how == "crop:8"
    assert open_source(str(folder), size=4, fit="resize").fit.how == "resize"
    assert open_source(f"{folder}?fit=crop", size=4, fit="resize").fit.how == "crop"


def test_user_sources():
    for spec in (f"{__name__}:Squares", f"{__name__}:SQUARES", SQUARES):
        source = open_source(spec, size=2)
        assert list(ids(source)) == ["0", "1", "2", "3", "4"] and levels(source) == [0, 1, 2, 3, 4]
        assert source[0]["image"].shape == (2, 2, 3) and "label" not in source[0]


def test_several_sources_with_a_fit_of_their_own(folder):
    source = open_source([f"{folder}?crop=8", "facades?count=2"], size=4)
    assert isinstance(source, Concatenated) and len(source) == 6
    assert list(ids(source)) == ["0", "1", "2", "3", "train-000000", "train-000001"]
    assert all(source[i]["image"].shape == (4, 4, 3) for i in range(6))
    assert not any("label" in source[i] for i in range(6))  # not all of them have labels


def test_several_sources_of_one_fit_keep_their_own_sizes(folder):
    source = open_source((f"{folder}?start=3", str(folder)), size=4)
    assert isinstance(source, Fitted) and source.images[0]["image"].shape == (10, 14, 3)
    assert list(ids(source)) == ["0/3", "1/0", "1/1", "1/2", "1/3"]  # the ids clashed
    assert levels(source) == [3, 0, 1, 2, 3] and source[-1]["id"] == "1/3"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("facades?colour=red", "unknown option 'colour'; known: split, crop, fit, start, count"),
        ("facades?split=foo", "known: train, val, test"),
        ("facades?count=many", "count must be a whole number, got 'many'"),
        ("facades?count=0", "count must be at least 1"),
        ("", "the name of an image source is empty"),
        ("facades?count=1&count=2", "each option once"),
        ("facades?count", "whole number"),
        ("facades?crop=8&fit=crop", "not both"),
        ("facades?fit=stretch", "known: crop, crop:SIDE, resize"),
        ("no/such/folder", "no such folder: no/such/folder"),
        ("no_such_module:thing", "no module 'no_such_module'"),
        (f"{__name__}:SQUARES?split=train", "unknown option 'split'; known: crop"),
        (f"{__name__}:SQUARE", "has no 'SQUARE'"),
        ("builtins:object", "builtins:object is not an image source: object lacks __len__"),
        (f"{__name__}:SQUARES?start=3&count=3", "only 5 images"),
        ([], "give at least one"),
    ],
)
def test_bad_lines(spec, words):
    with pytest.raises(InputError, match=words):
        open_source(spec, size=8)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((4, 4, 3), np.nan, np.float32), "image '0' has pixels that are not finite"),
        (np.zeros((4, 4, 3), np.float32), "image '0' has dtype float32"),
        (np.zeros((4, 4), np.uint8), r"image '0' has the shape \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"image '0' has the shape \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"image '0' has the shape \(0, 4, 3\)"),
    ],
)
def test_bad_images_are_named(image, words):
    with pytest.raises(InputError, match=words):
        example(Squares([image]), 0)


def test_an_image_too_small_for_the_crop_is_named(folder):
    with pytest.raises(InputError, match="image '0': .*14x10 is smaller than crop:12"):
        open_source(f"{folder}?crop=12", size=4)[0]


def test_holdout_partitions_by_id():
    source = open_source("facades?count=200", size=8)
    train, validation = (
        set(ids(holdout(source, share=0.2, part=part))) for part in ("train", "validation")
    )
    assert (
        not train & validation
        and train | validation == set(ids(source))
        and 20 < len(validation) < 60
    )
    # An image is held out or not, independent of its neighbours.
    reverse = Subset(source, range(199, 49, -1))
    kept = set(ids(holdout(reverse, share=0.2, part="validation")))
    assert kept == validation & set(ids(reverse))


def test_holdout_by_count():
    source = open_source("facades?count=50", size=8)
    held_out = list(ids(holdout(source, count=5, part="validation")))
    rest = list(ids(holdout(source, count=5, part="train")))
    assert (
        len(held_out) == 5
        and sorted(held_out + rest) == sorted(ids(source))
        and rest == sorted(rest)
    )
    assert held_out[:2] == [
        "train-000004",
        "train-000041",
    ]  # the smallest of the fifty by sha256sum


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(part="test", count=1), "known: train, validation"),
        (dict(part="train"), "needs a share"),
        (dict(part="train", share=0.1, count=2), "needs a share"),
        (dict(part="train", count=5), "leaves none for train"),
        (dict(part="validation", share=1e-9), "leaves none for validation"),
    ],
)
def test_bad_holdouts(options, words):
    with pytest.raises(InputError, match=words):
        holdout(SQUARES, **options)
