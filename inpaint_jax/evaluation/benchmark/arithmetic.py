"""Operation counts of a function, from the shapes of matrix products and convolutions.

XLA's ``cost_analysis`` counts the body of a loop once, and includes superfluous work of a lowering.
"""

import math
from typing import Any

from jax.extend.core import jaxprs_in_params
from jax.interpreters import partial_eval


def multiply_adds(jaxpr: Any) -> int:
    """Count the multiplications of all matrix products and convolutions, not elementwise work.

    Zeros from a stride (padding or dilation) do not count as pixels; zeros from a border do. Of
    several branches (one per platform) only the last counts, which is the plain one. A loop of
    unknown length counts once.

    Args:
      jaxpr: as in ``jax.jit(f).trace(...).jaxpr``.
    """
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)  # closed or open jaxpr
    alive, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))  # drops unused gradients
    return sum(_of_equation(equation) for equation in alive.eqns)


def _of_equation(equation: Any) -> int:
    params = equation.params
    match equation.primitive.name:
        case "dot_general":
            (contracted, _), _ = params["dimension_numbers"]
            left = equation.invars[0].aval.shape
            return math.prod(equation.outvars[0].aval.shape) * math.prod(left[i] for i in contracted)
        case "conv_general_dilated":
            kernel, axes = equation.invars[1].aval.shape, params["dimension_numbers"].rhs_spec
            terms = math.prod(kernel[i] for i in axes[1:])  # input channels and taps
            return math.prod(equation.outvars[0].aval.shape) * terms // math.prod(params["lhs_dilation"])
        case "shard_map":  # all devices run the same program
            return params["mesh"].size * multiply_adds(params["jaxpr"])
        case "scan":
            return params["length"] * multiply_adds(params["jaxpr"])
        case "cond":
            return multiply_adds(params["branches"][-1])
        case _:
            return sum(multiply_adds(inner) for inner in jaxprs_in_params(params))
