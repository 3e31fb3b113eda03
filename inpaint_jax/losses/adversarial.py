"""Adversarial losses. Discriminators return logits; these losses apply the sigmoid.

Logits are ``[B]``, ``[B, 1]``, or ``[B, h, w, 1]`` for a patch discriminator, whose losses are
averaged over the patches. The binary cross-entropies are in nats and finite for any finite logit.
At logit 0 the discriminator's is 2 ln 2 and the non-saturating generator's ln 2.
"""

import jax
import jax.numpy as jnp

from inpaint_jax.types import PerExample, check_float


def discriminator_bce(real_logits: jax.Array, fake_logits: jax.Array) -> PerExample:
    """Sum of the binary cross-entropies of real and generated images (Goodfellow et al., eq. 1).

    Args:
      real_logits: logits of real images, ``[B]``, ``[B, 1]`` or ``[B, h, w, 1]``.
      fake_logits: logits of generated images, same shapes.

    Returns:
      ``[B]``, ``-log D(x) - log(1 - D(G))`` in nats.

    Raises:
      InputError: the logits are not float.
    """
    check_float(real_logits=real_logits, fake_logits=fake_logits)
    return _per_example(jax.nn.softplus(-real_logits)) + _per_example(jax.nn.softplus(fake_logits))


def generator_nonsaturating(fake_logits: jax.Array) -> PerExample:
    """Non-saturating generator loss (Goodfellow et al., section 3), used by all released code.

    Args:
      fake_logits: logits of generated images, ``[B]``, ``[B, 1]`` or ``[B, h, w, 1]``.

    Returns:
      ``[B]``, ``-log D(G)`` in nats.

    Raises:
      InputError: the logits are not float.
    """
    check_float(fake_logits=fake_logits)
    return _per_example(jax.nn.softplus(-fake_logits))


def generator_saturating(fake_logits: jax.Array) -> PerExample:
    """Saturating generator loss, as printed in Salem eq. 5, Sharma, and Buchacek eq. 1.

    Args:
      fake_logits: logits of generated images, ``[B]``, ``[B, 1]`` or ``[B, h, w, 1]``.

    Returns:
      ``[B]``, ``log(1 - D(G))`` in nats: negative, unbounded below, and flat where D is confident
      that the image is fake.

    Raises:
      InputError: the logits are not float.
    """
    check_float(fake_logits=fake_logits)
    return -_per_example(jax.nn.softplus(fake_logits))


def discriminator_least_squares(
    real_logits: jax.Array,
    fake_logits: jax.Array,
    *,
    real_target: float = 1.0,
    fake_target: float = 0.0,
) -> PerExample:
    """Least-squares discriminator loss (Mao et al., LSGAN, eq. 9).

    Args:
      real_logits: scores of real images, without a sigmoid, ``[B]``, ``[B, 1]`` or
        ``[B, h, w, 1]``.
      fake_logits: scores of generated images, same shapes.
      real_target: target score of real images, b in the paper.
      fake_target: target score of generated images, a in the paper.

    Returns:
      ``[B]``, ``(s_real - b)^2 / 2 + (s_fake - a)^2 / 2``.

    Raises:
      InputError: the logits are not float.
    """
    check_float(real_logits=real_logits, fake_logits=fake_logits)
    real = _per_example(jnp.square(real_logits - real_target))
    return 0.5 * real + 0.5 * _per_example(jnp.square(fake_logits - fake_target))


def generator_least_squares(fake_logits: jax.Array, *, real_target: float = 1.0) -> PerExample:
    """Least-squares generator loss (Mao et al., LSGAN, eq. 9; the perceptual term of Sharma).

    Args:
      fake_logits: scores of generated images, without a sigmoid, ``[B]``, ``[B, 1]`` or
        ``[B, h, w, 1]``.
      real_target: score that the generator aims for, c in the paper.

    Returns:
      ``[B]``, ``(s_fake - c)^2 / 2``.

    Raises:
      InputError: the logits are not float.
    """
    check_float(fake_logits=fake_logits)
    return 0.5 * _per_example(jnp.square(fake_logits - real_target))


def score_matching(fake_logits: jax.Array, real_logits: jax.Array) -> PerExample:
    """Squared distance between the scores of generated and true images (Zheng et al., eq. 9).

    A reconstruction must match the scores of one image, not those of any real image.

    Args:
      fake_logits: scores of generated images, without a sigmoid, ``[B]``, ``[B, 1]`` or ``[B, h, w,
        1]``.
      real_logits: scores of the true images, same shapes.

    Returns:
      ``[B]``, the mean of ``(s_fake - s_real)^2`` over the scores of an image.

    Raises:
      InputError: the logits are not float.
    """
    check_float(fake_logits=fake_logits, real_logits=real_logits)
    return _per_example(jnp.square(fake_logits - real_logits))


def _per_example(scores: jax.Array) -> PerExample:
    return scores.reshape(scores.shape[0], -1).mean(1)
