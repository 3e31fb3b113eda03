"""A serialised function as a system: runs a file of ``inpaint export`` in the driver's slots."""

from collections.abc import Callable

import jax

from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts.feed_forward import feed_forward


def system(function: Callable, *, size: int) -> System:
    """Build a system that completes with one call of a function.

    Args:
      function: ``(weights, images, hole, key_data) -> (images [B, K, H, W, C], losses)``;
        ``states["exported"]`` are the weights.
      size: side of the images.
    """

    def paint(states, images, hole, keys, k):
        return function(states["exported"], images, hole, jax.random.key_data(keys))[0][:, :k]

    return feed_forward(paint, size=size)
