"""Windows around holes: positions, and the number of shapes."""

import numpy as np

from inpaint_jax.systems.parts.windows import Window, bucket, smaller_bucket, windows, with_margin

SIZES = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144]


def missing(height, width, *boxes):
    mask = np.zeros((height, width), bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def cut(mask, **options):
    return windows(mask, with_margin(mask.shape, **options))


def test_two_sizes_per_octave():
    assert sorted({bucket(side) for side in range(1, 6145)}) == SIZES
    assert all(side <= bucket(side) < max(65, 1.5 * side) for side in range(1, 6145))
    assert [smaller_bucket(side) for side in SIZES] == [0, *SIZES[:-1]]


def test_a_window_leaves_half_to_one_margin():
    """A box of 60 x 100 needs 260 x 300; the next smaller sizes, 160 x 200 at least, keep half."""
    mask = missing(500, 600, (200, 300, 260, 400))
    assert cut(mask) == [(Window(102, 222, 256, 256), Window(200, 300, 60, 100))]
    assert cut(mask, bucketed=False) == [(Window(100, 200, 260, 300), Window(200, 300, 60, 100))]


def test_a_window_moves_into_the_image():
    mask = missing(500, 600, (200, 10, 260, 110))
    assert cut(mask)[0][0] == Window(102, 0, 256, 256)


def test_near_holes_share_a_window_and_far_ones_do_not():
    near = cut(missing(800, 800, (100, 100, 110, 110), (130, 140, 135, 150)))
    assert [box for _, box in near] == [(100, 100, 35, 50)]
    far = cut(missing(800, 800, (100, 100, 110, 110), (700, 650, 705, 660)))
    assert [box for _, box in far] == [(100, 100, 10, 10), (700, 650, 5, 10)]


def test_a_small_image_is_mirrored_only_where_no_size_fits():
    mask = missing(50, 300, (10, 20, 20, 40))
    ((window, _),) = cut(mask)
    assert window == (-7, 0, 64, 128)
    image = np.arange(50 * 300).reshape(50, 300, 1)
    part = window.mirrored(image)
    np.testing.assert_array_equal(part[7:57], image[:, :128])
    np.testing.assert_array_equal(part[:7], image[6::-1, :128])
    np.testing.assert_array_equal(part[57:], image[:42:-1, :128])
    assert cut(mask, bucketed=False)[0][0] == (0, 0, 50, 148)
    ((window, _),) = cut(missing(100, 100, (40, 40, 60, 60)))
    assert window == (2, 2, 96, 96)
    ((window, _),) = cut(missing(100, 100, (0, 0, 100, 50)))
    assert window == (-14, 0, 128, 96)


def test_boxes_hold_all_holes_and_do_not_overlap():
    rng = np.random.default_rng(0)
    for _ in range(20):
        height, width = rng.integers(20, 400, 2)
        mask = np.zeros((height, width), bool)
        for row, column in zip(rng.integers(0, height, 6), rng.integers(0, width, 6), strict=True):
            mask[row : row + rng.integers(1, 40), column : column + rng.integers(1, 40)] = True
        count = np.zeros((height, width), int)
        for window, box in cut(mask, margin=0.5):
            assert window
            box.of(count)[...] += 1
            assert box.of(mask).shape == (box.height, box.width)
            assert window.top <= box.top and box.bottom <= window.bottom
            assert window.left <= box.left and box.right <= window.right
            assert {window.height, window.width} <= set(SIZES)
        assert count.max() == 1 and count[mask].all()


def test_a_thousand_images_of_any_size_have_few_shapes():
    """Boxes of 1 pixel to the whole side, images of 16 to 6,000 pixels: at most 14 x 14 shapes."""
    rng = np.random.default_rng(0)
    shapes = set()
    for height, width in (
        np.exp(rng.uniform(np.log(16), np.log(6000), (1000, 2))).astype(int).tolist()
    ):
        high, wide = (int(rng.integers(1, side + 1)) for side in (height, width))
        box = Window(
            int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1)), high, wide
        )
        window = with_margin((height, width))(box)
        assert window and box.inside(window).of(np.zeros(window[2:])).shape == (high, wide)
        shapes.add((window.height, window.width))
    assert {side for shape in shapes for side in shape} <= set(SIZES)
