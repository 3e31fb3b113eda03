"""Local texture of an image, so that flat patches do not match blurred texture."""

import jax
import jax.numpy as jnp


def with_texture(image: jax.Array, known: jax.Array, *, weight: float, side: int = 9) -> jax.Array:
    """Append the mean steps around every pixel, along rows and columns, to its colours.

    A sweep averages votes, and an average is smoother than the votes. Compared by colour alone,
    flat patches win, and spread. The steps are measured once, at the finest scale, and then
    processed like colours: halved for coarser scales, compared, and voted for (Newson et al. 2014,
    section 3.3).

    Args:
      image: ``[H, W, C]``.
      known: ``[H, W]``, 1 where a pixel is known.
      weight: factor of the means.
      side: side of the square over which the mean is taken, odd.

    Returns:
      ``[H, W, C + 2]``; the mean over the steps between known pixels, 0 where there are none.
    """
    height, width = known.shape
    steps = []
    for axis, (rows, columns) in ((1, (height, width - 1)), (0, (height - 1, width))):
        both = known[:rows, :columns] * known[height - rows :, width - columns :]
        step = both * jnp.abs(jnp.diff(image, axis=axis)).mean(-1)
        pad = ((0, height - rows), (0, width - columns))
        total, count = (_around(jnp.pad(values, pad), side) for values in (step, both))
        steps.append(weight * total / jnp.maximum(count, 1.0))
    return jnp.concatenate([image, jnp.stack(steps, -1)], -1)


def _around(values: jax.Array, side: int) -> jax.Array:
    zero = jnp.zeros((), values.dtype)
    return jax.lax.reduce_window(values, zero, jax.lax.add, (side, side), (1, 1), "SAME")
