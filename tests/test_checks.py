"""What is checked at the doors: one line for what cannot be completed,
and a warning for what looks wrong.
"""

import warnings

import numpy as np
import pytest

from inpaint_jax import checks
from inpaint_jax.errors import InputError

HOLE = np.zeros((4, 4, 1), np.float32)
HOLE[:2] = 1
IMAGES = np.linspace(-1, 1, 2 * 4 * 4 * 3).reshape(2, 4, 4, 3)


def test_one_hole_for_all():
    images, holes, ids = checks.arrays(IMAGES, HOLE, None)
    assert images.dtype == holes.dtype == np.float32 and ids == ["0", "1"]
    np.testing.assert_array_equal(holes, [HOLE, HOLE])
    for kind in (bool, int):
        np.testing.assert_array_equal(checks.arrays(IMAGES, HOLE.astype(kind), None)[1], holes)


@pytest.mark.parametrize(
    "images, holes, ids, expected",
    [
        (IMAGES[0], HOLE, None, r"images must be \[B, H, W, C\].* got \(4, 4, 3\)"),
        (IMAGES, HOLE[:3], None, r"got \(2, 4, 4, 3\) and \(3, 4, 1\)"),
        (
            [IMAGES[0], IMAGES[1, :3]],
            HOLE,
            None,
            "images must be one array, or a list of arrays of one shape",
        ),
        (
            (127.5 * (IMAGES + 1)).astype(np.uint8),
            HOLE,
            None,
            r"float in \[-1, 1\], got uint8; compositing.from_uint8",
        ),
        (IMAGES, HOLE, ["a"], "one id per image: got 1 ids, 1 of them different, for 2"),
        (IMAGES, HOLE, ["a", "a"], "got 2 ids, 1 of them different, for 2"),
    ],
)
def test_arrays_that_are_refused(images, holes, ids, expected):
    with pytest.raises(InputError, match=expected) as caught:
        checks.arrays(images, holes, ids)
    assert "\n" not in str(caught.value)


def test_a_range_that_looks_wrong():
    for images, reach in (
        (IMAGES / 2 + 0.5, "0.253 to 1"),
        (IMAGES * 127.5 + 127.5, "64.4 to 255"),
    ):
        message = rf"no negative value .* reach from {reach}\): they must be in \[-1, 1\]"
        with pytest.warns(UserWarning, match=message) as caught:
            checks.arrays(images, HOLE, None)
        assert len(caught) == 1
    with warnings.catch_warnings():  # what lies in the hole does not count
        warnings.simplefilter("error")
        checks.arrays(IMAGES, HOLE, None)
        checks.arrays(np.zeros((0, 4, 4, 3)), HOLE, None)
        checks.arrays(0 * IMAGES, HOLE, None)
    inside = np.where(HOLE > 0, -1, 0.5) * np.ones((1, 4, 4, 3))
    with pytest.warns(UserWarning, match="no negative value outside their holes"):
        checks.arrays(inside, HOLE, None)


@pytest.mark.parametrize(
    "image, hole, expected",
    [
        (IMAGES[0], HOLE[:3], "must both be of one size"),
        (IMAGES[0], 255 * HOLE, r"a: a hole is 0 \(known\) or 1 \(missing\), got 255"),
        (IMAGES[0], 0.5 * HOLE, "a: a hole is 0 .* got 0.5"),
        (IMAGES[0], np.where(HOLE > 0, np.nan, 0), "a: a hole is 0 .* got nan"),
        (IMAGES[0], 0 * HOLE, "the hole is empty: no pixel is missing"),
        (IMAGES[0], 0 * HOLE + 1, "the hole is full: no pixel is known"),
        (np.full((4, 4, 3), np.nan), HOLE, "NaN or infinite pixels outside its hole"),
    ],
)
def test_images_that_are_refused(image, hole, expected):
    with pytest.raises(InputError, match=expected):
        checks.image("a", image, hole, size=None)


def test_what_lies_in_a_hole_does_not_count():
    checks.image("a", np.where(HOLE > 0, np.nan, IMAGES[0]), HOLE, size=4)
    with pytest.raises(InputError, match=r"must both be \(8, 8\)"):
        checks.image("a", IMAGES[0], HOLE, size=8)
