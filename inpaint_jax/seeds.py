"""Random keys from (seed, image id), independent of the position and the batch of an image."""

import hashlib
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np


def example_keys(seed: int, ids: Sequence[str], purpose: str = "") -> jax.Array:
    """Derive one key per image.

    Args:
      seed: the run's seed.
      ids: image ids (file stem, TFDS id, ...).
      purpose: what the keys are for ("hole", "search"), so that two purposes never share a key.

    Returns:
      Typed keys ``[B]``; the same (seed, id, purpose) gives the same key on any machine.
    """
    digests = [
        hashlib.sha256(f"{purpose}\0{seed}\0{name}".encode(errors="surrogateescape")).digest()[:8]
        for name in ids
    ]
    words = np.frombuffer(b"".join(digests), dtype=">u4").astype(np.uint32).reshape(-1, 2)
    return jax.random.wrap_key_data(jnp.asarray(words), impl="threefry2x32")
