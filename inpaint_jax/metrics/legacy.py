"""Numbers that a paper printed by mistake, kept so that its tables can be compared to."""

import jax.numpy as jnp

from inpaint_jax.compositing import to_unit
from inpaint_jax.metrics.pixels import sse_hole
from inpaint_jax.types import Hole, Image, PerExample

BATCH = 32  # images per batch in the evaluation code of Desai & Ghosal


def desai_legacy_sse(prediction: Image, target: Image, hole: Hole, *, batch: int = BATCH) -> PerExample:
    """The loss that Desai & Ghosal print in tables 1 to 3, with the fault of their evaluation code.

    They paste the predictions of a batch one at a time and add, after each paste, the error of the whole
    batch divided by 32: pictures not yet pasted count with the energy of their black hole. With mean errors
    e and mean energies h the mean over a batch of 32 is (16.5 e + 15.5 h) / 32, so that a perfect model
    scores 0.484 h.

    Args:
      prediction: completed pictures, ``[B, H, W, C]`` in [-1, 1], in the set's order.
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      batch: pictures per batch, and the divisor, also of a last, smaller batch.

    Returns:
      ``[B]``, the value after each paste; the published number is the mean over the set. Unlike every other
      metric it depends on a picture's batch mates.

    Raises:
      InputError: the shapes do not fit, or an array is not float.
    """
    error = sse_hole(prediction, target, hole)
    energy = (hole * jnp.square(to_unit(target))).sum((1, 2, 3))
    groups = -(-len(error) // batch)

    def in_batches(values):
        return jnp.pad(values, (0, groups * batch - len(values))).reshape(groups, batch)

    pasted = jnp.cumsum(in_batches(error), 1)
    black = in_batches(energy).sum(1, keepdims=True) - jnp.cumsum(in_batches(energy), 1)
    return ((pasted + black) / batch).ravel()[: len(error)]
