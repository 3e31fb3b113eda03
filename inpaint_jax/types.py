"""Array type aliases, and trace-time checks of shapes."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError

Image = jax.Array  # float32 [B, H, W, C] in [-1, 1]
Hole = jax.Array  # float32 [B, H, W, 1], 1 = missing
Latent = jax.Array  # float32 [B, Z]
Key = jax.Array  # typed PRNG key, []
PerExample = jax.Array  # float32 [B]
Batch = Mapping[str, jax.Array]  # {"image": [B, H, W, C], "label": [B], ...}
Tree = Any  # any pytree of arrays


def check_float(**arrays: jax.Array | np.ndarray) -> None:
    """Raise InputError, naming the array and its type, unless all are float.

    Integers are nearly always the raw values of an image file. A loss computed from them would look
    plausible but be wrong.
    """
    for name, array in arrays.items():
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise InputError(
                f"{name} must be float, got {array.dtype}: images are in [-1, 1] "
                "(compositing.from_uint8 converts uint8), and holes are 0 or 1"
            )


def check_image(name: str, image: jax.Array | np.ndarray) -> None:
    """Raise InputError unless ``image`` is a float array ``[B, H, W, C]``."""
    check_float(**{name: image})
    if image.ndim != 4:
        raise InputError(f"{name} must have the shape [B, H, W, C], got {image.shape}")


def check_same_shape(**arrays: jax.Array | np.ndarray) -> None:
    """Raise InputError, naming every array, unless all are float and of one shape."""
    check_float(**arrays)
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"shapes differ: {shapes}")


def check_hole(
    hole: jax.Array | np.ndarray, image: jax.Array | np.ndarray, name: str = "image"
) -> None:
    """Raise InputError unless ``hole`` is a float array ``[B, H, W, 1]`` for the image."""
    check_image(name, image)
    check_float(hole=hole)
    if hole.shape != (*image.shape[:3], 1):
        wanted = f"{(*image.shape[:3], 1)} for {name} {image.shape}"
        raise InputError(f"hole must have the shape {wanted}, got {hole.shape}")
