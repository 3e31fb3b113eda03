"""Convolutions and transposed convolutions with gradients that are fast on the CPU too.

A convolution is bilinear. It and its two gradients are three operations, and each is a gradient of
the others:

* ``gather``: small = sum over taps of big * kernel (a convolution, the input gradient of a
  transposed convolution);
* ``scatter``: big = sum over taps of small * kernel (a transposed convolution, the input gradient
  of a convolution);
* ``correlate``: kernel = sum over positions of big * small (the weight gradient of both).

On accelerators each operation is XLA's convolution; on the CPU it is the one in ``cpu``. The
lowering of the program selects the version (``lax.platform_dependent``) for the device that it
compiles for. A computation placed on the CPU of a machine with a GPU, or exported to another
platform, therefore gets the right version too.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from inpaint_jax.networks.convolutions import cpu
from inpaint_jax.networks.convolutions.geometry import (
    Geometry,
    Padding,
    Pair,
    of_convolution,
    of_transposed_convolution,
)

ON_CPU = "convolution_on_cpu"  # scope name of code that only CPU programs may contain


def conv(
    x: jax.Array, kernel: jax.Array, *, strides: Pair = (1, 1), padding: Padding = "SAME"
) -> jax.Array:
    """2-D convolution, equal to ``lax.conv_general_dilated`` with NHWC and HWIO.

    It is a ``custom_vjp``: reverse-mode differentiable to any order, but not under forward mode
    (``jax.jvp``).

    Args:
      x: ``[B, H, W, I]``.
      kernel: ``[kh, kw, I, O]``.
      strides: (rows, columns).
      padding: "SAME", "VALID", one number, or (low, high) for rows and columns; negative numbers
        crop.

    Returns:
      ``[B, H', W', O]``.

    Raises:
      TypeError: the shapes do not match.
    """
    return _gather(
        _exact(of_convolution(*_check(x, kernel), strides, padding)), *_vary_alike(x, kernel)
    )


def conv_transpose(
    x: jax.Array, kernel: jax.Array, *, strides: Pair = (1, 1), padding: Padding = "SAME"
) -> jax.Array:
    """2-D transposed convolution, equal to ``lax.conv_transpose`` with NHWC and HWIO.

    It is a ``custom_vjp``: reverse-mode differentiable to any order, but not under forward mode
    (``jax.jvp``).

    Args:
      x: ``[B, H, W, I]``.
      kernel: ``[kh, kw, I, O]``, not flipped.
      strides: (rows, columns).
      padding: "SAME" (multiplies the size by the stride), "VALID", one number, or (low, high) for
        rows and columns. It pads the dilated input and can be negative. PyTorch's padding p is
        kernel - 1 - p here.

    Returns:
      ``[B, H', W', O]``.

    Raises:
      TypeError: the shapes do not match.
      ValueError: unknown name of a padding.
    """
    return _scatter(
        _exact(of_transposed_convolution(*_check(x, kernel), strides, padding)),
        *_vary_alike(x, kernel),
    )


def _check(x: jax.Array, kernel: jax.Array) -> tuple[Pair, Pair]:
    """Return the sizes of ``x`` and ``kernel``."""
    if x.ndim != 4 or kernel.ndim != 4 or x.shape[3] != kernel.shape[2]:
        raise TypeError(
            f"a convolution takes [B, H, W, I] and [kh, kw, I, O], got {x.shape} and {kernel.shape}"
        )
    return (x.shape[1], x.shape[2]), (kernel.shape[0], kernel.shape[1])


def _exact(geometry: Geometry) -> Geometry:
    """Store the current precision in the geometry.

    Gradients are traced later, possibly under another precision.
    """
    return geometry._replace(precision=jax.config.jax_default_matmul_precision)  # pyright: ignore


def _vary_alike(x: jax.Array, kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Give both arrays the same type inside ``jax.shard_map``.

    A ``custom_vjp`` does not sum the gradient of replicated weights. Adding a zero that varies over
    the mesh makes the sum vary too; the compiler removes the zero.
    """
    return x + jnp.zeros_like(kernel, x.dtype, ()), kernel + jnp.zeros_like(x, kernel.dtype, ())


def _plain_gather(geometry: Geometry, big: jax.Array, kernel: jax.Array) -> jax.Array:
    return geometry.convolve(big, kernel)


def _plain_scatter(geometry: Geometry, small: jax.Array, kernel: jax.Array) -> jax.Array:
    channels = kernel.shape[3 if geometry.flipped else 2]
    big = jnp.zeros_like(small, shape=(small.shape[0], *geometry.big, channels))
    return jax.vjp(lambda big: geometry.convolve(big, kernel), big)[1](small)[0]


def _plain_correlate(geometry: Geometry, big: jax.Array, small: jax.Array) -> jax.Array:
    channels = (big.shape[-1], small.shape[-1])
    kernel = jnp.zeros_like(
        big, shape=(*geometry.kernel, *(channels[::-1] if geometry.flipped else channels))
    )
    return jax.vjp(lambda kernel: geometry.convolve(big, kernel), kernel)[1](small)[0]


def _operation(plain, cpu):
    """Build one of the three operations, which selects the version by platform.

    A mapped axis of images is folded into the batch.
    """

    @functools.partial(jax.jit, static_argnums=0)
    def by_platform(geometry, a, b):
        @jax.named_scope(ON_CPU)
        def on_cpu(a, b):
            # tables of constants are float32
            return cpu(geometry, a, b).astype(jnp.result_type(a, b))

        return lax.platform_dependent(a, b, cpu=on_cpu, default=functools.partial(plain, geometry))

    def operation(geometry, a, b):
        @jax.custom_batching.custom_vmap
        def call(a, b):
            return by_platform(geometry, a, b)

        @call.def_vmap
        def fold(size, batched, a, b):
            if batched == [True, False] and plain is not _plain_correlate:
                out = call(a.reshape(-1, *a.shape[2:]), b)
                return out.reshape(size, -1, *out.shape[1:]), True
            axes = [0 if is_batched else None for is_batched in batched]
            return jax.vmap(functools.partial(by_platform, geometry), in_axes=axes)(a, b), True

        return call(a, b)

    return jax.custom_vjp(operation, nondiff_argnums=(0,))


_gather = _operation(_plain_gather, cpu.gather)
_scatter = _operation(_plain_scatter, cpu.scatter)
_correlate = _operation(_plain_correlate, cpu.correlate)


def _differentiate(operation, first, second):
    """Define the gradients for both factors.

    A gradient that is not needed is not traced. A latent search needs no gradient for the weights,
    and that gradient cannot be lowered for an unknown number of images, which exports require.
    """

    def forward(geometry, a, b):
        saved = (a.value if b.perturbed else None, b.value if a.perturbed else None)
        return operation(geometry, a.value, b.value), saved

    def backward(geometry, saved, d):
        a, b = saved
        return None if b is None else first(geometry, d, b), None if a is None else second(
            geometry, a, d
        )

    operation.defvjp(forward, backward, symbolic_zeros=True)


_differentiate(_gather, first=_scatter, second=_correlate)
_differentiate(
    _scatter, first=_gather, second=lambda geometry, small, d: _correlate(geometry, d, small)
)
_differentiate(
    _correlate, first=lambda geometry, d, small: _scatter(geometry, small, d), second=_gather
)
