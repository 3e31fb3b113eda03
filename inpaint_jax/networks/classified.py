"""Common output type of all classifiers."""

from typing import NamedTuple

import jax


class ClassifierOutput(NamedTuple):
    """Output of an image classifier.

    Attributes:
      logits: ``[B, classes]``.
      auxiliary: logits ``[B, classes]`` of auxiliary classifiers on earlier maps, which help
        training; may be empty.
      features: ``{layer: [B, h, w, C]}``, feature maps by layer name.
    """

    logits: jax.Array
    auxiliary: tuple[jax.Array, ...]
    features: dict[str, jax.Array]
