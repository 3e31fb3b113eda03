"""The terms of the energy of neural patch synthesis, against sums by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.losses.patches import patch_l2, total_variation

RNG = np.random.default_rng(0)


def test_patches():
    """Only those that count, relative to the squares of their matches;
    the scale of both does not matter.
    """
    ours, matched = (RNG.normal(size=(2, 5, 7)).astype(np.float32) for _ in range(2))
    weight = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], np.float32)
    found = patch_l2(ours, matched, weight)
    by_hand = np.square(ours - matched)[0, [0, 2]].sum() / np.square(matched)[0, [0, 2]].sum()
    np.testing.assert_allclose(found, [by_hand, 0.0], rtol=1e-5)
    np.testing.assert_allclose(patch_l2(8 * ours, 8 * matched, weight), found, rtol=1e-5)
    with pytest.raises(InputError, match=r"shapes differ: patch_weight \(2, 4\), patches \(2, 5\)"):
        patch_l2(ours, matched, weight[:, :4])


def test_total_variation():
    """One missing pixel among known ones: its four steps, by the three values of the pixel."""
    image = np.zeros((1, 4, 4, 3), np.float32)
    image[0, 1, 2] = [0.5, -0.25, 1.0]
    image[0, 3, 0] = 1.0  # a step between known pixels does not count
    hole = np.zeros((1, 4, 4, 1), np.float32)
    hole[0, 1, 2] = 1
    expected = 4 * (0.25 + 0.0625 + 1.0) / 3
    np.testing.assert_allclose(total_variation(image, hole), [expected], rtol=1e-6)
    assert total_variation(image, 0 * hole)[0] == 0
    # steps of 1 downwards, all missing
    column = jnp.broadcast_to(jnp.arange(4.0)[:, None, None], (1, 4, 4, 3))
    np.testing.assert_allclose(
        total_variation(column, jnp.ones((1, 4, 4, 1))), [12 / 16], rtol=1e-6
    )
