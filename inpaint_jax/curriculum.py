"""Curricula: choose how many examples of each level a batch gets, from the last validation.

Levels are sub-tasks of increasing difficulty; level 1 is the easiest. Gao & Grauman 2017 (on-demand
learning) and Salem et al. (the self-tuned encoder-decoder) give more examples to the levels with
the worst completions. The schedules are the baselines of Gao & Grauman.

``--config.stages.on_demand.curriculum=module:attribute`` names your own rule: a function of
``psnr [N]``, ``progress []`` or both that returns a weight per level, ``[N]``::

    # my_rules.py
    import jax

    def softest_last(psnr, progress):
        return jax.nn.softmax(-progress * psnr)

The rule runs under ``jit``. A level of larger weight never gets fewer examples.
"""

import inspect
from collections.abc import Callable

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve

__all__ = [
    "RULES",
    "SCHEDULES",
    "composition",
    "counts",
    "inv_mse",
    "inv_psnr",
    "levels",
    "mse",
    "scheduled",
]


def inv_psnr(psnr: jax.Array) -> jax.Array:
    """Weight levels by 1 / PSNR: slightly more of the worse levels (Salem et al., figure 4).

    Args:
      psnr: ``[N]`` in dB, positive; we read their p as a PSNR.

    Returns:
      ``[N]``.
    """
    return 1 / psnr


def mse(psnr: jax.Array) -> jax.Array:
    """Weight levels by squared error, as in the text of Salem et al.: more of the worse levels.

    Args:
      psnr: ``[N]`` in dB.

    Returns:
      ``[N]``, the squared error on [0, 1].
    """
    return 10 ** (-psnr / 10)


def inv_mse(psnr: jax.Array) -> jax.Array:
    """Weight levels by 1 / squared error, as printed in Salem et al., figure 4.

    The easiest level gets the most examples.

    Args:
      psnr: ``[N]`` in dB.

    Returns:
      ``[N]``.
    """
    return 10 ** (psnr / 10)


RULES: dict[str, Callable[..., jax.Array]] = {
    "inv_psnr": inv_psnr,
    "mse": mse,
    "inv_mse": inv_mse,
}
SCHEDULES = ("rigid", "staged", "cumulative", "anti_staged", "anti_cumulative")


def counts(weights: jax.Array, *, batch_size: int) -> jax.Array:
    """Divide a batch in proportion to weights by largest remainders; ties go to the lower level.

    Args:
      weights: ``[N]``, positive.
      batch_size: B.

    Returns:
      int32 ``[N]`` with sum B. A level of larger weight never gets fewer examples.
    """
    shares = batch_size * weights / weights.sum()
    whole = jnp.floor(shares).astype(jnp.int32)
    rank = jnp.argsort(jnp.argsort(whole - shares, stable=True))  # 0 for the largest remainder
    return whole + (rank < batch_size - whole.sum())


def scheduled(
    name: str, progress: jax.Array | float, *, num_levels: int, batch_size: int
) -> jax.Array:
    """Follow a fixed schedule with one phase of training per level (Gao & Grauman).

    Args:
      name: "rigid" (all levels equally, always), "staged" (one level after the other), "cumulative"
        (one level more in every phase), or "anti_staged" and "anti_cumulative", which begin with
        the hardest level.
      progress: completed share of the training, in [0, 1]; can be traced.
      num_levels: N.
      batch_size: B.

    Returns:
      int32 ``[N]`` with sum B. The remainder of an uneven division goes to the newest level, or to
      the lowest levels with "rigid".

    Raises:
      InputError: an unknown schedule.
    """
    if name not in SCHEDULES:
        raise InputError(f"unknown schedule {name!r}; known: {', '.join(SCHEDULES)}")
    if name == "rigid":
        return counts(jnp.ones(num_levels), batch_size=batch_size)
    phase = jnp.floor(jnp.asarray(progress) * num_levels).astype(jnp.int32)
    phase = jnp.clip(phase, 0, num_levels - 1)
    level = jnp.arange(num_levels)
    if name.endswith("staged"):
        share = jnp.where(level == phase, batch_size, 0)
    else:
        each = batch_size // (phase + 1)
        newest = jnp.where(level == phase, batch_size - phase * each, 0)
        share = jnp.where(level < phase, each, newest)
    return (share[::-1] if name.startswith("anti") else share).astype(jnp.int32)


def composition(
    rule: str, psnr: jax.Array, progress: jax.Array | float, *, batch_size: int
) -> jax.Array:
    """Choose how many examples of a batch each level gets.

    Args:
      rule: a name in ``RULES`` or ``SCHEDULES``, or a custom rule, ``module:attribute``.
      psnr: ``[N]`` in dB from the last validation, used by rules; all equal before the first.
      progress: completed share of the training, used by schedules.
      batch_size: B.

    Returns:
      int32 ``[N]`` with sum B, a function of the arguments alone.

    Raises:
      InputError: unknown rule, or a custom rule that does not return ``[N]``.
    """
    if rule in SCHEDULES:
        return scheduled(rule, progress, num_levels=len(psnr), batch_size=batch_size)
    weigh = resolve(rule, {**RULES, **dict.fromkeys(SCHEDULES)}, kind="curriculum")
    measured = {"psnr": psnr, "progress": jnp.asarray(progress)}
    wanted = list(inspect.signature(weigh).parameters)
    if unknown := [name for name in wanted if name not in measured]:
        raise InputError(
            f"curriculum {rule!r} needs {', '.join(unknown)}; a rule may take "
            "psnr and progress only"
        )
    weights = weigh(**{name: measured[name] for name in wanted})
    if jnp.shape(weights) != psnr.shape:
        got = jnp.shape(weights)
        raise InputError(
            f"curriculum {rule!r} must return a weight per level, {psnr.shape}, got {got}"
        )
    return counts(weights, batch_size=batch_size)


def levels(composition: jax.Array, *, batch_size: int) -> jax.Array:
    """Assign a level to each example of a batch, easy levels first.

    Args:
      composition: int32 ``[N]`` with sum B. It is traced, so a new composition does not recompile.
      batch_size: B.

    Returns:
      int32 ``[B]``, from 1 to N.
    """
    numbers = 1 + jnp.arange(len(composition))
    return jnp.repeat(numbers, composition, total_repeat_length=batch_size)
