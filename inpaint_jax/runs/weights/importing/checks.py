"""Verify an import: every parameter is filled, every skipped array has a reason.

Every layer reproduces the output of the original layer.
"""

from fnmatch import fnmatch
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.networks.functional import pure
from inpaint_jax.runs.weights.importing.layers import (
    OUR_EPSILON,
    Arrays,
    Kind,
    Layer,
    Take,
    centred,
    turned,
)
from inpaint_jax.runs.weights.importing.source import Source

SIDE = 64  # side of an image that every network accepts


def left_out(kind: Kind, source: Source) -> dict[str, list[str]]:
    """Return the reasons for skipped arrays: ``{reason: ["aux1.* (10)", ...]}``.

    Raises:
      InputError: a name without a reason; it belongs to another network.
    """
    counts: dict[str, dict[str, int]] = {}
    for name in source.left():
        pattern = next((pattern for pattern in kind.left_out if fnmatch(name, pattern)), None)
        if pattern is None:
            raise InputError(
                f"{source.path} has {name}, which a {source.kind} lacks: does it "
                "belong to another network?"
            )
        count = counts.setdefault(kind.left_out[pattern], {})
        count[pattern] = count.get(pattern, 0) + 1
    return {
        reason: [f"{pattern} ({n})" for pattern, n in found.items()]
        for reason, found in counts.items()
    }


def shapes(kind: Kind, module: Any, arrays: Arrays, source: Source) -> None:
    """Raise InputError unless the arrays are finite and complete.

    Only layers that may keep their initialisation may be missing.
    """
    inputs = kind.inputs(module, arrays) if kind.inputs else (jnp.zeros((1, SIDE, SIDE, 3)),)
    params, stats = jax.eval_shape(lambda: pure(module).init(jax.random.key(0), *inputs))
    leaves = jax.tree_util.tree_leaves_with_path({"params": params, "stats": stats})
    wanted = {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf.shape for path, leaf in leaves
    }
    for path, shape in wanted.items():
        layer = path.removeprefix("params/").removeprefix("stats/batch_stats/")
        if path in arrays and arrays[path].shape != shape:
            found = list(arrays[path].shape)
            raise InputError(
                f"{source.path} gives {path} the shape {found}; a {source.kind} of this "
                f"width has {list(shape)}"
            )
        assert path in arrays or layer.startswith(kind.stays), path
    assert wanted.keys() >= arrays.keys()
    for path, array in arrays.items():
        if not np.isfinite(array).all() or (path.endswith("/var") and array.min() < 0):
            raise InputError(
                f"{source.path} gives {path} negative or non-finite values: its training diverged, "
                "or the file is damaged"
            )


def disagreement(kind: Kind, layer: Layer, take: Take, arrays: Arrays) -> float:
    """Return the difference of our layer's output from the source's on a random patch.

    The difference is a fraction of the largest value. Both outputs are computed here in float64
    from their definitions, the source's with channels first. Group norms, which are copied, are
    left out.
    """
    if kind.disagreement:
        return kind.disagreement(layer, take, arrays)
    weight = take(f"{layer.theirs}.weight").astype(np.float64)
    patch = np.random.default_rng(0).normal(size=weight.shape[1:])
    theirs = np.tensordot(weight, patch, patch.ndim)
    params = {
        name: arrays[f"params/{layer.ours}/{name}"].astype(np.float64)
        for name in ("kernel", "bias")
    }
    seen = turned(patch[None])
    if patch.ndim == 3:
        seen = centred(seen, params["kernel"].shape[0])
    ours = np.tensordot(seen[..., 0], params["kernel"], patch.ndim) + params["bias"]
    if f"stats/batch_stats/{layer.norm}/mean" in arrays:
        norm = {
            name: take(f"{layer.their_norm}.{name}")
            for name in ("weight", "bias", "running_mean", "running_var")
        }
        shifted = (theirs - norm["running_mean"]) / np.sqrt(norm["running_var"] + kind.epsilon)
        theirs = norm["weight"] * shifted + norm["bias"]
        mean, variance = (
            arrays[f"stats/batch_stats/{layer.norm}/{name}"] for name in ("mean", "var")
        )
        ours = (ours - mean) / np.sqrt(variance + OUR_EPSILON) + arrays[f"params/{layer.norm}/bias"]
    else:
        theirs = theirs + take(f"{layer.theirs}.bias")
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-12))
