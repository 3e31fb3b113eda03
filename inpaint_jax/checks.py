"""What is asked of pictures and holes before they are completed, said in one line where it is not met."""

from collections.abc import Sequence

import numpy as np

from inpaint_jax.errors import InputError


def arrays(
    images: np.ndarray, holes: np.ndarray, ids: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Pictures, a hole for each, and an id for each.

    Args:
      images: ``[B, H, W, C]``.
      holes: ``[B, H, W, 1]``, or one ``[H, W, 1]`` for all.
      ids: one per picture, or None for "0", "1", ...

    Returns:
      float32 ``[B, H, W, C]``, float32 ``[B, H, W, 1]``, and B ids.

    Raises:
      InputError: for shapes that do not fit, a wrong number of ids, or an id that stands for two pictures.
    """
    images, holes = np.asarray(images, np.float32), np.asarray(holes, np.float32)
    one_per_picture = (*images.shape[:3], 1)
    if images.ndim != 4 or holes.shape not in (one_per_picture, one_per_picture[1:]):
        raise InputError(
            f"images must be [B, H, W, C] and holes [B, H, W, 1] or [H, W, 1], got {images.shape} and {holes.shape}"
        )
    ids = [str(i) for i in range(len(images))] if ids is None else list(ids)
    if len(ids) != len(images) or len(set(ids)) != len(ids):
        raise InputError(
            f"one id per picture: got {len(ids)} ids, {len(set(ids))} of them different, for {len(images)}"
        )
    return images, np.broadcast_to(holes, one_per_picture), ids


def picture(name: str, image: np.ndarray, hole: np.ndarray, *, size: int | None) -> None:
    """Refuses a picture that cannot be completed.

    Args:
      name: the picture's id.
      image: ``[H, W, C]``; what it holds inside the hole is not looked at.
      hole: ``[H, W, 1]``, 1 = missing.
      size: side that the picture must have; None: any.

    Raises:
      InputError: for another size, a hole that is empty or full, or known pixels that are not finite.
    """
    if image.shape[:2] != hole.shape[:2] or (size and image.shape[:2] != (size, size)):
        raise InputError(
            f"{name}: picture {image.shape[:2]} and hole {hole.shape[:2]} must both be "
            f"{(size, size) if size else 'of one size'}"
        )
    if not 0 < hole.mean() < 1:
        what = "empty: no pixel is missing" if not hole.any() else "full: no pixel is known"
        raise InputError(f"{name}: the hole is {what}")
    if not np.isfinite(np.where(hole > 0, 0, image)).all():
        raise InputError(f"{name}: the picture has NaN or infinite pixels outside its hole")
