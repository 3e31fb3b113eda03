"""Descriptions of stored arrays: shape, type and digest of each, to verify a tree when read."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from inpaint_jax import checks

Entry = Mapping[str, Any]  # "shape", "dtype" and, for a stored array, "sha256"


def described(tree: Any) -> dict[str, dict[str, Any]]:
    """Describe every array of a tree; the tree may be abstract.

    Args:
      tree: arrays, typed keys or their shapes; a typed key counts as the words that are saved.

    Returns:
      ``{path: {"shape", "dtype"}}``, in the order of the tree.
    """
    return {path: _entry(leaf) for path, leaf in _leaves(tree).items()}


def digested(tree: Any) -> dict[str, dict[str, Any]]:
    """Describe every array of a tree, with digests.

    Args:
      tree: arrays and typed keys.

    Returns:
      ``{path: {"shape", "dtype", "sha256"}}``; no "sha256" for an array that no process holds
      whole.
    """
    entries = {}
    with jax.ensure_compile_time_eval():  # also if a caller traces
        for path, leaf in _leaves(tree).items():
            entries[path] = _entry(leaf)
            if (values := _whole(leaf)) is not None:
                entries[path]["sha256"] = checks.digest(values)
    return entries


def sealed(about: Mapping[str, Any]) -> dict[str, Any]:
    """Add a description's digest to the description.

    Args:
      about: plain values for a JSON file.

    Returns:
      The same values with "sha256".
    """
    text = json.dumps(about, sort_keys=True)
    return {**about, "sha256": hashlib.sha256(text.encode()).hexdigest()[:16]}


def unbroken(stored: Any) -> bool:
    """Return whether a description is as ``sealed`` returned it."""
    if not isinstance(stored, dict) or "sha256" not in stored:
        return False
    return sealed({name: value for name, value in stored.items() if name != "sha256"}) == stored


def first_difference(stored: Mapping[str, Entry], wanted: Mapping[str, Entry]) -> str | None:
    """Find the first array that differs in shape or type, or exists on one side only.

    Args:
      stored: description from a file.
      wanted: description of the arrays in this program.

    Returns:
      A description of the difference; None if there is none.
    """
    for path, expected in wanted.items():
        if path not in stored:
            return f"the file has no {path} {expected['shape']}"
        found = stored[path]
        if (found["shape"], found["dtype"]) != (expected["shape"], expected["dtype"]):
            ours = f"{expected['dtype']}{expected['shape']} in the config"
            return f"{path} is {found['dtype']}{found['shape']} in the file but {ours}"
    surplus = next((path for path in stored if path not in wanted), None)
    return surplus and f"the file has {surplus} {stored[surplus]['shape']}, which the config lacks"


def first_damaged(stored: Mapping[str, Entry], tree: Any) -> str | None:
    """Find the first array that differs from the stored one.

    Args:
      stored: from ``digested``, before the arrays were stored.
      tree: the arrays as read.

    Returns:
      The path of that array; None if all are equal.
    """
    read = digested(tree)
    same = (
        path
        for path, entry in stored.items()
        if "sha256" in entry and "sha256" in read.get(path, {})
    )
    return next((path for path in same if stored[path]["sha256"] != read[path]["sha256"]), None)


def _leaves(tree: Any) -> dict[str, Any]:
    """Return leaves by path; typed keys as their words."""
    leaves = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(
        tree, is_leaf=lambda x: hasattr(x, "shape")
    )[0]:
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            concrete = isinstance(leaf, jax.Array)
            leaf = (
                jax.random.key_data(leaf) if concrete else jax.eval_shape(jax.random.key_data, leaf)
            )
        leaves[jax.tree_util.keystr(path, simple=True, separator="/")] = leaf
    return leaves


def _entry(leaf: Any) -> dict[str, Any]:
    return {"shape": list(leaf.shape), "dtype": str(leaf.dtype)}


def _whole(leaf: Any) -> np.ndarray | None:
    """Return the values of an array on the host; None if they are spread over several processes."""
    if isinstance(leaf, jax.Array) and leaf.is_fully_replicated:
        # A copy: numpy's view would share memory with an array that may be donated next.
        first = min(leaf.addressable_shards, key=lambda shard: shard.replica_id)
        leaf = first.data
    elif isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
        return None
    return np.asarray(leaf)
