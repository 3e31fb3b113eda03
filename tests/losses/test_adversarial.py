import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.losses.adversarial import (
    discriminator_bce,
    discriminator_least_squares,
    generator_least_squares,
    generator_nonsaturating,
    generator_saturating,
    score_matching,
)


def test_binary_cross_entropy():
    real, fake = jnp.array([0.0, 2.0]), jnp.array([0.0, -1.0])
    np.testing.assert_allclose(discriminator_bce(real, fake), [1.3862944, 0.4401897], rtol=1e-6)
    np.testing.assert_allclose(generator_nonsaturating(fake), [0.6931472, 1.3132617], rtol=1e-6)
    np.testing.assert_allclose(generator_saturating(fake), [-0.6931472, -0.3132617], rtol=1e-6)


def test_least_squares():
    real, fake = jnp.array([0.8]), jnp.array([0.3])
    np.testing.assert_allclose(discriminator_least_squares(real, fake), [0.065], rtol=1e-6)
    np.testing.assert_allclose(generator_least_squares(fake), [0.245], rtol=1e-6)
    # the coding -1, 1, 0 of Mao et al.
    swapped = discriminator_least_squares(real, fake, real_target=1.0, fake_target=-1.0)
    np.testing.assert_allclose(swapped, [0.02 + 0.845], rtol=1e-6)
    np.testing.assert_allclose(generator_least_squares(fake, real_target=0.0), [0.045], rtol=1e-6)


@pytest.mark.parametrize("logit", [-100.0, 100.0])
def test_finite_where_the_sigmoid_is_not(logit):
    logits = jnp.full(2, logit)
    for loss in (generator_nonsaturating, generator_saturating, lambda x: discriminator_bce(-x, x)):
        assert jnp.isfinite(loss(logits)).all()
        assert jnp.isfinite(jax.grad(lambda x, loss=loss: loss(x).sum())(logits)).all()
    np.testing.assert_allclose(generator_nonsaturating(logits), [max(-logit, 0)] * 2, atol=1e-6)


def test_saturating_has_no_gradient_where_the_discriminator_is_sure():
    def gradient(loss):
        return float(jax.grad(lambda x: loss(x).sum())(jnp.array([-20.0]))[0])

    assert abs(gradient(generator_saturating)) < 1e-8
    np.testing.assert_allclose(gradient(generator_nonsaturating), -1.0, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2, 2, 1)])
def test_logits_of_an_image_or_of_its_patches(shape):
    logits = jnp.arange(3.0 * np.prod(shape[1:])).reshape(shape) - 2.0
    expected = np.log1p(np.exp(-np.asarray(logits))).reshape(3, -1).mean(1)
    np.testing.assert_allclose(generator_nonsaturating(logits), expected, rtol=1e-6)
    assert discriminator_bce(logits, logits).shape == (3,)


def test_scores_that_match():
    """(1 - 3)^2 and (2 - 2)^2 of two patches: 2 on average."""
    fake, real = (
        jnp.array([1.0, 2.0]).reshape(1, 1, 2, 1),
        jnp.array([3.0, 2.0]).reshape(1, 1, 2, 1),
    )
    np.testing.assert_allclose(score_matching(fake, real), [2.0], rtol=1e-6)
