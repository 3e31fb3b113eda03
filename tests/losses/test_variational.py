"""KL divergence of a Gaussian latent: A-L3 and A-L7 of the specification."""

import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.losses import objective
from inpaint_jax.losses.variational import gaussian_kl
from inpaint_jax.runs import configuration


@pytest.mark.parametrize(
    "mean, log_variance, expected", [(1, 0, 0.5), (0, np.log(4), 0.8068528), (1, np.log(4), 1.3068528), (0, 0, 0)]
)
def test_by_hand(mean, log_variance, expected):
    found = gaussian_kl(jnp.full((2, 1), float(mean)), jnp.full((2, 1), float(log_variance)))
    np.testing.assert_allclose(found, [expected] * 2, rtol=1e-6)


def test_the_latent_is_summed():
    mean, log_variance = jnp.asarray([[1.0, 0.0, 1.0]]), jnp.asarray([[0.0, np.log(4), np.log(4)]])
    np.testing.assert_allclose(gaussian_kl(mean, log_variance), [0.5 + 0.8068528 + 1.3068528], rtol=1e-6)


def test_the_authors_share_of_the_loss():
    """A-L7: 0.1 KL / (B 12288), summed over the batch.

    It equals the batch mean of our loss times the weight in the config.
    """
    config = configuration.to_plain(configuration.load("configs/desai_vae.py:paper"))
    weighted = {"divergence": config["stages"]["vae"]["losses"]["divergence"]}
    total, parts = objective(weighted)({"mean": jnp.ones((2, 4)), "log_variance": jnp.zeros((2, 4))})
    np.testing.assert_allclose(total, 1.6276042e-5, rtol=1e-6)
    np.testing.assert_array_equal(parts["divergence"], [2.0, 2.0])


def test_the_squared_error_is_that_of_the_unit_range():
    """An error of 0.1 on [0, 1] is 0.2 on [-1, 1], and 0.01 in the authors' loss."""
    config = configuration.to_plain(configuration.load("configs/desai_vae.py:paper"))
    weighted = {"reconstruction": config["stages"]["vae"]["losses"]["reconstruction"]}
    images = jnp.zeros((2, 4, 4, 3))
    total, _ = objective(weighted)({"prediction": images + 0.2, "target": images})
    np.testing.assert_allclose(total, 0.01, rtol=1e-6)


def test_shapes_that_differ():
    with pytest.raises(ValueError, match=r"mean .*log_variance"):
        gaussian_kl(jnp.zeros((2, 3)), jnp.zeros((2, 4)))
