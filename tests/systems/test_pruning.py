"""Removal of the arguments that a function does not need."""

import jax.numpy as jnp
import numpy as np

from inpaint_jax.systems.pruning import prune


def test_prune():
    lean, needed = prune(
        lambda tree, y: {"z": tree["a"] + y}, {"a": jnp.ones(2), "b": jnp.ones(3)}, jnp.ones(2)
    )
    assert needed == [True, False, True]
    np.testing.assert_array_equal(lean(jnp.ones(2), jnp.ones(2))["z"], [2, 2])
