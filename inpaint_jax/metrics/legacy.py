"""Faulty metrics of a published paper, kept for comparison with its tables."""

import jax.numpy as jnp

from inpaint_jax.compositing import to_unit
from inpaint_jax.metrics.pixels import sse_hole
from inpaint_jax.types import Hole, Image, PerExample

BATCH = 32  # images per batch in the evaluation code of Desai & Ghosal


def desai_legacy_sse(
    prediction: Image, target: Image, hole: Hole, *, batch: int = BATCH
) -> PerExample:
    """Loss in tables 1 to 3 of Desai & Ghosal, with the fault of their evaluation code.

    The authors' code pastes the predictions of a batch one at a time. After each paste it adds the
    error of the whole batch divided by 32. An image whose prediction is not pasted yet contributes
    the energy of a black hole. For mean error e and mean energy h, the mean over a batch of 32 is
    (16.5 e + 15.5 h) / 32, so a perfect model scores 0.484 h.

    Args:
      prediction: completed images, ``[B, H, W, C]`` in [-1, 1], in the order of the set.
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      batch: images per batch; also the divisor, even for a smaller last batch.

    Returns:
      ``[B]``, the value after each paste; the published number is the mean over the set. Unlike
      every other metric, the value of an image depends on the other images of the batch.

    Raises:
      InputError: the shapes do not match, or an array is not float.
    """
    error = sse_hole(prediction, target, hole)
    energy = (hole * jnp.square(to_unit(target))).sum((1, 2, 3))
    groups = -(-len(error) // batch)

    def in_batches(values):
        return jnp.pad(values, (0, groups * batch - len(values))).reshape(groups, batch)

    pasted = jnp.cumsum(in_batches(error), 1)
    black = in_batches(energy).sum(1, keepdims=True) - jnp.cumsum(in_batches(energy), 1)
    return ((pasted + black) / batch).ravel()[: len(error)]
