"""What a stored tree of arrays is: the shape, type and digest of each, by which it is verified when it is read."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from inpaint_jax import checks

Entry = Mapping[str, Any]  # "shape", "dtype" and, of a stored array, "sha256"


def described(tree: Any) -> dict[str, dict[str, Any]]:
    """Describe every array of a tree, of an abstract one too.

    Args:
      tree: arrays, typed keys or their shapes; a typed key counts as the words that it is saved as.

    Returns:
      ``{path: {"shape", "dtype"}}``, in the order of the tree.
    """
    return {path: _entry(leaf) for path, leaf in _leaves(tree).items()}


def digested(tree: Any) -> dict[str, dict[str, Any]]:
    """Describe every array of a tree, with digests.

    Args:
      tree: arrays and typed keys.

    Returns:
      ``{path: {"shape", "dtype", "sha256"}}``; an array of which no process has the whole has no "sha256".
    """
    entries = {}
    with jax.ensure_compile_time_eval():  # also where a caller traces
        for path, leaf in _leaves(tree).items():
            entries[path] = _entry(leaf)
            if (values := _whole(leaf)) is not None:
                entries[path]["sha256"] = checks.digest(values)
    return entries


def sealed(about: Mapping[str, Any]) -> dict[str, Any]:
    """Add a digest of a description itself.

    Args:
      about: plain values for a JSON file.

    Returns:
      The same with "sha256".
    """
    text = json.dumps(about, sort_keys=True)
    return {**about, "sha256": hashlib.sha256(text.encode()).hexdigest()[:16]}


def unbroken(stored: Any) -> bool:
    """Whether a description is as ``sealed`` returned it."""
    if not isinstance(stored, dict) or "sha256" not in stored:
        return False
    return sealed({name: value for name, value in stored.items() if name != "sha256"}) == stored


def first_difference(stored: Mapping[str, Entry], wanted: Mapping[str, Entry]) -> str | None:
    """Find the first array that has another shape or type, or is on one side only.

    Args:
      stored: in a file.
      wanted: here.

    Returns:
      What differs, in words; None where nothing does.
    """
    for path, here in wanted.items():
        if path not in stored:
            return f"it has no {path}, here {here['shape']}"
        there = stored[path]
        if (there["shape"], there["dtype"]) != (here["shape"], here["dtype"]):
            return f"{path} is {there['dtype']}{there['shape']} there and {here['dtype']}{here['shape']} here"
    surplus = next((path for path in stored if path not in wanted), None)
    return surplus and f"it has {surplus} {stored[surplus]['shape']}, which is not here"


def first_damaged(stored: Mapping[str, Entry], tree: Any) -> str | None:
    """Find the first array that is not what was stored.

    Args:
      stored: from ``digested``, before it was stored.
      tree: as it was read.

    Returns:
      The path of that array; None where all are the same.
    """
    read = digested(tree)
    same = (path for path, entry in stored.items() if "sha256" in entry and "sha256" in read.get(path, {}))
    return next((path for path in same if stored[path]["sha256"] != read[path]["sha256"]), None)


def _leaves(tree: Any) -> dict[str, Any]:
    """Leaves by path; typed keys as their words."""
    leaves = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda x: hasattr(x, "shape"))[0]:
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            concrete = isinstance(leaf, jax.Array)
            leaf = jax.random.key_data(leaf) if concrete else jax.eval_shape(jax.random.key_data, leaf)
        leaves[jax.tree_util.keystr(path, simple=True, separator="/")] = leaf
    return leaves


def _entry(leaf: Any) -> dict[str, Any]:
    return {"shape": list(leaf.shape), "dtype": str(leaf.dtype)}


def _whole(leaf: Any) -> np.ndarray | None:
    """The values of an array on the host, None where they lie on several processes."""
    if isinstance(leaf, jax.Array) and leaf.is_fully_replicated:
        # The copy that is stored, in an array of its own: numpy's view would stay with one that may be donated next.
        first = min(leaf.addressable_shards, key=lambda shard: shard.replica_id)
        leaf = first.data
    elif isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
        return None
    return np.asarray(leaf)
