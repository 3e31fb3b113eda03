"""Curricula as stateless schedules: how many holes of each level a batch gets, from what was last measured.

Levels are sub-tasks of growing difficulty, 1 the easiest. Gao & Grauman 2017 (on-demand learning) and Salem et al. (the
self-tuned encoder-decoder) give more examples to the levels that are completed worst; the other schedules are those
that Gao & Grauman compare to.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError


def inv_psnr(psnr: jax.Array) -> jax.Array:
    """Weight 1 / PSNR: more of what is completed worse, gently. Figure 4 of Salem et al., if its p is a PSNR."""
    return 1 / psnr


def mse(psnr: jax.Array) -> jax.Array:
    """Weight of the squared error itself, as the text of Salem et al. says: larger errors, more examples."""
    return 10 ** (-psnr / 10)


def inv_mse(psnr: jax.Array) -> jax.Array:
    """Weight 1 / squared error, their Figure 4 to the letter: the easiest level gets most."""
    return 10 ** (psnr / 10)


RULES: dict[str, Callable[[jax.Array], jax.Array]] = {"inv_psnr": inv_psnr, "mse": mse, "inv_mse": inv_mse}
SCHEDULES = ("rigid", "staged", "cumulative", "anti_staged", "anti_cumulative")


def counts(weights: jax.Array, batch_size: int) -> jax.Array:
    """Shares of a batch in proportion to weights, by largest remainders; ties to the lower level.

    Args:
      weights: ``[N]``, positive.
      batch_size: B.

    Returns:
      int32 ``[N]`` with sum B. A level of larger weight never gets fewer.
    """
    shares = batch_size * weights / weights.sum()
    whole = jnp.floor(shares).astype(jnp.int32)
    rank = jnp.argsort(jnp.argsort(whole - shares, stable=True))  # 0 for the largest remainder
    return whole + (rank < batch_size - whole.sum())


def scheduled(name: str, progress: jax.Array | float, *, num_levels: int, batch_size: int) -> jax.Array:
    """The fixed schedules that Gao & Grauman compare to; they divide the training into one phase per level.

    Args:
      name: "rigid" (all levels alike, always), "staged" (one level after the other), "cumulative" (one level more in
        every phase), or "anti_staged" and "anti_cumulative", which begin with the hardest.
      progress: share of the training that is over, in [0, 1]; can be traced.
      num_levels: N.
      batch_size: B.

    Returns:
      int32 ``[N]`` with sum B; what cannot be shared evenly goes to the newest level, of "rigid" to the lowest.
    """
    if name == "rigid":
        return counts(jnp.ones(num_levels), batch_size)
    phase = jnp.clip(jnp.floor(jnp.asarray(progress) * num_levels).astype(jnp.int32), 0, num_levels - 1)
    level = jnp.arange(num_levels)
    if name.endswith("staged"):
        share = jnp.where(level == phase, batch_size, 0)
    else:
        each = batch_size // (phase + 1)
        share = jnp.where(level < phase, each, jnp.where(level == phase, batch_size - phase * each, 0))
    return (share[::-1] if name.startswith("anti") else share).astype(jnp.int32)


def composition(rule: str, psnr: jax.Array, progress: jax.Array | float, *, batch_size: int) -> jax.Array:
    """How many examples of a batch each level gets.

    Args:
      rule: of ``RULES``, or of ``SCHEDULES``.
      psnr: ``[N]``, dB, of the last validation, which a rule goes by; all equal before the first.
      progress: share of the training that is over, which a schedule goes by.
      batch_size: B.

    Returns:
      int32 ``[N]`` with sum B, a function of its arguments alone.

    Raises:
      InputError: for an unknown rule.
    """
    if rule in RULES:
        return counts(RULES[rule](psnr), batch_size)
    if rule not in SCHEDULES:
        raise InputError(f"unknown curriculum {rule!r}; known: {', '.join((*RULES, *SCHEDULES))}")
    return scheduled(rule, progress, num_levels=len(psnr), batch_size=batch_size)


def levels(composition: jax.Array, batch_size: int) -> jax.Array:
    """The level of every example of a batch, easy ones first: int32 ``[B]``, from 1 to N.

    Args:
      composition: int32 ``[N]`` with sum B; data, so that another one recompiles nothing.
      batch_size: B.
    """
    return 1 + jnp.repeat(jnp.arange(len(composition)), composition, total_repeat_length=batch_size)
