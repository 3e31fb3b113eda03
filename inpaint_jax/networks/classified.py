"""What every classifier returns, whatever its layers."""

from typing import NamedTuple

import jax


class ClassifierOutput(NamedTuple):
    """Outputs of a classifier of images.

    Attributes:
      logits: ``[B, classes]``.
      auxiliary: likewise, of classifiers on earlier maps, which help to train; there may be none.
      features: maps by the names of their layers, ``[B, h, w, C]``.
    """

    logits: jax.Array
    auxiliary: tuple[jax.Array, ...]
    features: dict[str, jax.Array]
