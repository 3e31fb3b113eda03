"""Layers shared by the networks: CPU-efficient convolutions and poolings, norms, initialisers."""

import itertools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
from jax import lax
from jax import numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.networks import convolutions

# Radford et al. 2015, section 4: GAN weights start at N(0, 0.02), batch norm scales at N(1, 0.02).
normal_init = nn.initializers.normal(0.02)
truncated_normal_init = nn.initializers.truncated_normal(0.02)


def scale_init(key: jax.Array, shape: Sequence[int], dtype: Any = "float32") -> jax.Array:
    """Draw batch norm scales from N(1, 0.02)."""
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)


def leaky_relu(x: jax.Array) -> jax.Array:
    """Leaky ReLU with slope 0.2 (Radford et al. 2015); the flax default is 0.01."""
    return nn.leaky_relu(x, 0.2)


class _Convolution(nn.Module):
    """Fields and parameters of ``nn.Conv`` and ``nn.ConvTranspose``, in two dimensions.

    Attributes:
      features: output channels.
      kernel_size: side of the kernel, or (rows, columns).
      strides: one number, or (rows, columns).
      padding: "SAME", "VALID", one number, or (low, high) for rows and columns.
      use_bias: add a bias.
      kernel_init: initialiser of ``kernel``, ``[kh, kw, I, O]``.
      bias_init: initialiser of ``bias``, ``[O]``.
    """

    features: int
    kernel_size: int | tuple[int, int]
    strides: int | tuple[int, int] = 1
    padding: convolutions.Padding = "SAME"
    use_bias: bool = True
    kernel_init: nn.initializers.Initializer = normal_init
    bias_init: nn.initializers.Initializer = nn.initializers.zeros

    def _apply(self, operation, x: jax.Array) -> jax.Array:
        kernel = self.param(
            "kernel", self.kernel_init, (*_pair(self.kernel_size), x.shape[-1], self.features)
        )
        y = operation(x, kernel, strides=_pair(self.strides), padding=self.padding)
        return (
            y + self.param("bias", self.bias_init, (self.features,))[None, None, None]
            if self.use_bias
            else y
        )


class Conv(_Convolution):
    """Replacement for ``nn.Conv`` on ``[B, H, W, I]``, with the same parameters and results."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return self._apply(convolutions.conv, x)


class ConvTranspose(_Convolution):
    """Replacement for ``nn.ConvTranspose`` on ``[B, H, W, I]``, same parameters and results."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return self._apply(convolutions.conv_transpose, x)


GRID = 4  # side of the smallest feature map of networks that double or halve the side


def doublings(size: int) -> int:
    """Count the doublings from a map of side 4 to a map of side ``size``.

    Raises:
      InputError: ``size`` is not 4 * 2^n with n > 0.
    """
    count = (size // GRID).bit_length() - 1
    if count < 1 or GRID << count != size:
        raise InputError(
            f"this network needs a side of {GRID} times a power of two, got "
            f"{size}: choose 8, 16, 32, ..."
        )
    return count


class BatchNorm(nn.BatchNorm):
    """``nn.BatchNorm`` with GAN defaults: momentum 0.9 (0.1 in PyTorch), scale from N(1, 0.02).

    Pass ``use_running_average`` at the call. Pass ``axis_name``, the axis whose devices share
    statistics, at construction.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5
    scale_init: nn.initializers.Initializer = scale_init


class GroupNorm(nn.GroupNorm):
    """``nn.GroupNorm(groups)`` with the epsilon of PyTorch."""

    epsilon: float = 1e-5


class InstanceNorm(nn.InstanceNorm):
    """``nn.InstanceNorm`` with the epsilon of PyTorch."""

    epsilon: float = 1e-5


class Dropout(nn.Module):
    """``nn.Dropout`` with one key per example, so that any number of devices drops the same values.

    Attributes:
      rate: share of the values that training drops, rounded to a 256th (random bytes cost a quarter
        of random floats). The other values are scaled up.
      axis_name: mapped axis over which the batch is split.
    """

    rate: float
    axis_name: str | None = None

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        if not train or not self.rate:
            return x
        count, first = len(x), 0
        if self.axis_name is not None:
            count, first = (
                count * lax.axis_size(self.axis_name),
                count * lax.axis_index(self.axis_name),
            )
        keys = lax.dynamic_slice_in_dim(
            jax.random.split(self.make_rng("dropout"), count), first, len(x)
        )
        dropped = round(256 * self.rate)
        drawn = jax.vmap(lambda key: jax.random.bits(key, x.shape[1:], jnp.uint8))(keys)
        kept = lax.optimization_barrier(drawn >= dropped)  # otherwise the CPU redraws at every use
        return jnp.where(kept, x * (256 / (256 - dropped)), 0.0)


def max_pool(x: jax.Array, window: int, *, stride: int, padding: str = "VALID") -> jax.Array:
    """Max pooling like ``nn.max_pool``, but equal maxima share the gradient.

    The maximum is taken two values at a time. The gradient of XLA's window reduction is a scatter,
    which is slow on the CPU. The gradient of ``x.max`` counts the values that equal the maximum: a
    compiler that rounds ``x`` differently where it computes ``x`` again finds none, and divides by
    zero.

    Args:
      x: ``[B, H, W, C]``.
      window: side of the windows.
      stride: stride of the windows.
      padding: "VALID" or "SAME".

    Returns:
      ``[B, H', W', C]``.
    """
    pads = lax.padtype_to_pads(x.shape[1:3], (window, window), (stride, stride), padding)
    padded = lax.pad(
        x, jnp.array(-jnp.inf, x.dtype), [(0, 0, 0), *((*pad, 0) for pad in pads), (0, 0, 0)]
    )
    rows, columns = ((n - window) // stride + 1 for n in padded.shape[1:3])
    if window == stride:  # one read of every value, in two steps
        grid = padded[:, : rows * window, : columns * window]
        grid = grid.reshape(len(x), rows, window, columns, window, -1)
        line = _largest([grid[:, :, i] for i in range(window)])
        return _largest([line[:, :, :, j] for j in range(window)])

    def view(row, column):
        return padded[:, row::stride, column::stride][:, :rows, :columns]

    return _largest(list(itertools.starmap(view, itertools.product(range(window), repeat=2))))


def _largest(parts: Sequence[jax.Array]) -> jax.Array:
    """Return the elementwise maximum, from a balanced tree of pairs."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return jnp.maximum(_largest(parts[:half]), _largest(parts[half:]))


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
