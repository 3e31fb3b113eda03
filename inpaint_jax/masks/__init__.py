"""Hole families by name, and frozen sets of holes for evaluation.

``module:attribute`` names your own family: a function ``(key, size) -> hole [size, size, 1]``, 1 =
missing, that runs under ``jit`` and ``vmap``. Wrap the function in a ``Family`` to parse an option
after a second colon::

    # my_masks.py
    import jax.numpy as jnp
    from inpaint_jax.masks import Family

    def cross(key, size, *, width=2):
        inside = abs(jnp.arange(size) - (size - 1) / 2) < width / 2
        return (inside[:, None, None] | inside[None, :, None]).astype(jnp.float32)

    bars = Family(cross, "my_masks:bars:4", read=lambda text: {"width": int(text)})

``--holes=my_masks:cross,my_masks:bars:6`` then works like ``center`` and ``random:0.8``, in
training and in frozen sets. Built-in names take precedence, so a module called ``center`` is never
imported.
"""

from inpaint_jax.masks.boxes import (
    center,
    center_overlap,
    half,
    quarter,
    rectangles,
    square,
    square_at,
    square_level,
)
from inpaint_jax.masks.families import FAMILIES, Family, cycle, location_grid, names_family, parse
from inpaint_jax.masks.frozen import evaluation_holes, holes_hash
from inpaint_jax.masks.noise import pathak_pattern, pixels
from inpaint_jax.masks.shape import is_scattered
from inpaint_jax.masks.strokes import ellipse_pattern, irregular

__all__ = [
    "FAMILIES",
    "Family",
    "center",
    "center_overlap",
    "cycle",
    "ellipse_pattern",
    "evaluation_holes",
    "half",
    "holes_hash",
    "irregular",
    "is_scattered",
    "location_grid",
    "names_family",
    "parse",
    "pathak_pattern",
    "pixels",
    "quarter",
    "rectangles",
    "square",
    "square_at",
    "square_level",
]
