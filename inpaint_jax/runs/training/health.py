"""Checks that a training is healthy: finite losses and parameters of ordinary size."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.errors import InputError
from inpaint_jax.runs.checkpoints import Checkpoints

EXPLODED = 1e10  # no healthy loss or parameter comes near


@jax.jit
def parameter_norms(state) -> dict[str, jax.Array]:
    """Return the largest absolute parameter of each network."""
    return {
        f"parameters of {name}": jnp.max(
            jnp.stack([jnp.abs(x).max() for x in jax.tree.leaves(network.params)])
        )
        for name, network in state.networks.items()
    }


def check_finite(values: Mapping[str, Any], number: int, checkpoints: Checkpoints) -> None:
    """Raise InputError, keeping the last good checkpoint, for a value not finite or too large."""
    if bad := [
        f"{name} is {value:.3g}" for name, value in values.items() if not abs(value) < EXPLODED
    ]:
        checkpoints.wait()
        good = checkpoints.latest()
        raise InputError(
            f"training diverged by step {number}: {', '.join(bad)}; "
            + (f"the last good checkpoint is step {good}" if good else "there is no checkpoint yet")
            + f" in {checkpoints.folder}; try a lower learning rate or another seed"
        )
