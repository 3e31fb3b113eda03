"""Rotations and shifts of images, against pixels moved by hand."""

import jax
import numpy as np
import pytest

from inpaint_jax.systems.parts.augmentation import draw_moves, moved

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "move, expected",
    [
        ((0, 0, 0), lambda x: x),
        ((0, 0.25, 0), lambda x: np.concatenate([x[:1], x[:1], x[:-2]])),
        ((0, 0, -0.125), lambda x: np.concatenate([x[:, 1:], x[:, -1:]], axis=1)),
        ((np.pi / 2, 0, 0), lambda x: np.rot90(x, -1)),
        ((np.pi, 0, 0), lambda x: x[::-1, ::-1]),
    ],
)
def test_moves(move, expected):
    image = RNG.uniform(-1, 1, (8, 8, 3)).astype(np.float32)
    its = moved(image[None], np.array([move], np.float32))[0]
    np.testing.assert_allclose(its, expected(image), atol=1e-5)


def test_each_image_has_its_own_move():
    images = RNG.uniform(-1, 1, (3, 8, 8, 1)).astype(np.float32)
    moves = np.array([[0, 0, 0], [np.pi, 0, 0], [0, 0.5, 0]], np.float32)
    together = moved(images, moves)
    for i in range(3):
        np.testing.assert_allclose(
            together[i], moved(images[i : i + 1], moves[i : i + 1])[0], atol=1e-6
        )


def test_draws_stay_within_their_bounds():
    moves = np.asarray(draw_moves(jax.random.key(0), 2000, rotation=20.0, shift=0.1))
    assert moves.shape == (2000, 3)
    largest = np.abs(moves).max(0)
    assert (largest <= [np.deg2rad(20), 0.1, 0.1]).all() and (largest > [0.33, 0.099, 0.099]).all()
    np.testing.assert_allclose(moves.mean(0), 0, atol=0.02)
