"""Weights of search terms that depend on the hole.

A term of a config may have two settings beside the numeric weight. ``relative_to`` names another
term: the weight is then a share of that term's value, which a stage has measured per hole family
(``balance``). ``scattered`` is a factor under holes of scattered pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.masks.shape import is_scattered
from inpaint_jax.types import Hole

SHARE = "share"  # of missing pixels, beside the measured terms
RULES = ("weight", "watch", "relative_to", "scattered")  # the other keys describe the computation
LOOK = ("window", "counted", "classifier_input")  # settings of a search that change a term's value


class Terms(NamedTuple):
    """The losses of a config, split by kind of setting.

    Attributes:
      plain: in the form of ``losses.objective``.
      relative: ``{term: reference term}``, for relative weights that are not 0.
      scattered: ``{term: factor}``, for factors other than 1.
    """

    plain: dict[str, dict[str, Any]]
    relative: dict[str, str]
    scattered: dict[str, float]


def split(losses: Mapping[str, Mapping[str, Any]]) -> Terms:
    """Split the losses of a config by kind of setting.

    Args:
      losses: ``{label: {"fn", "weight", "relative_to", "scattered", ...}}``.

    Raises:
      InputError: ``relative_to`` names no term, or ``scattered`` is not a number.
    """
    plain, relative, scattered = {}, {}, {}
    for label, term in losses.items():
        plain[label] = {key: value for key, value in term.items() if key not in RULES[2:]}
        reference, factor = term.get("relative_to", ""), term.get("scattered", 1.0)
        if reference and (reference not in losses or reference == label):
            others = ", ".join(name for name in losses if name != label)
            raise InputError(
                f"losses.{label}.relative_to: unknown term {reference!r}; known: {others}"
            )
        if isinstance(factor, bool) or not isinstance(factor, int | float):
            raise InputError(f"losses.{label}.scattered must be a number, got {factor!r}")
        if reference and term.get("weight"):
            relative[label] = reference
        if factor != 1:
            scattered[label] = float(factor)
    return Terms(plain, relative, scattered)


def check_measured(
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    measured: Mapping[str, Any] | None,
    *,
    stage: str,
) -> None:
    """Refuse relative weights without matching measurements in the run.

    Args:
      losses: losses of the search.
      search: the config's ``search``.
      measured: settings of the measuring stage, with ``losses`` and ``search``; None: no stage.
      stage: name of the stage.

    Raises:
      InputError: the run has no such stage, or the stage measured other terms.
    """
    for label, reference in split(losses).relative.items():
        absolute = f'give an absolute weight, with losses.{label}.relative_to=""'
        where = f"losses.{label}: the weight is a share of {reference}"
        if measured is None:
            raise InputError(
                f"{where}, but this run has no stage {stage} that measures it: {absolute}"
            )
        for name in (label, reference):
            current, then = described(losses[name]), described(measured["losses"].get(name, {}))
            if current != then:
                raise InputError(
                    f"{where}, but the stage {stage} measured {name} as {then}, "
                    f"not {current}: {absolute}"
                )
        for key in LOOK:
            if search.get(key) != measured["search"].get(key):
                found = measured["search"].get(key)
                raise InputError(
                    f"{where}, but it was measured with search.{key}={found!r}: {absolute}"
                )


def described(term: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a term without the weight."""
    return {key: value for key, value in term.items() if key not in RULES}


def row_of(measured: Mapping[str, jax.Array], hole: Hole, family: jax.Array) -> jax.Array:
    """Choose a measured family for every hole: its own, or the one with the closest missing share.

    Args:
      measured: ``{"share": [F], ...}``.
      hole: ``[B, H, W, 1]``.
      family: int32 ``[B]``, indices of the F families; -1 for a hole of another family.

    Returns:
      int32 ``[B]``, indices of families.
    """
    distance = jnp.abs(hole.mean((1, 2, 3))[:, None] - measured[SHARE][None])
    return jnp.where(family >= 0, family, distance.argmin(1))


def factors(
    terms: Terms, measured: Mapping[str, jax.Array], hole: Hole, family: jax.Array
) -> dict[str, jax.Array]:
    """Compute the factors of a config's weights under some holes.

    Args:
      terms: terms of the search.
      measured: ``{"share": [F], term: [F]}``, values of terms per hole family; empty if no weight
        is relative.
      hole: ``[B, H, W, 1]``.
      family: int32 ``[B]``, see ``row_of``.

    Returns:
      ``{term: [B]}``.
    """
    found = {}
    if terms.relative:
        row = row_of(measured, hole, family)
        found = {
            label: ratio(measured[of], measured[label])[row] for label, of in terms.relative.items()
        }
    for label, factor in terms.scattered.items():
        found[label] = found.get(label, 1.0) * jnp.where(is_scattered(hole), factor, 1.0)
    return found


def ratio(reference: jax.Array, height: jax.Array) -> jax.Array:
    """Return the factor that scales a term to the reference; 0 for a term that is 0."""
    return jnp.where(height > 0, reference / jnp.where(height > 0, height, 1.0), 0.0)


def remark(
    terms: Terms,
    families: Sequence[str],
    measured: Mapping[str, jax.Array],
    hole: Hole | np.ndarray,
    family: str,
) -> str:
    """Name the family behind the weights, if the family of the holes was not measured.

    Args:
      terms: terms of the search.
      families: the measured families.
      measured: as in ``factors``.
      hole: ``[N, H, W, 1]``.
      family: family of the holes; empty: unknown.

    Returns:
      One clause; empty if there is nothing to note.
    """
    if not terms.relative or family in families:
        return ""
    rows = np.asarray(row_of(measured, jnp.asarray(hole), jnp.full(len(hole), -1)))
    taken = ", ".join(
        f"{name} ({float(measured[SHARE][row]):.2f}) for {count}"
        for row, name in enumerate(families)
        if (count := int((rows == row).sum()))
    )
    return (
        f"weights of {', '.join(terms.relative)} balanced for the family with the closest share of "
        f"missing pixels: {taken} of {len(hole)} images"
    )
