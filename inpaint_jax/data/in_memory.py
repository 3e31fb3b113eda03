"""Images and holes in memory: PIL images and uint8 arrays, of any size."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from PIL import Image

from inpaint_jax.compositing import from_uint8
from inpaint_jax.data.encoding import completed as filled
from inpaint_jax.data.encoding import to_pillow
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.holes import (
    check_not_empty,
    check_size,
    hole_of_values,
    hole_to_image,
    hole_to_model,
)
from inpaint_jax.data.originals import Original, original_of
from inpaint_jax.data.painted import hole_of
from inpaint_jax.errors import InputError

Held = Image.Image | np.ndarray


class InMemory(NamedTuple):
    """An image from the caller, at full size and as a model sees it.

    Attributes:
      is_pil: whether the image came as a PIL image; it is returned as one.
      original: the pixels, and everything else that a PIL image carries.
      hole: bool ``[H, W]``, True = missing.
      image: float32 ``[S, S, 3]`` in [-1, 1].
      model_hole: float32 ``[S, S, 1]``, 1 = missing.
    """

    is_pil: bool
    original: Original
    hole: np.ndarray
    image: np.ndarray
    model_hole: np.ndarray

    def completed(self, completed: np.ndarray, fit: Fit) -> Original:
        """Put a completion ``[S, S, 3]`` in [-1, 1] into the hole, at the image's full size."""
        pixels = fit.carry_back(self.original.pixels, completed, self.hole)
        return filled(self.original, pixels, self.hole)

    def carry_back(self, completed: np.ndarray, fit: Fit) -> Held:
        """Put a completion into the hole, and return the image in the type in which it came."""
        whole = self.completed(completed, fit)
        return to_pillow(whole) if self.is_pil else whole.pixels


def are_images(images: Any) -> TypeGuard[Sequence[Held]]:
    """Return whether images are PIL images or uint8 arrays, instead of float arrays in [-1, 1].

    Args:
      images: an array, or a sequence of images.

    Returns:
      True if at least one image is; ``gather`` then refuses the others.
    """
    if hasattr(images, "dtype"):
        return images.dtype == np.uint8
    return isinstance(images, Sequence) and any(
        isinstance(image, Image.Image) or getattr(image, "dtype", None) == np.uint8
        for image in images
    )


def gather(
    images: Sequence[Held],
    holes: Any,
    fit: Fit,
    names: Sequence[str],
) -> list[InMemory]:
    """Fit images and holes to the size of a model.

    Args:
      images: PIL images of any mode that files have, or uint8 arrays ``[H, W, 3]``.
      holes: one for each image, or one for all images, of an image's size or the model's: PIL
        images and uint8 arrays ``[H, W]``, ``[H, W, 1]`` or ``[H, W, 3]`` (above 127 = missing),
        bool arrays (True = missing) or float arrays (1 = missing).
      fit: how an image meets the model.
      names: names of the images, for messages.

    Returns:
      One entry per image.

    Raises:
      InputError: arrays of another kind or shape; a wrong number of holes; a hole of neither size;
        a hole in which nothing or everything is missing.
    """
    if _is_one_hole(holes):
        hole = _read_hole("the hole", holes)
        read = [hole] * len(images)
    else:
        if len(holes) != len(images):
            raise InputError(
                f"give one hole per image, or one for all: got {len(holes)} for {len(images)}"
            )
        read = [
            _read_hole(f"hole of {name}", hole) for name, hole in zip(names, holes, strict=True)
        ]
    return [_fit_one(*three, fit) for three in zip(names, images, read, strict=True)]


def _fit_one(name: str, image: Held, hole: np.ndarray, fit: Fit) -> InMemory:
    return fitted(name, _read_image(name, image), hole, fit, is_pil=isinstance(image, Image.Image))


def fitted(
    name: str, original: Original, hole: np.ndarray, fit: Fit, *, is_pil: bool = False
) -> InMemory:
    """Fit one image and its hole to the size of a model.

    Args:
      name: name of the image, for messages.
      original: the image.
      hole: bool ``[H, W]``, True = missing, of the image's size or the model's.
      fit: how the image meets the model.
      is_pil: whether the image came as a PIL image.

    Raises:
      InputError: a hole of another size, or one that reaches outside the part that the model sees.
    """
    rgb = original.rgb
    check_size(hole, rgb.shape, fit, hole_name="the hole", image_name=name)
    try:
        full = hole_to_image(hole, rgb.shape, fit)
        seen = hole_to_model(hole, rgb.shape, fit)
        shown = fit.to_model(rgb, full)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    return InMemory(is_pil, original, full, from_uint8(shown), seen.astype(np.float32))


def _read_image(name: str, image: Held) -> Original:
    if isinstance(image, Image.Image):
        return original_of(image, name, upright=False)
    rgb = np.asarray(image)
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        got = f"{rgb.dtype} {rgb.shape}"
        raise InputError(f"{name}: expected a uint8 array [H, W, 3] or a PIL image, got {got}")
    return Original(rgb)


def _is_one_hole(holes: Any) -> bool:
    if isinstance(holes, Image.Image):
        return True
    shape = getattr(holes, "shape", None)
    return shape is not None and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3)))


def _read_hole(name: str, hole: Held) -> np.ndarray:
    if isinstance(hole, Image.Image):
        read = hole_of(original_of(hole, name, upright=False), name)
        check_not_empty(read, name)
        return read
    values = np.asarray(hole)
    if values.ndim not in (2, 3) or values.shape[2:] not in ((), (1,), (3,)):
        raise InputError(f"{name} must be [H, W], [H, W, 1] or [H, W, 3], got {values.shape}")
    if values.dtype == np.uint8:
        return hole_of_values(values.reshape(*values.shape[:2], -1), name)
    if not ((values == 0) | (values == 1)).all():
        raise InputError(f"{name} must be 0 (known) or 1 (missing), or uint8 with white = missing")
    return hole_of_values(values.reshape(*values.shape[:2], -1) * np.float32(255), name)
