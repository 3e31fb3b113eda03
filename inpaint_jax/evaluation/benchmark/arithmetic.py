"""The arithmetic of a function, from the shapes of its matrix products and convolutions.

XLA's own ``cost_analysis`` counts the body of a loop once, and whatever a lowering computes in vain.
"""

import math
from typing import Any

from jax.extend.core import jaxprs_in_params
from jax.interpreters import partial_eval


def multiply_adds(jaxpr: Any) -> int:
    """Multiplications of all matrix products and convolutions; elementwise work is left out.

    Zeros that only pad or dilate are not counted as pixels where a stride put them, and are where a border did. Of
    several branches (one per platform) the last counts, which is the plain one; a loop of unknown length counts once.

    Args:
      jaxpr: as in ``jax.jit(f).trace(...).jaxpr``.
    """
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)  # closed or open
    alive, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))  # gradients that nobody asked for
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
            terms = math.prod(kernel[i] for i in axes[1:])  # input channels and taps of one output pixel
            return math.prod(equation.outvars[0].aval.shape) * terms // math.prod(params["lhs_dilation"])
        case "shard_map":  # the same on every device
            return params["mesh"].size * multiply_adds(params["jaxpr"])
        case "scan":
            return params["length"] * multiply_adds(params["jaxpr"])
        case "cond":
            return multiply_adds(params["branches"][-1])
        case _:
            return sum(multiply_adds(inner) for inner in jaxprs_in_params(params))
