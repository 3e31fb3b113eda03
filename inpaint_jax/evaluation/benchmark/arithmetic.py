"""Operation counts of a function, from the shapes of matrix products and convolutions.

XLA's ``cost_analysis`` counts the body of a loop once, and includes superfluous work of a lowering.
"""

import math
from collections.abc import Callable
from typing import Any

from jax.extend.core import jaxprs_in_params
from jax.interpreters import partial_eval


def multiply_adds(jaxpr: Any) -> int:
    """Count the multiplications of all matrix products and convolutions, not elementwise work.

    Zeros from a stride (padding or dilation) do not count as pixels; zeros from a border do. Of
    several branches, one per platform, only the last counts, which is the plain one; of others the
    one with the most work. A loop of unknown length counts once.

    Args:
      jaxpr: as in ``jax.jit(f).trace(...).jaxpr``.
    """
    return _total(jaxpr, _multiply_adds)


def elements_moved(jaxpr: Any) -> int:
    """Count the elements of operands and results of all products, as in ``multiply_adds``.

    This is a lower bound of the memory traffic: all elementwise work is fused into the products.
    """
    return _total(jaxpr, _elements)


def _total(jaxpr: Any, of_product: Callable[[Any], int]) -> int:
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)  # closed or open
    # removes unused gradients
    alive, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
    platforms = {
        id(equation.outvars[0])
        for equation in alive.eqns
        if equation.primitive.name == "platform_index"
    }
    return sum(_of_equation(equation, of_product, platforms) for equation in alive.eqns)


def _of_equation(equation: Any, of_product: Callable[[Any], int], platforms: set[int]) -> int:
    params = equation.params
    match equation.primitive.name:
        case "dot_general" | "conv_general_dilated":
            return of_product(equation)
        case "shard_map":  # the same on every device
            return params["mesh"].size * _total(params["jaxpr"], of_product)
        case "scan":
            return params["length"] * _total(params["jaxpr"], of_product)
        case "cond":
            branches = params["branches"]
            chosen = branches[-1:] if id(equation.invars[0]) in platforms else branches
            return max(_total(branch, of_product) for branch in chosen)
        case _:
            return sum(_total(inner, of_product) for inner in jaxprs_in_params(params))


def _multiply_adds(equation: Any) -> int:
    params, out = equation.params, math.prod(equation.outvars[0].aval.shape)
    if equation.primitive.name == "dot_general":
        (contracted, _), _ = params["dimension_numbers"]
        left = equation.invars[0].aval.shape
        return out * math.prod(left[i] for i in contracted)
    kernel, axes = equation.invars[1].aval.shape, params["dimension_numbers"].rhs_spec
    terms = math.prod(kernel[i] for i in axes[1:])  # input channels and taps of one output pixel
    return out * terms // math.prod(params["lhs_dilation"])


def _elements(equation: Any) -> int:
    return sum(math.prod(each.aval.shape) for each in (*equation.invars[:2], equation.outvars[0]))
