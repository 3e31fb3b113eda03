"""Trained systems on large images (``--fit=around``).

A square around every hole is completed at the model's size.
"""

import functools

import numpy as np

from inpaint_jax.compositing import from_uint8, to_uint8
from inpaint_jax.data.fitting import Fit
from inpaint_jax.errors import InputError
from inpaint_jax.systems.driver import Task
from inpaint_jax.systems.parts.windows import Around, Window, windows
from inpaint_jax.systems.pieces import Piece, Run, in_pieces

AROUND = "around"  # value of --fit
MARGIN = 0.5  # margin on each side of a hole, in longer sides of the bounding box


def run_around(run: Run, size: int) -> Run:
    """Turn the ``run`` of a model of one size into a ``run`` for images of any size.

    Around every hole a square is cut. Its side is twice the longer side of the hole's bounding box,
    so that the margin on each side is half of that longer side, and at least the model's side. The
    square is smaller where the image has no room, as long as it contains the hole. The square is
    resized to the model's side, and the completion is resized back into the hole. Nearby holes
    share a square.

    Args:
      run: ``run`` of the model.
      size: side of the model.

    Returns:
      ``run`` for whole images. It raises InputError for a hole that fits into no square of its
      image.
    """
    return in_pieces(lambda task: cut_squares(task, size), run)


def cut_squares(task: Task, size: int) -> list[Piece]:
    """Cut the squares of an image.

    Args:
      task: the image and the hole; 0 inside the hole.
      size: side of the model.

    Raises:
      InputError: a hole fits into no square of the image.
    """
    missing = task.hole[..., 0] > 0.5
    fit = Fit("resize", size)
    pixels = to_uint8(task.image)
    pieces = []
    for square, box in windows(missing, square_around(missing.shape, size)):
        if square is None:
            raise InputError(
                f"{task.id}: no square of the {missing.shape[1]}x{missing.shape[0]} image contains "
                f"the hole of {box.width}x{box.height} pixels; use --fit=resize, or a method "
                "without training"
            )
        image, hole = square.of(pixels), square.of(missing)
        seen = from_uint8(fit.to_model(image, hole))
        paste = functools.partial(_paste, fit, image, square, box, missing)
        pieces.append(Piece(seen, fit.hole_to_model(hole).astype(np.float32), paste))
    return pieces


def square_around(shape: tuple[int, ...], size: int) -> Around:
    """Place squares, see ``run_around``; return None for a box that fits into no square."""
    limit = min(shape)

    def around(box: Window) -> Window | None:
        longer = max(box.height, box.width)
        if longer > limit:
            return None
        side = min(max(size, round((1 + 2 * MARGIN) * longer)), limit)
        top = min(max(box.top + box.height // 2 - side // 2, 0), shape[0] - side)
        left = min(max(box.left + box.width // 2 - side // 2, 0), shape[1] - side)
        return Window(top, left, side, side)

    return around


def _paste(fit: Fit, image, square: Window, box: Window, missing, whole, completed) -> None:
    """Put a completed square, at the model's size, into the hole pixels of that square."""
    enlarged = from_uint8(fit.carry_back(image, completed, square.of(missing)))
    np.copyto(box.of(whole), box.inside(square).of(enlarged), where=box.of(missing)[..., None])
