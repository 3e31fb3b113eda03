"""Completion from Python: arrays of the model's size, PIL images and uint8 arrays of any size."""

import numpy as np
import pytest
from PIL import Image

import inpaint_jax as ij
from inpaint_jax.compositing import from_uint8, to_uint8

RNG = np.random.default_rng(0)
SMALL = RNG.integers(0, 256, (2, 16, 16, 3)).astype(np.uint8)
LARGE = RNG.integers(0, 256, (40, 30, 3)).astype(np.uint8)
HOLE = np.zeros((16, 16), bool)
HOLE[5:11, 4:10] = True


def test_the_same_image_in_every_form(model):
    floats = ij.complete(model, from_uint8(SMALL), HOLE[..., None], seed=1)
    assert floats.shape == (2, 16, 16, 3) and floats.dtype == np.float32
    array = ij.complete(model, SMALL, HOLE, seed=1)
    assert isinstance(array, np.ndarray) and array.dtype == np.uint8
    np.testing.assert_array_equal(array, np.where(HOLE[None, ..., None], to_uint8(floats), SMALL))
    images = ij.complete(
        model, [Image.fromarray(image) for image in SMALL], Image.fromarray(HOLE), seed=1
    )
    assert [type(image) for image in images] == [Image.Image] * 2
    np.testing.assert_array_equal(images, array)


def test_sizes_of_their_own(model):
    """The model has 16 px; the fit of the config shows it a square of the second image, 40 x 30."""
    large_hole = np.zeros(LARGE.shape[:2], np.uint8)
    large_hole[15:25, 10:20] = 255
    images, holes = [SMALL[0], Image.fromarray(LARGE)], [HOLE, Image.fromarray(large_hole)]
    small, large = ij.complete(model, images, holes)
    assert isinstance(small, np.ndarray) and isinstance(large, Image.Image)
    for before, after, hole in (
        (SMALL[0], small, HOLE),
        (LARGE, np.asarray(large), large_hole > 0),
    ):
        assert after.shape == before.shape and after.dtype == np.uint8
        np.testing.assert_array_equal(after[~hole], before[~hole])
        assert (after[hole] != before[hole]).any()
    kept = ij.complete(model, images, holes, keep=2)
    assert [len(completions) for completions in kept] == [2, 2]
    assert [image.size for image in kept[1]] == [(30, 40)] * 2
    assert (np.asarray(kept[1][0]) != np.asarray(kept[1][1])).any()


def test_keep(model):
    floats = ij.complete(model, from_uint8(SMALL), HOLE[..., None], keep=2)
    arrays = ij.complete(model, SMALL, HOLE, keep=2)
    assert floats.shape == arrays.shape == (2, 2, 16, 16, 3)


def test_methods_without_training_complete_images_of_any_size():
    """By method name; a plane is harmonic, up to rounding to 8 bits."""
    i, j = np.mgrid[:40, :150]
    plane = np.stack([i + j, 2 * i, 200 - j], -1).astype(np.uint8)
    hole = np.zeros((40, 150), bool)
    hole[5:30, 100:140] = True
    small_hole = np.zeros((16, 16), np.uint8)
    small_hole[2:4, 3:9] = 255
    images = [Image.fromarray(np.where(hole[..., None], 0, plane).astype(np.uint8)), SMALL[0]]
    large, small = ij.complete("harmonic", images, [hole, small_hole])
    assert isinstance(large, Image.Image) and isinstance(small, np.ndarray)
    np.testing.assert_array_equal(np.asarray(large), plane)
    np.testing.assert_array_equal(small[small_hole == 0], SMALL[0][small_hole == 0])
    floats = ij.complete("mean", from_uint8(SMALL), HOLE[..., None])
    colours = [from_uint8(image)[~HOLE].mean(0) for image in SMALL]
    np.testing.assert_allclose(floats[:, 7, 7], colours, atol=1e-6)


def test_what_is_refused(model):
    with pytest.raises(ij.InputError, match="unknown method 'photoshop'; known: .*harmonic, "):
        ij.complete("photoshop", SMALL, HOLE)
    with pytest.raises(ij.InputError, match="nearest needs training images: give --train=FOLDER"):
        ij.complete("nearest", SMALL, HOLE)
    with pytest.raises(ij.InputError, match="one id per image: got 1 ids"):
        ij.complete(model, SMALL, HOLE, ids=["a"])
    with pytest.raises(ij.InputError, match="0: a hole is 0 .* got 255"):
        ij.complete(model, from_uint8(SMALL), 255.0 * HOLE[..., None])
    with pytest.warns(UserWarning, match="no negative value") as caught:
        ij.complete(model, SMALL / 255, HOLE[..., None])
    assert caught[0].filename == __file__
