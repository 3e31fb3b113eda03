"""Images in Python objects: every kind is read the same way, and known pixels stay untouched."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data import in_memory
from inpaint_jax.data.fitting import Fit
from inpaint_jax.errors import InputError

FIT = Fit("resize", 8)
HOLE = np.zeros((12, 16), bool)
HOLE[3:6, 4:8] = True
RGB = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)

KINDS = {
    "bool": HOLE,
    "bool [H, W, 1]": HOLE[..., None],
    "uint8": HOLE.astype(np.uint8) * 255,
    "uint8 of 0 and 1": HOLE.astype(np.uint8),
    "uint8 [H, W, 3]": np.repeat(HOLE[..., None], 3, axis=2).astype(np.uint8) * 255,
    "float": HOLE[..., None].astype(np.float32),
    "int": HOLE.astype(int),
    "PIL": Image.fromarray(HOLE.astype(np.uint8) * 255),
    "PIL of mode 1": Image.fromarray(HOLE),
}


def gather(images, holes, fit=FIT):
    return in_memory.gather(images, holes, fit, [str(i) for i in range(len(images))])


@pytest.mark.parametrize("hole", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("image", [RGB, Image.fromarray(RGB)], ids=["uint8", "PIL"])
def test_kinds(image, hole):
    for holes in (hole, [hole]):
        (one,) = gather([image], holes)
        np.testing.assert_array_equal(one.original.pixels, RGB)
        np.testing.assert_array_equal(one.hole, HOLE)
        # 12 x 16 to 8 x 8: row i covers rows 1.5 i to 1.5 (i + 1), column j columns 2 j to 2 j + 2.
        seen = np.zeros((8, 8, 1), np.float32)
        seen[2:4, 2:4] = 1
        np.testing.assert_array_equal(one.model_hole, seen)
        assert one.image.shape == (8, 8, 3) and one.image.dtype == np.float32
        assert one.image.min() >= -1 and one.image.max() <= 1
        back = one.carry_back(np.ones((8, 8, 3), np.float32), FIT)
        assert isinstance(back, type(image))
        np.testing.assert_array_equal(np.asarray(back), np.where(HOLE[..., None], 255, RGB))


def test_images_of_several_sizes_and_a_hole_of_the_models_size():
    small = np.full((8, 8, 3), 255, np.uint8)
    hole = np.zeros((8, 8), bool)
    hole[:, :4] = True
    large, as_it_is = gather([RGB, small], hole)
    np.testing.assert_array_equal(large.hole, np.arange(16)[None] < np.full((12, 1), 8))
    np.testing.assert_array_equal(as_it_is.hole, hole)
    np.testing.assert_array_equal(as_it_is.image, np.ones((8, 8, 3), np.float32))


def test_what_are_images():
    for images in (
        [RGB],
        RGB[None],
        [Image.fromarray(RGB)],
        (np.zeros((2, 2, 3)), RGB),
    ):
        assert in_memory.are_images(images)
    for images in (np.zeros((1, 2, 2, 3)), [np.zeros((2, 2, 3))], [], [[[[0.0]]]]):
        assert not in_memory.are_images(images)


@pytest.mark.parametrize(
    "images, holes, expected",
    [
        ([RGB], [HOLE, HOLE], "one hole per image, or one for all: got 2 for 1"),
        (
            [RGB],
            HOLE[:5],
            "the hole is 16x5, but image '0' is 16x12; save the hole at the image's size, "
            "or at the model's, 8x8",
        ),
        ([RGB], [~HOLE & HOLE], "hole of 0 has no missing pixel"),
        ([RGB], HOLE * 0.5, "must be 0 .known. or 1 .missing., or uint8"),
        ([RGB, RGB[..., 0]], HOLE, r"1: expected a uint8 array .* got uint8 \(12, 16\)"),
        ([RGB, RGB / 255], HOLE, r"1: expected a uint8 array .* got float64"),
        ([Image.fromarray(np.zeros((12, 16), np.float32))], HOLE, "0 has 32-bit pixels"),
    ],
)
def test_refused(images, holes, expected):
    with pytest.raises(InputError, match=expected):
        gather(images, holes)


def test_outside_the_crop():
    with pytest.raises(InputError, match="0: the hole reaches outside the model's centre crop"):
        gather([RGB], np.arange(16)[None] < np.ones((12, 1)), Fit("crop", 8))
