"""KL divergence of a Gaussian latent: A-L3 and A-L7 of the specification."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.losses import objective
from inpaint_jax.losses.variational import gaussian_kl, gaussian_kl_between
from inpaint_jax.runs import configuration


@pytest.mark.parametrize(
    "mean, log_variance, expected",
    [(1, 0, 0.5), (0, np.log(4), 0.8068528), (1, np.log(4), 1.3068528), (0, 0, 0)],
)
def test_by_hand(mean, log_variance, expected):
    found = gaussian_kl(jnp.full((2, 1), float(mean)), jnp.full((2, 1), float(log_variance)))
    np.testing.assert_allclose(found, [expected] * 2, rtol=1e-6)


def test_the_latent_is_summed():
    mean, log_variance = jnp.asarray([[1.0, 0.0, 1.0]]), jnp.asarray([[0.0, np.log(4), np.log(4)]])
    np.testing.assert_allclose(
        gaussian_kl(mean, log_variance), [0.5 + 0.8068528 + 1.3068528], rtol=1e-6
    )


def test_the_authors_share_of_the_loss():
    """A-L7: 0.1 KL / (B 12288), summed over the batch.

    It equals the batch mean of our loss times the weight in the config.
    """
    config = configuration.to_plain(configuration.load("configs/desai_vae.py:paper"))
    weighted = {"divergence": config["stages"]["vae"]["losses"]["divergence"]}
    total, parts = objective(weighted)(
        {"mean": jnp.ones((2, 4)), "log_variance": jnp.zeros((2, 4))}
    )
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


def test_the_divergence_of_two_gaussians():
    """Against the integral of p log(p / q) of every value of the latent, in NumPy."""
    rng = np.random.default_rng(0)
    means, deviations = rng.normal(size=(2, 2, 3)), rng.uniform(0.5, 2, (2, 2, 3))
    x = np.linspace(-30, 30, 200_001)

    def log_density(mean, deviation):
        return -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))

    def divergence(i, j):
        p, q = (log_density(means[n, i, j], deviations[n, i, j]) for n in (0, 1))
        return (np.exp(p) * (p - q)).sum() * (x[1] - x[0])

    expected = [np.mean([divergence(i, j) for j in range(3)]) for i in range(2)]
    arguments = [jnp.asarray(a, jnp.float32) for n in (0, 1) for a in (means[n], deviations[n])]
    np.testing.assert_allclose(gaussian_kl_between(*arguments), expected, rtol=1e-5)
    np.testing.assert_allclose(
        gaussian_kl_between(*arguments[:2], *arguments[:2]), [0, 0], atol=1e-6
    )


def test_a_frozen_gaussian_learns_nothing():
    arguments = jnp.ones((1, 2)), jnp.full((1, 2), 0.5), jnp.zeros((1, 2)), jnp.ones((1, 2))

    def slopes(frozen):
        loss = lambda *values: gaussian_kl_between(*values, frozen=frozen).sum()  # noqa: E731
        return [bool(slope.any()) for slope in jax.grad(loss, argnums=(0, 1, 2, 3))(*arguments)]

    assert slopes(False) == [True] * 4 and slopes(True) == [False, False, True, True]
