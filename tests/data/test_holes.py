"""Holes from files: white is missing, and a file without an image is reported."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.holes import HoleFiles, read_hole
from inpaint_jax.errors import InputError


@pytest.fixture
def save(tmp_path):
    def write(name, *, size=(6, 8), column=2):
        """Write a hole of one column; ``size`` is (height, width)."""
        pixels = np.zeros(size, np.uint8)
        pixels[:, column] = 255
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name)
        return tmp_path / name

    return write


def column_of(hole):
    return int(np.flatnonzero(hole.any(axis=0))[0])


def test_threshold(tmp_path):
    Image.fromarray(np.array([[0, 127, 128, 255]], np.uint8)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_hole(tmp_path / "a.png"), [[False, False, True, True]])
    Image.fromarray(np.array([[False, True]])).save(tmp_path / "b.png")
    np.testing.assert_array_equal(read_hole(tmp_path / "b.png"), [[False, True]])


def test_a_full_hole_is_refused_and_an_empty_one_is_empty(tmp_path):
    Image.fromarray(np.full((2, 2), 255, np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="a.png has no known pixel"):
        read_hole(tmp_path / "a.png")
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "a.png")
    assert not read_hole(tmp_path / "a.png").any()


def test_one_file_serves_all(save):
    holes = HoleFiles(save("hole.png"), ["a", "b/c"])
    for name in ("a", "b/c"):
        hole = holes.at_image(name, (6, 8, 3), Fit("resize", 4))
        assert hole.shape == (6, 8) and hole.dtype == bool and column_of(hole) == 2


def test_a_folder_is_matched_by_id_then_by_stem(save, tmp_path):
    save("a/1.png", column=0), save("b/1.png", column=1), save("c/2.png", column=2)
    holes = HoleFiles(tmp_path, ["b/1", "a/1"])
    assert [
        column_of(holes.at_image(name, (6, 8), Fit("resize", 4))) for name in ("b/1", "a/1")
    ] == [1, 0]
    by_stem = HoleFiles(tmp_path / "c", ["deep/folder/2"])
    assert column_of(by_stem.at_image("deep/folder/2", (6, 8), Fit("resize", 4))) == 2


def test_a_folder_without_common_names_is_refused(save, tmp_path):
    for k in range(2):
        save(f"mask{k}.png", column=k)
    holes = HoleFiles(tmp_path, ["x", "a"])
    with pytest.raises(
        InputError,
        match=r"no hole for 2 images .x, a. of 2, and 2 hole files .mask0.png, mask1.png.",
    ):
        holes.check()
    with pytest.raises(InputError, match="image 'x' has no hole file of its name"):
        holes.at_image("x", (6, 8), Fit("resize", 4))


def test_images_without_holes_are_named(save, tmp_path):
    save("holes/a.png")
    with pytest.raises(InputError, match="no hole for 2 images .b, c. of 3"):
        HoleFiles(tmp_path / "holes", ["a", "b", "c"]).check()
    with pytest.raises(InputError, match="no such file or folder of holes"):
        HoleFiles(tmp_path / "none", ["a"])


def test_sizes(save):
    holes = HoleFiles(save("hole.png", size=(4, 4)), ["a"])
    fit = Fit("crop", 4)
    np.testing.assert_array_equal(holes.at_model("a", (8, 12), fit)[..., 0], [[0, 0, 1, 0]] * 4)
    expected = np.zeros((8, 12), bool)
    expected[:, 6:8] = True
    np.testing.assert_array_equal(holes.at_image("a", (8, 12), fit), expected)
    with pytest.raises(
        InputError, match=r"hole.png is 4x4, but image 'a' is 12x8; .* or at the model's, 5x5"
    ):
        holes.at_model("a", (8, 12), Fit("crop", 5))


def test_hole_of_the_image_outside_the_crop(save):
    holes = HoleFiles(save("hole.png", size=(8, 12), column=0), ["a"])
    assert holes.at_model("a", (8, 12), Fit("resize", 4)).shape == (4, 4, 1)
    with pytest.raises(InputError, match="--fit=resize"):
        holes.at_model("a", (8, 12), Fit("crop", 4))


def test_images_draw_from_a_set_of_holes_by_their_ids(save, tmp_path):
    """The hole depends on id and seed, not on names or other images, and has the model's size."""
    for column in range(4):
        save(f"set/{column}.png", size=(8, 8), column=2 * column + 1)
    fit, names = Fit("crop", 4), [f"face_{i}" for i in range(40)]
    holes = HoleFiles(tmp_path / "set", names, draw=0)
    holes.check()
    found = {name: column_of(holes.at_model(name, (20, 10), fit)[..., 0]) for name in names}
    assert set(found.values()) == {0, 1, 2, 3}
    alone = HoleFiles(tmp_path / "set", ["face_7"], draw=0)
    assert column_of(alone.at_model("face_7", (20, 10), fit)[..., 0]) == found["face_7"]
    others = HoleFiles(tmp_path / "set", names, draw=1)
    assert {
        name: column_of(others.at_model(name, (20, 10), fit)[..., 0]) for name in names
    } != found
    assert holes.at_image("face_7", (16, 24), Fit("whole", None)).shape == (16, 24)
