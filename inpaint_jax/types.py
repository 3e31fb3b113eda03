"""Names of the arrays that travel through the package, and the trace-time checks of their shapes."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

Image = jax.Array  # float32 [B, H, W, C] in [-1, 1]
Hole = jax.Array  # float32 [B, H, W, 1], 1 = missing
Latent = jax.Array  # float32 [B, Z]
Key = jax.Array  # typed PRNG key, []
PerExample = jax.Array  # float32 [B]
Batch = Mapping[str, jax.Array]  # {"image": [B, H, W, C], "label": [B], ...}
Tree = Any  # any pytree of arrays


def check_image(name: str, image: jax.Array | np.ndarray) -> None:
    """Raises ValueError unless ``image`` has the shape ``[B, H, W, C]``."""
    if image.ndim != 4:
        raise ValueError(f"{name} must have the shape [B, H, W, C], got {image.shape}")


def check_same_shape(**arrays: jax.Array | np.ndarray) -> None:
    """Raises ValueError, naming every array and its shape, unless all shapes are equal."""
    if len({a.shape for a in arrays.values()}) > 1:
        raise ValueError("shapes differ: " + ", ".join(f"{n} {a.shape}" for n, a in arrays.items()))


def check_hole(hole: jax.Array | np.ndarray, image: jax.Array | np.ndarray, name: str = "image") -> None:
    """Raises ValueError unless ``hole`` is ``[B, H, W, 1]`` for an ``image`` ``[B, H, W, C]``."""
    check_image(name, image)
    if hole.shape != (*image.shape[:3], 1):
        raise ValueError(f"hole must have the shape {(*image.shape[:3], 1)} for {name} {image.shape}, got {hole.shape}")
