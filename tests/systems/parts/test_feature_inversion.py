"""Feature inversion, on maps whose inverse is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.networks.classified import ClassifierOutput
from inpaint_jax.systems.parts.feature_inversion import invert_features


def classify(images):
    """One layer that keeps every pixel, one that keeps the mean colour."""
    features = {"pixels": 3 * images, "colour": images.mean((1, 2), keepdims=True)}
    return ClassifierOutput(jnp.zeros((len(images), 2)), (), features)


def test_a_layer_gives_back_what_it_keeps():
    """All pixels from the first layer; from the second the mean,
    with the start's noise around it.
    """
    images = jax.random.uniform(jax.random.key(1), (2, 4, 4, 3), minval=-0.8, maxval=0.8)
    colour, pixels = invert_features(
        jax.random.key(0), classify, images, layers=("colour", "pixels")
    )
    np.testing.assert_allclose(pixels, images, atol=0.01)
    np.testing.assert_allclose(colour.mean((1, 2)), images.mean((1, 2)), atol=0.01)
    assert (
        jnp.abs(colour - colour.mean((1, 2), keepdims=True)).max()
        < 0.2
        < jnp.abs(colour - images).max()
    )


def test_an_unknown_layer():
    with pytest.raises(InputError, match="unknown layer '3b'; known: colour, pixels"):
        invert_features(jax.random.key(0), classify, jnp.zeros((1, 4, 4, 3)), layers=("3b",))
