"""Optimisers by name: every one of optax, its rate constant or falling, and the Nesterov descent of the searches."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import optax

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve


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


def adam_l2(
    learning_rate: optax.ScalarOrSchedule, *, weight_decay: float, b1: float = 0.9
) -> optax.GradientTransformation:
    """Adam whose gradient has the L2 penalty's added, as PyTorch's ``weight_decay`` does it; AdamW decays apart.

    Args:
      learning_rate: a number, or a schedule.
      weight_decay: of all parameters, norms and biases included.
      b1: decay of the first moment.

    Returns:
      The optax transformation.
    """
    return optax.chain(optax.add_decayed_weights(weight_decay), optax.adam(learning_rate, b1))


def cosine(learning_rate: float, num_steps: int) -> optax.Schedule:
    """Half a cosine from ``learning_rate`` to 0 at ``num_steps``."""
    return optax.cosine_decay_schedule(learning_rate, max(num_steps, 1))  # a stage of no steps has an optimiser too


def linear(learning_rate: float, num_steps: int) -> optax.Schedule:
    """A straight line from ``learning_rate`` to 0 at ``num_steps``."""
    return optax.linear_schedule(learning_rate, 0.0, num_steps)


def drops(learning_rate: float, num_steps: int, *, at: Sequence[int]) -> optax.Schedule:
    """``learning_rate``, and from each of the steps ``at`` on a tenth of what it was before."""
    del num_steps
    return optax.piecewise_constant_schedule(learning_rate, {int(step): 0.1 for step in at})


RANGES = {"learning_rate": (0, 1e6), "momentum": (0, 1), "b1": (0, 1), "b2": (0, 1), "decay": (0, 1)}
SCHEDULES = {"cosine": cosine, "linear": linear, "drops": drops}


def build(
    spec: Mapping[str, Any], *, num_steps: int | None = None, label: str = "optimizer"
) -> optax.GradientTransformation:
    """The optimiser that a config describes.

    Args:
      spec: ``{"name": "nag", "adam_l2" or any optax optimiser ("adam", "rmsprop", "lbfgs", ...), **its options}``. With
        ``schedule`` ("cosine" or "linear") its ``learning_rate`` falls to 0 over ``num_steps``; with "drops" it
        falls to a tenth at every step of the list ``at``.
      num_steps: updates in all, which a schedule needs.
      label: the config key, for error messages.

    Raises:
      InputError: for an unknown name, schedule or option.
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
            f"{label}: unknown optimiser {name!r}; known: nag, adam_l2, and optax's (adam, sgd, rmsprop, ...)"
        )
    if schedule := options.pop("schedule", None):
        fall = resolve(schedule, SCHEDULES, kind=f"{label}.schedule")
        if num_steps is None or "learning_rate" not in options:
            raise InputError(f"{label}: a schedule needs a learning_rate, and a number of steps")
        places = {"at": options.pop("at")} if "at" in options else {}
        options["learning_rate"] = partial(fall, options["learning_rate"], num_steps, **places)
    try:
        if schedule:
            options["learning_rate"] = options["learning_rate"]()
        return factory(**options)
    except TypeError as error:
        raise InputError(f"{label}: {name}: {error}") from error
