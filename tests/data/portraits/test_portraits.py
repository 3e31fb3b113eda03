"""The built-in portraits: equal everywhere, at every size, in splits that share nothing."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.portraits import Portraits, draw_portrait, paint_face
from inpaint_jax.data.portraits.face import STYLES, draw_face
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError


def middle_face():
    """Return the face with every number in the middle of its range: it looks straight ahead."""
    return draw_face(iter([0.5] * 128))


def shrink(image, side):
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX))


def test_pixels_never_change():
    """Frozen: published images and the demo depend on these bytes."""
    images = [draw_portrait(number, 64)[0] for number in range(24)]
    assert hashlib.sha256(np.stack(images).tobytes()).hexdigest()[:16] == "d0cc94d6098a493f"


def test_the_line_that_names_them():
    source = open_source("portraits?split=test&start=2&count=3", size=8)
    image, label = draw_portrait((2 << 40) + 2, 8)
    np.testing.assert_array_equal(source[0]["image"], image)
    assert source[0]["label"] == label and source[0]["id"] == "test-000002"
    with pytest.raises(
        InputError, match="portraits have no split 'valid'; known: train, val, test"
    ):
        Portraits(size=8, split="valid")


def test_splits_share_no_image():
    images = {
        split: Portraits(size=16, split=split, count=20) for split in ("train", "val", "test")
    }
    drawn = {
        split: {source[i]["image"].tobytes() for i in range(20)} for split, source in images.items()
    }
    assert len(set.union(*drawn.values())) == 60
    assert {split: len(Portraits(size=8, split=split)) for split in drawn} == {
        "train": 5000,
        "val": 500,
        "test": 500,
    }


@pytest.mark.parametrize("size", [1, 7, 32, 48, 130])
def test_any_size(size):
    image, _ = draw_portrait(5, size)
    assert image.shape == (size, size, 3) and image.dtype == np.uint8


def test_sizes_show_the_same_face():
    """Images of 32, 64 and 128 pixels are averages of one grid; larger images have finer edges."""
    for number in range(6):
        full = draw_portrait(number, 128)[0]
        for side in (32, 64):
            assert (
                np.abs(draw_portrait(number, side)[0] - shrink(full, side).astype(float)).max() <= 1
            )
        fine = shrink(draw_portrait(number, 256)[0], 128).astype(float)
        assert np.abs(full - fine).mean() < 1.5  # in 0..255; two portraits differ by 40 or more


def test_extreme_faces_are_painted():
    """Every parameter at either end of its range; a division by zero warns and so fails."""
    generator = np.random.default_rng(0)
    for _ in range(25):
        face = draw_face(iter(generator.choice([0.0, 0.999999], 128).tolist()))
        for style in STYLES:
            paint_face(face._replace(hair=face.hair._replace(style=style), glasses=True), 4)
    draw_portrait(3339, 8)  # this portrait divided by zero


def test_labels_name_hair_and_glasses():
    labels = [draw_portrait(number, 1)[1] for number in range(150)]
    assert (
        sorted(set(labels)) == list(range(len(Portraits.classes))) == list(range(2 * len(STYLES)))
    )
    face = middle_face()
    for style in STYLES:
        for glasses in (False, True):
            its = face._replace(hair=face.hair._replace(style=style), glasses=glasses)
            assert Portraits.classes[its.label] == style + ("_glasses" if glasses else "")


def test_levels_are_used():
    """Images are neither overexposed nor black."""
    levels = np.stack([draw_portrait(number, 32)[0] for number in range(40)])
    assert 110 < levels.mean() < 190
    assert np.percentile(levels, 1) < 50 and np.percentile(levels, 99) > 225
    assert (levels == 255).mean() < 0.01


def test_a_face_mirrors():
    """Straight ahead, under light from the middle, a face is left-right symmetric."""
    face = middle_face()
    pose = face.pose._replace(x=0.5, lean=0.0, turn=0.0)
    light = face.light._replace(x=0.0)
    hair = face.hair._replace(style="long", part=0.0)
    eyes = face.eyes._replace(gaze_x=0.0)
    wall = (face.wall[0], face.wall[0])
    for glasses in (False, True):
        its = face._replace(
            pose=pose, light=light, hair=hair, eyes=eyes, wall=wall, glasses=glasses
        )
        image = paint_face(its, 64).astype(int)
        uneven = np.abs(image - image[:, ::-1]).max(axis=2)
        glare = 0.05 if glasses else 0.01  # a lens shines on one side
        assert (uneven > 12).mean() < glare


def test_features_move_with_the_head():
    """A turn to the right moves the dark of the eyes as far as the face's surface at that point."""
    face = middle_face()._replace(glasses=False)
    face = face._replace(hair=face.hair._replace(style="bald", beard=0.0))
    found = []
    for turn in (-0.3, 0.0, 0.3):
        image = paint_face(face._replace(pose=face.pose._replace(turn=turn)), 128).sum(axis=2)
        rows, columns = np.nonzero(image[50:75] < 150)
        found.append(columns.mean())
    assert found[0] < found[1] - 5 and found[1] + 5 < found[2]


@pytest.mark.parametrize("side", [-0.5, 0.5])
def test_light_falls_from_its_side(side):
    face = middle_face()._replace(glasses=False)
    face = face._replace(
        hair=face.hair._replace(style="bald", beard=0.0), light=face.light._replace(x=side)
    )
    image = paint_face(face, 64)[30:40].astype(float).mean(axis=(0, 2))
    left, right = image[18:26].mean(), image[38:46].mean()
    assert (right - left) * np.sign(side) > 20
