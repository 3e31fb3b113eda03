"""Grids and contact sheets, pixel by pixel."""

import numpy as np
import pytest

from inpaint_jax.compositing import to_uint8
from inpaint_jax.data import sheets


def test_grid_places_images_row_by_row():
    images = np.linspace(-1, 1, 5).reshape(5, 1, 1, 1) * np.ones((5, 2, 3, 1))
    image = sheets.grid(images)
    assert image.dtype == np.uint8 and image.shape == (2 * 2 + 2, 3 * 3 + 2 * 2, 3)
    np.testing.assert_array_equal(image[0, [0, 5, 10], 0], [0, 64, 128])
    # the sixth place is empty
    np.testing.assert_array_equal(image[4, [0, 5, 10], 0], [191, 255, 255])
    assert (image[2:4] == 255).all() and (image[:, 3:5] == 255).all()
    assert sheets.grid(images, columns=5).shape == (2, 5 * 3 + 4 * 2, 3)
    assert sheets.grid(images[:2], columns=5).shape == (2, 2 * 3 + 2, 3)


def test_contact_sheet_enlarges_without_smoothing():
    truth = np.random.default_rng(0).uniform(-1, 1, (2, 50, 64, 3))
    damaged = truth.copy()
    damaged[:, 10:20, 10:20] = 0
    sheet = sheets.contact_sheet({"damaged": damaged, "truth": truth})
    left, top = sheets.GAP, sheets.FONT_SIZE + 2 * sheets.MARGIN
    assert sheet.shape == (top + 2 * (2 * 50 + sheets.GAP), 2 * 2 * 64 + 3 * sheets.GAP, 3)
    first = sheet[top : top + 100, left : left + 128]
    np.testing.assert_array_equal(first[::2, ::2], to_uint8(damaged[0]))
    np.testing.assert_array_equal(first[1::2, 1::2], to_uint8(damaged[0]))
    assert (first[20:40, 20:40] == 128).all()
    second = sheet[top + 102 : top + 202, left + 130 : left + 258]
    np.testing.assert_array_equal(second[::2, ::2], to_uint8(truth[1]))
    assert sheet[:top].min() < 100  # titles


def test_contact_sheet_labels_rows_and_makes_room_for_titles():
    images = np.zeros((2, 8, 8, 1))
    plain = sheets.contact_sheet({"completed": images})
    labelled = sheets.contact_sheet({"completed": images}, ["center", "random"])
    assert labelled.shape[0] == plain.shape[0] and labelled.shape[1] > plain.shape[1] + 30
    long = sheets.contact_sheet({"the_best_of_eight_by_the_total_loss": images})
    assert long.shape[1] > plain.shape[1] and long.shape[0] == plain.shape[0]
    lines = sheets.contact_sheet({"the best of eight by the total loss": images})
    assert lines.shape[1] == plain.shape[1] and lines.shape[0] > plain.shape[0]
    top = len(lines) - 2 * (sheets.READABLE + sheets.GAP)
    assert lines[: top // 2].min() < 100 and lines[top // 2 : top].min() < 100


def test_titles_break_between_options():
    def broken(title, width=16):
        return sheets.wrapped(title, lambda text: len(text) <= width)

    assert broken("runs/faces?search=yeh:cpu,ensemble&slots=8") == [
        "runs/faces",
        "?search=yeh:cpu,",
        "ensemble&slots=8",
    ]
    assert broken("mean") == ["mean"] and broken("") == [""]
    assert broken("a_name_without_a_break?x=1") == ["a_name_without_a_break", "?x=1"]
    assert broken("/a_folder_at_the_root/x") == ["/a_folder_at_the_root", "/x"]


def test_contact_sheet_refuses_columns_of_different_lengths():
    images = np.zeros((2, 8, 8, 1))
    with pytest.raises(ValueError, match="'truth': 1"):
        sheets.contact_sheet({"damaged": images, "truth": images[:1]})
    with pytest.raises(ValueError, match="3 labels"):
        sheets.contact_sheet({"damaged": images}, ["a", "b", "c"])


def test_large_images_stay_as_they_are():
    sheet = sheets.contact_sheet({"t": np.zeros((1, 200, 200, 3))})
    assert sheet.shape[1] == 200 + 2 * sheets.GAP
