"""Images at several scales, against what bilinear interpolation between corners must give."""

import jax.numpy as jnp
import numpy as np

from inpaint_jax.systems.pluralistic.pyramid import pyramid, scaled


def test_a_ramp_stays_a_ramp():
    """From corner to corner, along both axes."""
    y, x = np.mgrid[:9, :9] / 8
    image = jnp.asarray(np.stack([y, x], -1)[None], jnp.float32)
    y, x = np.mgrid[:4, :4] / 3
    np.testing.assert_allclose(scaled(image, 4), np.stack([y, x], -1)[None], atol=1e-6)


def test_three_scales():
    """Of 8, 4 and 2 pixels; the smallest has the corners."""
    image = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)), jnp.float32)
    small, middle, same = pyramid(image, 3)
    np.testing.assert_array_equal(same, image)
    np.testing.assert_allclose(small, image[:, ::7, ::7], atol=1e-6)
    at = 7 / 3  # the second point of four
    row = (1 - (at - 2)) * image[:, 2, 0] + (at - 2) * image[:, 3, 0]
    np.testing.assert_allclose(middle[:, 1, 0], row, atol=1e-6)
