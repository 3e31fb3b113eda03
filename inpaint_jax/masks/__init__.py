"""Hole families, their names, and the frozen sets that results are measured on."""

from inpaint_jax.masks.boxes import center, center_overlap, half, place, quarter, rectangles, square, square_level
from inpaint_jax.masks.families import FAMILIES, by_turns, location_grid, parse
from inpaint_jax.masks.frozen import evaluation_holes, holes_hash
from inpaint_jax.masks.noise import pathak_pattern, pixels
from inpaint_jax.masks.strokes import ellipse_pattern, irregular

__all__ = [
    "FAMILIES",
    "by_turns",
    "center",
    "center_overlap",
    "ellipse_pattern",
    "evaluation_holes",
    "half",
    "holes_hash",
    "irregular",
    "location_grid",
    "parse",
    "pathak_pattern",
    "pixels",
    "place",
    "quarter",
    "rectangles",
    "square",
    "square_level",
]
