"""Squares around holes, against NumPy slices and JAX's own resizing of the slices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.systems.parts.crops import at_hole, square_around

RNG = np.random.default_rng(0)
crop = jax.jit(at_hole, static_argnums=2)


def holes(*boxes, size=64):
    """Make rectangles ``(top, left, height, width)``, one per image."""
    made = np.zeros((len(boxes), size, size, 1), np.float32)
    for hole, (top, left, height, width) in zip(made, boxes, strict=True):
        hole[top : top + height, left : left + width] = 1
    return made


def make_images(count, size=64):
    return RNG.uniform(-1, 1, (count, size, size, 3)).astype(np.float32)


def test_four_holes_in_one_batch():
    """Squares of the target side are copied bit for bit: inside, at corners, around thin holes."""
    images = make_images(4)
    seen = np.asarray(
        crop(images, holes((20, 7, 16, 16), (0, 48, 16, 16), (48, 48, 16, 16), (30, 30, 4, 16)), 16)
    )
    for its, image, (top, left) in zip(
        seen, images, ((20, 7), (0, 48), (48, 48), (24, 30)), strict=True
    ):
        np.testing.assert_array_equal(its, image[top : top + 16, left : left + 16])


@pytest.mark.parametrize("side", [4, 9, 15, 16, 22, 32])
def test_other_sizes(side):
    """Resizing equals that of the slice; pixels around the slice do not count."""
    images, places = make_images(3), [(0, 0), (64 - side, 5), (11, 64 - side)]
    seen = np.asarray(crop(images, holes(*((top, left, side, side) for top, left in places)), 16))
    for its, image, (top, left) in zip(seen, images, places, strict=True):
        square = image[top : top + side, left : left + side]
        np.testing.assert_allclose(
            its, jax.image.resize(square, (16, 16, 3), "bilinear"), atol=1e-6
        )


@pytest.mark.parametrize(
    "box, square",
    [
        ((10, 10, 4, 8), (8, 10, 8)),
        ((10, 10, 8, 4), (10, 8, 8)),
        ((0, 30, 2, 12), (0, 30, 12)),  # would begin above the image
        ((61, 3, 3, 9), (55, 3, 9)),
        ((5, 62, 20, 2), (5, 44, 20)),
        ((0, 0, 64, 64), (0, 0, 64)),
        ((0, 10, 64, 1), (0, 0, 64)),
        ((0, 0, 0, 0), (0, 0, 64)),  # no hole
        ((7, 9, 1, 1), (7, 9, 1)),
    ],
)
def test_the_square(box, square):
    assert tuple(map(int, jax.jit(square_around)(holes(box)[0]))) == square


def test_a_hole_of_two_parts():
    """The square spans the first to the last missing pixel; known values are at most 0.5."""
    hole = holes((10, 10, 2, 2), size=32)[0]
    hole[20, 15], hole[31, 31] = 1, 0.5
    assert tuple(map(int, square_around(jnp.asarray(hole)))) == (10, 8, 11)


def test_vmap_and_gradient():
    """A single example gives the same result; the gradient covers only the square's pixels."""
    images, hole = make_images(2, size=16), holes((2, 3, 4, 4), (8, 8, 8, 8), size=16)
    alone = jax.jit(jax.vmap(lambda image, hole: at_hole(image[None], hole[None], 4)[0]))(
        images, hole
    )
    np.testing.assert_allclose(alone, crop(images, hole, 4), atol=1e-6)
    pulled = np.asarray(jax.jit(jax.grad(lambda images: at_hole(images, hole, 4).sum()))(images))
    np.testing.assert_array_equal(pulled[0], np.broadcast_to(hole[0], (16, 16, 3)))
    np.testing.assert_array_equal(pulled[1] > 0, np.broadcast_to(hole[1] > 0, (16, 16, 3)))
    np.testing.assert_allclose(pulled.sum((1, 2)), 16, rtol=1e-5)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="hole must have the shape"):
        at_hole(jnp.zeros((2, 8, 8, 3)), jnp.zeros((2, 8, 4, 1)), 4)
