"""Removal of unused arguments from a function."""

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun
from jax.interpreters import partial_eval


def prune(function: Callable[..., Any], *arguments: Any) -> tuple[Callable[..., Any], list[bool]]:
    """Drop the arguments that a function does not need, leaf by leaf.

    Args:
      function: trees of arrays -> a tree of arrays.
      *arguments: examples; only their shapes matter.

    Returns:
      The function of the needed leaves, ``(*leaves) -> tree``; and a flag for every leaf of the
      arguments, in the order of ``jax.tree.leaves``: whether the function needs it.
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
    jaxpr, needed = partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars))
    lean = jaxpr_as_fun(ClosedJaxpr(jaxpr, closed.consts))
    return lambda *leaves: jax.tree.unflatten(jax.tree.structure(shape), lean(*leaves)), needed
