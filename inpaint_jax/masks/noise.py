"""Random holes: independent pixels, and the blobs of the context encoder's random pattern."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.masks.draws import coins, integers
from inpaint_jax.types import Hole, Key

CELL = 1 / 0.06  # pixels per noise value: Pathak et al. enlarge 600 values to 10,000 pixels


def pixels(key: Key, size: int, *, p_drop: float = 0.8) -> Hole:
    """Drop each pixel independently (Yeh et al. 80 %; the mask files of Buchacek 70 %).

    Args:
      key: typed key.
      size: side of the image in pixels.
      p_drop: probability that a pixel is missing.

    Returns:
      ``[size, size, 1]``.

    Raises:
      InputError: unless ``0 <= p_drop <= 1``.
    """
    if not 0 <= p_drop <= 1:
        raise InputError(f"random: the share of missing pixels must be in [0, 1], got {p_drop}")
    return coins(key, (size, size, 1), p_drop).astype(jnp.float32)


def pathak_pattern(key: Key, size: int, *, share: float = 0.25) -> Hole:
    """Random region of the context encoder: thresholded low-frequency noise (Pathak et al.).

    The released code enlarges one large noise image bicubically, thresholds it, and redraws windows
    until 20 to 30 % of the pixels are missing. Here each window has new noise, and the threshold is
    the quantile that yields ``share``. Integer arithmetic makes the hole the same on every machine.

    Args:
      key: typed key.
      size: side of the image in pixels.
      share: share of missing pixels.

    Returns:
      ``[size, size, 1]``, ``round(share * size**2)`` pixels missing, or fewer if noise values tie.

    Raises:
      InputError: unless ``0 <= share <= 1``.
    """
    if not 0 <= share <= 1:
        raise InputError(f"pattern: the share of missing pixels must be in [0, 1], got {share}")
    noise_key, phase_key = jax.random.split(key)
    enlarge, slack = _bicubic_rows(size)
    noise = integers(noise_key, (enlarge.shape[1],) * 2, 0, 256)
    down, right = integers(phase_key, (2,), 0, slack)
    vertical = jax.lax.dynamic_slice_in_dim(jnp.asarray(enlarge), down, size)
    horizontal = jax.lax.dynamic_slice_in_dim(jnp.asarray(enlarge), right, size)
    field = vertical @ noise @ horizontal.T
    return (field < _threshold(field, round(share * size**2)))[..., None].astype(jnp.float32)


def _threshold(field: jax.Array, count: int) -> jax.Array:
    """Find the greatest value with at most ``count`` integers below it.

    It uses bisection, which is faster than a sort.
    """

    def halve(_, bounds):
        low, high = bounds
        middle = low + (high - low + 1) // 2
        fits = (field < middle).sum() <= count
        return jnp.where(fits, middle, low), jnp.where(fits, high, middle - 1)

    low, high = jnp.min(field), jnp.max(field) + 1
    return jax.lax.fori_loop(0, 32, halve, (low, high))[0]


def _bicubic_rows(size: int) -> tuple[np.ndarray, int]:
    """Compute the integer weights of the bicubic enlargement (256ths, Keys a = -1/2).

    One extra cell of rows leaves room to choose a phase.
    """
    slack = math.floor(CELL) + 1
    at = 1 + (np.arange(size + slack) + 0.5) / CELL
    distance = np.abs(at[:, None] - np.arange(math.ceil(size / CELL) + 4))
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weight = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    return np.rint(256 * weight).astype(np.int32), slack
