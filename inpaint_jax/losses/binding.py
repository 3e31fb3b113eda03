"""Combine the losses of a config into one scalar by binding parameter names to values."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve
from inpaint_jax.types import PerExample


@dataclass(frozen=True, eq=False)  # compared by identity, so that jit accepts the object
class Objective:
    """Weighted sum of losses; call it with the values of a step.

    Attributes:
      weights: ``{label: weight}`` of the active terms; 0 for a term that is only watched.
      losses: ``{label: loss}``, each with its options bound.
      renamed: ``{label: {parameter: value name}}``, for parameters that take a value of another
        name.
    """

    weights: dict[str, float]
    losses: dict[str, functools.partial[PerExample]]
    renamed: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(
        self, values: Mapping[str, Any], scales: Mapping[str, jax.Array | float] | None = None
    ) -> tuple[jax.Array, dict[str, PerExample]]:
        """Evaluate every loss on the values that its parameters name.

        Args:
          values: available values by name: ``prediction``, ``target``, ...
          scales: ``{label: factor}``, scalars or ``[B]``, which multiply the weights; default 1.

        Returns:
          The scalar ``sum((weight * part).mean())``, and the unweighted parts ``{label: [B]}``. A
          watched term is among the parts but not in the sum.

        Raises:
          InputError: a loss needs a value that is not available, or does not return ``[B]``; raised
            at trace time.
        """
        parts = {
            label: _evaluate(label, loss, values, self.renamed.get(label, {}))
            for label, loss in self.losses.items()
        }
        weights = self.scaled(scales or {})
        counted = (
            weighted_mean(weights[label], part)
            for label, part in parts.items()
            if self.weights[label]
        )
        return sum(counted, jnp.zeros(())), parts

    def scaled(self, scales: Mapping[str, Any]) -> dict[str, Any]:
        """Multiply the weights by the given factors."""
        return {label: weight * scales.get(label, 1.0) for label, weight in self.weights.items()}

    def reads(self, value: str) -> bool:
        """Return True if any loss reads ``value``.

        Values that no loss reads need not be computed.
        """
        return bool(self.readers(value))

    def readers(self, value: str) -> list[str]:
        """Return the labels of the losses that read ``value``."""
        return [
            label
            for label, loss in self.losses.items()
            if value in _wanted(loss, self.renamed.get(label, {})).values()
        ]


def weighted_mean(weight: Any, part: PerExample) -> jax.Array:
    """Return the weighted mean of a term, with one weight or one weight per example."""
    return (weight * part).mean() if jnp.ndim(weight) else weight * part.mean()


def bind(terms: Mapping[str, Mapping[str, Any]], table: Mapping[str, Callable]) -> Objective:
    """Build an objective from the losses of a table; ``losses.objective`` documents the terms.

    Args:
      terms: ``{label: {"fn", "weight", "watch", **options}}``.
      table: losses by name.

    Raises:
      InputError: unknown loss, missing or invalid weight, a ``watch`` that is not a boolean, or
        unknown option.
    """
    weights, losses, renamed = {}, {}, {}
    for label, term in terms.items():
        options = dict(term)
        loss = resolve(options.pop("fn", label), table, kind="loss")
        weight = options.pop("weight", None)
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise InputError(
                f"loss {label!r}: weight must be a number, got {weight!r}; 0 switches the loss off"
            )
        if not isinstance(watch := options.pop("watch", False), bool):
            raise InputError(f"loss {label!r}: watch must be true or false, got {watch!r}")
        parameters = inspect.signature(loss).parameters
        if unknown := [name for name in options if name not in parameters]:
            known = [name for name, p in parameters.items() if p.default is not p.empty]
            accepted = ", ".join(known) or "none"
            raise InputError(
                f"loss {label!r} has no option {', '.join(unknown)}; its options: {accepted}"
            )
        names = {
            name: options.pop(name)
            for name in list(options)
            if parameters[name].default is inspect.Parameter.empty
        }
        if wrong := [name for name, value in names.items() if not isinstance(value, str)]:
            raise InputError(f"loss {label!r}: {wrong[0]} must be the name of a value")
        if weight or watch:
            weights[label], losses[label], renamed[label] = (
                float(weight),
                functools.partial(loss, **options),
                names,
            )
    return Objective(weights, losses, renamed)


def _wanted(loss: functools.partial, renamed: Mapping[str, str]) -> dict[str, str]:
    """Map the value parameters of a loss to value names, ``{parameter: value name}``."""
    return {
        name: renamed.get(name, name)
        for name in inspect.signature(loss.func).parameters
        if name not in loss.keywords
    }


def _evaluate(
    label: str, loss: functools.partial, values: Mapping[str, Any], renamed: Mapping[str, str]
) -> PerExample:
    parameters, wanted = inspect.signature(loss.func).parameters, _wanted(loss, renamed)
    missing = [
        value
        for name, value in wanted.items()
        if value not in values and parameters[name].default is inspect.Parameter.empty
    ]
    if missing:
        raise InputError(
            f"loss {label!r} needs {', '.join(missing)}; available here: "
            f"{', '.join(sorted(values))}"
        )
    given = {name: values[value] for name, value in wanted.items() if value in values}
    part = loss(**given)
    batch = {leaf.shape[0] for leaf in jax.tree.leaves(given) if getattr(leaf, "ndim", 0)}
    if not isinstance(part, jax.Array) or part.ndim != 1 or (batch and part.shape[0] not in batch):
        got = f"shape {part.shape}" if isinstance(part, jax.Array) else type(part).__name__
        size = "/".join(map(str, sorted(batch))) or "B"
        raise InputError(
            f"loss {label!r} must return one number per example, [{size}], it returned {got}"
        )
    return part
