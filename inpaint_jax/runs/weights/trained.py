"""Weights of a trained network for another run: ``stages.<name>.weights=WORKDIR``."""

import hashlib
from pathlib import Path

import jax
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.networks import weights_of
from inpaint_jax.runs.model import load
from inpaint_jax.runs.weights.archive import Weights


def of_run(workdir: str | Path, stage: str) -> Weights:
    """Read the first network of a trained stage, such as the generator of a generator and a critic.

    Args:
      workdir: folder of the run, written by ``inpaint train``.
      stage: name of the stage.

    Returns:
      The weights that the network uses for completion: the average over training steps, if any.

    Raises:
      InputError: the folder holds no run, or the run has no such stage.
    """
    model = load(workdir)
    networks = {trained.name: tuple(trained.networks) for trained in model.system.stages}
    if not networks.get(stage):
        raise InputError(f"{workdir} has no stage {stage!r}; its stages: {', '.join(networks)}")
    state = model.states[stage]
    params, stats = weights_of(state.networks[networks[stage][0]])
    leaves = jax.tree_util.tree_leaves_with_path({"params": params, "stats": stats})
    arrays = {
        jax.tree_util.keystr(path, simple=True, separator="/"): np.asarray(leaf)
        for path, leaf in leaves
    }
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + arrays[name].tobytes())
    about = {
        "kind": "run",
        "source": str(workdir),
        "stage": stage,
        "step": int(state.step),
        "stays": [],
    }
    return Weights(arrays, about, digest.hexdigest())
