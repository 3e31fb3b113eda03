"""What the page makes of uploads: images as they are, masks, strokes of the editor's size."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.completion.page import uploads
from inpaint_jax.data.originals import Original
from inpaint_jax.errors import InputError


def layer(shape, *boxes):
    painted = np.zeros((*shape, 4), np.uint8)
    for rows, columns in boxes:
        painted[rows, columns] = (236, 64, 122, 255)
    return {"background": None, "layers": [painted], "composite": None}


def test_small_images_are_enlarged_by_a_whole_number():
    image = Original(np.arange(32 * 24 * 3, dtype=np.uint8).reshape(32, 24, 3))
    copy = uploads.shown(image, None)
    assert copy.shape == (384, 288, 3)
    np.testing.assert_array_equal(copy[::12, ::12], image.pixels)
    hole = uploads.strokes(layer((384, 288), (slice(23, 37), slice(0, 1))), (32, 24))
    wanted = np.zeros((32, 24), bool)
    wanted[1:4, 0] = True  # rows 23 to 36 touch the pixels of rows 12-23, 24-35 and 36-47
    np.testing.assert_array_equal(hole, wanted)


def test_large_images_are_shrunk_and_strokes_enlarged():
    image = Original(np.zeros((1000, 4096, 3), np.uint8))
    assert uploads.shown(image, None).shape == (250, 1024, 3)
    hole = uploads.strokes(layer((250, 1024), (slice(10, 20), slice(100, 101))), (1000, 4096))
    assert hole.sum() == 40 * 4 and hole[40:80, 400:404].all()


def test_a_touch_of_a_stroke_is_missing():
    """Also where the rim of a brush is nearly transparent."""
    painted = layer((32, 32))
    painted["layers"][0][5, 6] = (236, 64, 122, 1)
    assert uploads.strokes(painted, (32, 32)).sum() == 1


def test_strokes_and_mask_grow_together():
    image = Original(np.zeros((32, 32, 3), np.uint8))
    mask = np.zeros((32, 32), bool)
    mask[20, 20] = True
    hole = uploads.hole_of(layer((32, 32), (slice(5, 6), slice(5, 6))), mask, image, grow=1)
    assert hole.sum() == 18 and hole[4:7, 4:7].all() and hole[19:22, 19:22].all()
    for painted, words in (
        (None, "nothing is missing yet"),
        (layer((32, 32), (slice(None), slice(None))), "everything"),
    ):
        with pytest.raises(InputError, match=words):
            uploads.hole_of(painted, None, image, grow=0)


def test_the_mask_is_seen_over_the_image():
    mask = np.zeros((384, 384), bool)
    mask[:10] = True
    copy = uploads.shown(Original(np.full((384, 384, 3), 100, np.uint8)), mask)
    assert (copy[10:] == 100).all() and (copy[:10] == np.rint(35 + 0.65 * uploads.MISSING)).all()


def test_masks_by_name_of_their_file(tmp_path):
    mask = np.zeros((8, 10), np.uint8)
    mask[2:4] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    path = str(tmp_path / "mask.png")
    np.testing.assert_array_equal(uploads.read_mask(path, (8, 10, 3), invert=False), mask > 0)
    np.testing.assert_array_equal(uploads.read_mask(path, (8, 10, 3), invert=True), mask == 0)
    with pytest.raises(InputError, match="^mask.png is 10x8, but the image is 8x10: save"):
        uploads.read_mask(path, (10, 8, 3), invert=False)
    (tmp_path / "mask.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="^cannot read mask.png") as caught:
        uploads.read_mask(path, (8, 10, 3), invert=False)
    assert str(tmp_path) not in str(caught.value)


def test_images_keep_what_their_file_holds(tmp_path):
    levels = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    Image.fromarray(levels).save(tmp_path / "deep.png")
    upload = uploads.read_upload(str(tmp_path / "deep.png"))
    assert (upload.file, upload.id) == ("deep.png", "deep") and (
        upload.image.pixels[..., 0] == levels
    ).all()
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(InputError, match="cannot read bad.jpg") as caught:
        uploads.read_upload(str(tmp_path / "bad.jpg"))
    assert str(tmp_path) not in str(caught.value)
