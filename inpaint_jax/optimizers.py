"""Optimisers by name: every one of optax, and the Nesterov descent of the latent searches with its right decay."""

from collections.abc import Mapping
from typing import Any

import optax

from inpaint_jax.errors import InputError


def nag(
    learning_rate: float, *, momentum: float = 0.9, decay: float = 1.0, decay_every: int = 100
) -> optax.GradientTransformation:
    """Nesterov's accelerated gradient with a stepwise decaying rate that multiplies the gradient *before* the trace.

    The rate at step t is ``learning_rate * decay ** (t // decay_every + 1)``: already decayed at t = 0, as in the code
    of Buchacek et al. ``optax.sgd(schedule, nesterov=True)`` scales after the trace and drifts from it; with
    ``decay=1`` the two are equal.

    Args:
      learning_rate: rate before any decay.
      momentum: of the trace.
      decay: factor per ``decay_every`` steps.
      decay_every: steps.

    Returns:
      The optax transformation.
    """

    def rate(step):
        return learning_rate * decay ** (step // decay_every + 1)

    return optax.chain(optax.scale_by_schedule(rate), optax.trace(momentum, nesterov=True), optax.scale(-1.0))


def build(spec: Mapping[str, Any], *, label: str = "optimizer") -> optax.GradientTransformation:
    """The optimiser that a config describes.

    Args:
      spec: ``{"name": "nag" or any optax optimiser ("adam", "rmsprop", ...), **its options}``.
      label: the config key, for error messages.

    Raises:
      InputError: for an unknown name or option.
    """
    options = dict(spec)
    name = options.pop("name")
    factory: Any = {"nag": nag}.get(name) or getattr(optax, name, None)
    if factory is None:
        raise InputError(f"{label}: unknown optimiser {name!r}; known: nag, and optax's (adam, sgd, rmsprop, ...)")
    try:
        return factory(**options)
    except TypeError as error:
        raise InputError(f"{label}: {name}: {error}") from error
