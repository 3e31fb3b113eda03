"""Optimisers by name: all of optax with optional schedules, and Nesterov descent for searches."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import optax

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve


def nag(
    learning_rate: float, *, momentum: float = 0.9, decay: float = 1.0, decay_every: int = 100
) -> optax.GradientTransformation:
    """Nesterov's accelerated gradient with a stepwise decaying rate applied *before* the trace.

    The rate at step t is ``learning_rate * decay ** (t // decay_every + 1)``. It is already decayed
    at t = 0, as in the code of Buchacek et al. ``optax.sgd(schedule, nesterov=True)`` scales after
    the trace and gives other iterates; with ``decay=1`` both are equal.

    Args:
      learning_rate: rate before any decay.
      momentum: momentum of the trace.
      decay: factor per ``decay_every`` steps.
      decay_every: steps between decays.

    Returns:
      The optax transformation.
    """

    def rate(step):
        return learning_rate * decay ** (step // decay_every + 1)

    return optax.chain(
        optax.scale_by_schedule(rate), optax.trace(momentum, nesterov=True), optax.scale(-1.0)
    )


def adam_l2(
    learning_rate: optax.ScalarOrSchedule, *, weight_decay: float, b1: float = 0.9
) -> optax.GradientTransformation:
    """Adam with an L2 penalty in the gradient, like PyTorch's ``weight_decay`` and unlike AdamW.

    Args:
      learning_rate: a number, or a schedule.
      weight_decay: weight of the penalty on all parameters, including norms and biases.
      b1: decay of the first moment.

    Returns:
      The optax transformation.
    """
    return optax.chain(optax.add_decayed_weights(weight_decay), optax.adam(learning_rate, b1))


def cosine(learning_rate: float, num_steps: int) -> optax.Schedule:
    """Decay along half a cosine from ``learning_rate`` to 0 at ``num_steps``."""
    # a stage of no steps has an optimiser too
    return optax.cosine_decay_schedule(learning_rate, max(num_steps, 1))


def linear(learning_rate: float, num_steps: int) -> optax.Schedule:
    """Decay linearly from ``learning_rate`` to 0 at ``num_steps``."""
    return optax.linear_schedule(learning_rate, 0.0, num_steps)


def drops(learning_rate: float, num_steps: int, *, at: Sequence[int]) -> optax.Schedule:
    """Divide ``learning_rate`` by 10 at each of the steps ``at``."""
    del num_steps
    return optax.piecewise_constant_schedule(learning_rate, {int(step): 0.1 for step in at})


RANGES = {
    "learning_rate": (0, 1e6),
    "momentum": (0, 1),
    "b1": (0, 1),
    "b2": (0, 1),
    "decay": (0, 1),
}
SCHEDULES = {"cosine": cosine, "linear": linear, "drops": drops}


def build(
    spec: Mapping[str, Any], *, num_steps: int | None = None, label: str = "optimizer"
) -> optax.GradientTransformation:
    """Build the optimiser that a config describes.

    Args:
      spec: ``{"name": "nag", "adam_l2" or any optax optimiser ("adam", "rmsprop", "lbfgs", ...),
        **its options}``. The key ``schedule`` selects a schedule: "cosine" or "linear" decays
        ``learning_rate`` to 0 over ``num_steps``; "drops" divides it by 10 at every step of the
        list ``at``.
      num_steps: total number of updates; a schedule requires it.
      label: the config key, for error messages.

    Raises:
      InputError: unknown name, schedule or option, or an option out of range.
    """
    options = dict(spec)
    if "name" not in options:
        raise InputError(f"{label} needs the key 'name', such as adam")
    name = options.pop("name")
    for option, (least, most) in RANGES.items():
        if isinstance(number := options.get(option), int | float) and not least <= number <= most:
            raise InputError(f"{label}.{option} must be between {least} and {most}, got {number}")
    factory: Any = {"nag": nag, "adam_l2": adam_l2}.get(name) or getattr(optax, name, None)
    if factory is None:
        raise InputError(
            f"{label}: unknown optimiser {name!r}; known: nag, adam_l2, and optax's "
            "(adam, sgd, rmsprop, ...)"
        )
    if schedule := options.pop("schedule", None):
        fall = resolve(schedule, SCHEDULES, kind=f"{label}.schedule")
        if num_steps is None or "learning_rate" not in options:
            raise InputError(f"{label}: a schedule needs a learning_rate and a number of steps")
        places = {"at": options.pop("at")} if "at" in options else {}
        options["learning_rate"] = partial(fall, options["learning_rate"], num_steps, **places)
    try:
        if schedule:
            options["learning_rate"] = options["learning_rate"]()
        return factory(**options)
    except TypeError as error:
        raise InputError(f"{label}: {name}: {error}") from error
