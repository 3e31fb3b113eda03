"""Images and holes go to the model's size and back; known pixels come back bit for bit."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.fitting import Fit
from inpaint_jax.errors import InputError

RNG = np.random.default_rng(0)


def make_image(height, width):
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


def test_equal_sizes_change_nothing():
    image = make_image(16, 16)
    for how in ("crop", "crop:16", "resize"):
        np.testing.assert_array_equal(Fit(how, 16).to_model(image), image)


@pytest.mark.parametrize(
    ("how", "rows", "columns"),
    [
        ("crop", slice(0, 178), slice(20, 198)),
        ("crop:108", slice(35, 143), slice(55, 163)),
        ("resize", slice(0, 178), slice(0, 218)),
    ],
)
def test_crops_are_centred_and_resized_by_lanczos(how, rows, columns):
    image = make_image(178, 218)  # a CelebA image, lying
    expected = Image.fromarray(image[rows, columns]).resize((64, 64), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(Fit(how, 64).to_model(image), np.asarray(expected))


@pytest.mark.parametrize("how", ["croop", "crop:", "crop:x", "crop:0", "resize:4"])
def test_unknown_fit(how):
    with pytest.raises(InputError, match="known: crop, crop:SIDE, resize"):
        Fit(how, 8)


def test_crop_larger_than_the_image():
    with pytest.raises(InputError, match="20x10 is smaller than crop:12"):
        Fit("crop:12", 8).to_model(make_image(10, 20))


def test_a_model_pixel_is_missing_if_any_of_its_pixels_is():
    hole = np.zeros((8, 8), bool)
    hole[3, 5] = True
    expected = np.zeros((4, 4, 1), bool)
    expected[1, 2] = True
    np.testing.assert_array_equal(Fit("resize", 4).hole_to_model(hole), expected)
    # three model pixels over eight: [0, 2.67), [2.67, 5.33), [5.33, 8): row 3 lies in the second,
    # column 5 in two
    np.testing.assert_array_equal(
        Fit("resize", 3).hole_to_model(hole)[..., 0], [[0, 0, 0], [0, 1, 1], [0, 0, 0]]
    )


def test_a_hole_carried_to_the_image_covers_it():
    hole = np.zeros((4, 4, 1), np.float32)
    hole[1, 2] = 1
    whole = Fit("crop", 4).hole_to_image(hole, (8, 12, 3))  # the crop is columns 2..10
    expected = np.zeros((8, 12), bool)
    expected[2:4, 6:8] = True
    np.testing.assert_array_equal(whole, expected)
    np.testing.assert_array_equal(Fit("crop", 4).hole_to_model(whole), hole > 0)


@pytest.mark.parametrize(("height", "width"), [(31, 45), (64, 64), (100, 67), (9, 12)])
@pytest.mark.parametrize("how", ["crop", "resize"])
def test_known_pixels_survive_the_round_trip(height, width, how):
    image, fit = make_image(height, width), Fit(how, 16)
    hole = np.zeros((16, 16, 1), bool)
    hole[4:9, 3:12] = True
    missing = fit.hole_to_image(hole, image.shape)
    assert missing.any() and (fit.hole_to_model(missing) >= hole).all()
    completed = RNG.uniform(-1, 1, (16, 16, 3)).astype(np.float32)
    result = fit.carry_back(image, completed, missing)
    assert result.dtype == np.uint8 and result.shape == image.shape
    np.testing.assert_array_equal(result[~missing], image[~missing])


def test_carried_back_colours():
    image, fit = make_image(20, 30), Fit("crop", 8)
    hole = np.zeros((20, 30), bool)
    hole[5:10, 10:20] = True
    flat = np.broadcast_to(np.float32([-1, 0.003, 1]), (8, 8, 3))
    result = fit.carry_back(image, flat, hole)
    np.testing.assert_array_equal(result[hole], np.broadcast_to(np.uint8([0, 128, 255]), (50, 3)))
    np.testing.assert_array_equal(
        fit.carry_back(image, np.rint((flat + 1) * 127.5).astype(np.uint8), hole), result
    )
    # uint8 at equal size: copied
    same = Fit("crop", 20).carry_back(image[:, :20], image[:, 5:25], hole[:, :20])
    np.testing.assert_array_equal(same[5:10, 10:20], image[5:10, 15:25])


def test_a_hole_outside_the_crop_is_refused():
    hole = np.zeros((8, 12), bool)
    hole[0, 0] = True
    with pytest.raises(InputError, match="use --fit=resize"):
        Fit("crop", 4).hole_to_model(hole)
    assert Fit("resize", 4).hole_to_model(hole).any()


@pytest.mark.parametrize(
    ("height", "width", "size"), [(50, 70, 16), (33, 33, 16), (12, 12, 16), (10, 23, 16)]
)
def test_nothing_in_the_hole_reaches_a_known_model_pixel(height, width, size):
    image, fit = make_image(height, width), Fit("resize", size)
    hole = np.zeros((height, width), bool)
    hole[3:7, 4:9] = True
    other = np.where(hole[..., None], np.uint8(255) - image, image)
    known = ~fit.hole_to_model(hole)[..., 0]
    np.testing.assert_array_equal(
        fit.to_model(image, hole)[known], fit.to_model(other, hole)[known]
    )
    assert (
        fit.to_model(image)[known] != fit.to_model(other)[known]
    ).any()  # plain Lanczos does leak
