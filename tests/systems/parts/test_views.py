"""The order of images in a validation."""

import jax.numpy as jnp
import numpy as np

from inpaint_jax.systems.parts.views import SHOWN, rows


def test_everything_of_an_image_is_next_to_each_other():
    numbers = jnp.arange(3.0)[:, None, None, None] * jnp.ones((3, 2, 4, 1))
    np.testing.assert_array_equal(rows(numbers, numbers + 10)[:, 0, 0, 0], [0, 10, 1, 11, 2, 12])
    assert rows(numbers, numbers, numbers).shape == (9, 2, 4, 1)


def test_the_first_images_only():
    many = jnp.arange(SHOWN + 5.0)[:, None, None, None]
    np.testing.assert_array_equal(rows(many)[:, 0, 0, 0], np.arange(SHOWN))
