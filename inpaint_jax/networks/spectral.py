"""Spectral normalisation: kernels divided by the largest singular value (Miyato et al. 2018).

Every call estimates the singular value by one power iteration from a stored vector. Training
updates the vector; evaluation runs the same iteration but keeps the vector. Kernels are initialised
orthogonally, with all singular values 1. From N(0, 0.02), the usual initialisation of adversarial
networks, the first steps of Adam would rotate the largest singular vector faster than the iteration
follows.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from inpaint_jax.networks import convolutions
from inpaint_jax.networks.layers import Conv, ConvTranspose

EPSILON = 1e-12  # added to the norm of a vector


class SpectralConv(Conv):
    """``Conv`` with a normalised kernel; its matrix has one row per output channel."""

    kernel_init: nn.initializers.Initializer = nn.initializers.orthogonal()

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        return self._apply(partial(_normalised, self, convolutions.conv, axis=3, train=train), x)


class SpectralConvTranspose(ConvTranspose):
    """``ConvTranspose`` with a normalised kernel, a matrix of one row per input channel."""

    kernel_init: nn.initializers.Initializer = nn.initializers.orthogonal()

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        operation = convolutions.conv_transpose
        return self._apply(partial(_normalised, self, operation, axis=2, train=train), x)


def _normalised(module: nn.Module, operation, x, kernel, *, axis: int, train: bool, **geometry):
    """Apply the operation with ``kernel`` divided by its largest singular value.

    ``axis`` is the axis of the kernel that becomes the rows of the matrix.
    """
    matrix = jnp.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1)
    u = module.variable(
        "batch_stats",
        "u",
        lambda: _unit(jax.random.normal(module.make_rng("params"), matrix.shape[:1])),
    )
    updated, sigma = power_iteration(matrix, u.value)
    if train and not module.is_initializing():
        u.value = updated
    return operation(x, kernel / sigma, **geometry)


def power_iteration(matrix: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Estimate the largest singular value of a matrix by one power iteration.

    Args:
      matrix: ``[R, C]``.
      u: estimate of the left singular vector, ``[R]``.

    Returns:
      The next estimate of the vector, ``[R]`` of length 1, and of the value, ``[]``. The vectors
      are constants for the gradient, which passes through the matrix alone.
    """
    fixed = jax.lax.stop_gradient(matrix)
    v = _unit(fixed.T @ u)
    u = _unit(fixed @ v)
    return u, u @ (matrix @ v)


def _unit(vector: jax.Array) -> jax.Array:
    return vector / (jnp.sqrt(jnp.square(vector).sum()) + EPSILON)
