"""Patches of maps, their matches, and what is put in their way:
coarser images, and holes filled from around.
"""

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts.feature_patches import copies, cut, matches, touching
from inpaint_jax.systems.parts.reduced import reduced, reducing
from inpaint_jax.systems.parts.surroundings import surrounded

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(7, 6, 4)).astype(np.float32)


def test_cut():
    for stride, count in ((1, 5 * 4), (2, 3 * 2)):
        found = cut(MAPS, 3, stride)
        by_hand = [
            MAPS[i : i + 3, j : j + 3].ravel()
            for i in range(0, 5, stride)
            for j in range(0, 4, stride)
        ]
        assert len(found) == count
        np.testing.assert_array_equal(found, by_hand)


def test_touching():
    """A pixel of an image of 14 x 12 belongs to one position of a map of 7 x 6,
    and to the patches that have it.
    """
    mask = np.zeros((14, 12), np.float32)
    mask[5, 11] = 1
    marked = np.argwhere(np.asarray(touching(mask, (7, 6), 3)).reshape(5, 4))
    np.testing.assert_array_equal(marked, [[0, 3], [1, 3], [2, 3]])
    # the last row of an odd image has no position
    assert touching(mask[:13, :12], (6, 6), 3).shape == (4 * 4,)


def test_matches():
    """The source of the greatest correlation, whatever its length, among those that are known."""
    images = RNG.normal(size=(2, 6, 6, 2)).astype(np.float32)
    known = np.ones((2, 6, 6), np.float32)
    known[0, 2, 3] = known[1, :2] = 0
    targets = np.asarray(cut(RNG.normal(size=(5, 5, 2)).astype(np.float32), 3))
    found = matches(targets, images, known, lambda image: 3.0 * image, side=3)
    sources = [
        (3.0 * image[i : i + 3, j : j + 3].ravel())
        for image, mask in zip(images, known, strict=True)
        for i in range(4)
        for j in range(4)
        if mask[i : i + 3, j : j + 3].all()
    ]
    unit = np.stack(sources) / np.linalg.norm(sources, axis=1, keepdims=True)
    np.testing.assert_allclose(found, np.stack(sources)[(targets @ unit.T).argmax(1)], rtol=1e-6)
    nothing = matches(targets, images, 0 * known, lambda image: image, side=3)  # all are sources
    everything = matches(targets, images, 0 * known + 1, lambda image: image, side=3)
    np.testing.assert_array_equal(nothing, everything)


def test_copies():
    """Three angles by three scales; what a copy shows beyond the image is not known."""
    image = RNG.normal(size=(8, 8, 3)).astype(np.float32)
    stack, known = copies(image, np.ones((8, 8), np.float32), rotations=1, scales=1)
    assert stack.shape == (9, 8, 8, 3)
    np.testing.assert_array_equal(stack[0], image)
    assert known[0].all() and not known[1:].all((1, 2)).all()
    assert len(copies(image, np.ones((8, 8), np.float32), rotations=0, scales=0)[0]) == 1


def test_surroundings():
    """Rows 2 to 5 of 8 from rows 0, 1 and 6, 7; at the top edge from below;
    without either from the guess.
    """
    rows = jnp.broadcast_to(jnp.arange(8.0)[:, None, None], (1, 8, 2, 1))
    hole = np.zeros((1, 8, 2, 1), np.float32)
    hole[0, 2:6, 0] = 1
    guess = -jnp.ones_like(rows)
    np.testing.assert_array_equal(
        surrounded(rows, hole, guess)[0, :, 0, 0], [0, 1, 0, 1, 6, 7, 6, 7]
    )
    np.testing.assert_array_equal(surrounded(rows, hole, guess)[0, :, 1, 0], np.arange(8))
    top = np.roll(hole, -2, 1)
    np.testing.assert_array_equal(
        surrounded(rows, top, guess)[0, :, 0, 0], [4, 5, 4, 5, 4, 5, 6, 7]
    )
    column = np.zeros_like(hole)
    column[:, :, 0] = 1
    np.testing.assert_array_equal(surrounded(rows, column, guess)[0, :, 0, 0], -np.ones(8))


def test_reduced():
    """Nothing comes from the hole, and a hole along the blocks stays one."""
    image = RNG.uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
    hole = np.zeros((1, 16, 16, 1), np.float32)
    hole[:, 4:12, 4:12] = 1
    small, missing = reduced(image, hole, (8, 8))
    np.testing.assert_array_equal(missing[0, :, 4, 0], [0, 0, 1, 1, 1, 1, 0, 0])
    other, _ = reduced(np.where(hole > 0.5, np.float32(0.3), image), hole, (8, 8))
    np.testing.assert_array_equal(small, other)
    flat, _ = reduced(np.full_like(image, 0.25), hole, (8, 8))
    np.testing.assert_allclose(
        flat, np.where(missing > 0.5, 0, np.full((1, 8, 8, 3), 0.25)), atol=1e-6
    )
    np.testing.assert_allclose(
        reduced(image, 0 * hole, (8, 8))[0],
        jax.image.resize(image, (1, 8, 8, 3), "linear"),
        atol=1e-5,
    )


def test_a_stage_of_coarser_images():
    def seen(*given, **_):
        return next(value["image"].shape for value in given if isinstance(value, dict))

    stage = reducing(Stage("s", seen, seen, validate=seen), 8)
    batch = {"image": np.zeros((2, 16, 16, 3), np.float32)}
    assert stage.init(None, batch, {}) == stage.step(None, batch, {}) == (2, 8, 8, 3)
    assert stage.validate and stage.validate(None, batch, None, {}) == (2, 8, 8, 3)
