"""LPIPS with networks that can be computed by hand.

``tests/runs/weights/test_imagenet.py`` tests the trained networks.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import metrics
from inpaint_jax.errors import InputError
from inpaint_jax.metrics import FeatureNetwork


def two_layers(scale, images):
    return {"one": scale * images, "two": images[:, ::2, ::2]}


HEADS = {"one": jnp.array([1.0, 2.0]), "two": jnp.array([0.5, 0.0])}
NETWORK = FeatureNetwork(jax.tree_util.Partial(two_layers, jnp.float32(3.0)), HEADS)


def vectors(*rows):
    """Build a 2 x 2 image with two channels from four pixels."""
    return np.array(rows, np.float32).reshape(1, 2, 2, 2)


A = vectors((3, 4), (1, 0), (0, 2), (0, 0))
B = vectors((6, 8), (0, 1), (0, 1), (0, 0))


def test_equation_1():
    """At unit length only the second pixel differs, by (1, -1): (1 + 2) / 4.

    The other layer sees the first pixel alone.
    """
    np.testing.assert_allclose(metrics.lpips(A, B, features=NETWORK), [3 / 4], rtol=1e-6)
    np.testing.assert_allclose(metrics.lpips(A, A, features=NETWORK), [0])
    turned = vectors((0, 5), (1, 0), (0, 2), (0, 0))  # against (0.6, 0.8): (-0.6, 0.2)
    expected = (0.36 + 2 * 0.04) / 4 + 0.5 * 0.36
    np.testing.assert_allclose(metrics.lpips(A, turned, features=NETWORK), [expected], rtol=1e-5)


def test_every_image_by_itself_and_under_transformations():
    images, others = np.concatenate([A, B, A]), np.concatenate([B, B, A])
    scores = metrics.lpips(images, others, features=NETWORK)
    np.testing.assert_allclose(scores, [3 / 4, 0, 0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        jax.jit(metrics.lpips)(images, others, features=NETWORK), scores, rtol=1e-6
    )
    gradient = jax.grad(lambda x: metrics.lpips(x, others, features=NETWORK).sum())(images)
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


def test_what_does_not_fit():
    with pytest.raises(InputError, match="shapes differ: prediction"):
        metrics.lpips(A, B[:, :1], features=NETWORK)
    with pytest.raises(InputError, match="the network has no three among one, two"):
        metrics.lpips(A, B, features=NETWORK._replace(heads={"three": jnp.ones(2)}))
