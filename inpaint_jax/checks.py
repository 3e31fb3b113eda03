"""Validate images and holes before completion, and stored arrays on reading.

Every error message is one line.
"""

import hashlib
import os
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_jax.errors import InputError


def arrays(
    images: Any, holes: Any, ids: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Pair each image with a hole and an id.

    Warn if no known value is negative: such images are probably in [0, 1].

    Args:
      images: float ``[B, H, W, C]`` in [-1, 1].
      holes: ``[B, H, W, 1]``, or one ``[H, W, 1]`` for all; ``image`` checks the values.
      ids: one per image, or None for "0", "1", ...

    Returns:
      float32 ``[B, H, W, C]``, float32 ``[B, H, W, 1]``, and B ids.

    Raises:
      InputError: integer images, shapes that do not match, a wrong number of ids, or two equal ids.
    """
    images, holes = _array("images", images), _array("holes", holes).astype(np.float32)
    one_per_image = (*images.shape[:3], 1)
    if images.ndim != 4 or holes.shape not in (one_per_image, one_per_image[1:]):
        raise InputError(
            "images must be [B, H, W, C] and holes [B, H, W, 1] or [H, W, 1], got "
            f"{images.shape} and {holes.shape}"
        )
    if images.dtype.kind in "biu":
        raise InputError(
            f"images must be float in [-1, 1], got {images.dtype}; "
            "compositing.from_uint8(images) converts uint8"
        )
    images, holes = images.astype(np.float32), np.broadcast_to(holes, one_per_image)
    known = images[holes[..., 0] == 0]
    if (known >= 0).all() and (known > 0).any():
        warnings.warn(
            "images have no negative value outside their holes (they reach from "
            f"{known.min():.3g} to {known.max():.3g}): they must be in [-1, 1], "
            "not [0, 1] or [0, 255]",
            stacklevel=3,
        )
    return images, holes, identifiers(ids, len(images))


def identifiers(ids: Sequence[str] | None, count: int) -> list[str]:
    """Give every image an id.

    Args:
      ids: one per image, or None for "0", "1", ...
      count: number of images.

    Returns:
      ``count`` different ids.

    Raises:
      InputError: a wrong number of ids, or two equal ids.
    """
    ids = [str(i) for i in range(count)] if ids is None else list(ids)
    if len(ids) != count or len(set(ids)) != len(ids):
        different = f"{len(ids)} ids, {len(set(ids))} of them different"
        raise InputError(f"one id per image: got {different}, for {count}")
    return ids


def counts(**given: int | None) -> None:
    """Refuse counts below 1.

    Args:
      **given: counts by name; None is skipped.

    Raises:
      InputError: a count is below 1; names the first.
    """
    for name, value in given.items():
        if value is not None and value < 1:
            raise InputError(f"{name}={value}: it must be at least 1")


def image(name: str, image: np.ndarray, hole: np.ndarray, *, size: int | None) -> None:
    """Refuse an image that cannot be completed.

    Args:
      name: the image's id.
      image: ``[H, W, C]``; values inside the hole are ignored.
      hole: ``[H, W, 1]``, 1 = missing.
      size: side that the image must have; None: any.

    Raises:
      InputError: wrong size, a hole with values other than 0 and 1, an empty or full hole, or known
        pixels that are not finite.
    """
    if image.shape[:2] != hole.shape[:2] or (size and image.shape[:2] != (size, size)):
        raise InputError(
            f"{name}: image {image.shape[:2]} and hole {hole.shape[:2]} must both be "
            f"{(size, size) if size else 'of one size'}"
        )
    if len(other := hole[(hole != 0) & (hole != 1)]):
        raise InputError(f"{name}: a hole is 0 (known) or 1 (missing), got {other[0]:.3g}")
    if not 0 < hole.mean() < 1:
        what = "empty: no pixel is missing" if not hole.any() else "full: no pixel is known"
        raise InputError(f"{name}: the hole is {what}")
    if not np.isfinite(np.where(hole > 0, 0, image)).all():
        raise InputError(f"{name}: the image has NaN or infinite pixels outside its hole")


def completion(name: str, images: np.ndarray, losses: Mapping[str, np.ndarray]) -> None:
    """Refuse a completion that is not finite.

    Args:
      name: the image's id.
      images: ``[K, H, W, C]``, the completions.
      losses: ``{term: [K]}``, the losses of the search.

    Raises:
      InputError: NaN or infinite pixels or losses.
    """
    wrong = ["pixels"] if not np.isfinite(images).all() else []
    wrong += [
        f"the loss {term}" for term, values in losses.items() if not np.isfinite(values).all()
    ]
    if wrong:
        raise InputError(
            f"{name}: its completion is not finite ({', '.join(wrong)}): check the network's "
            "weights, and the learning rate and loss weights of the search; JAX_DEBUG_NANS=1 "
            "shows where it begins"
        )


def digest(array: np.ndarray) -> str:
    """Digest an array, for verification when it is read.

    Args:
      array: array of any type and shape.

    Returns:
      16 hex digits of the SHA-256 of its bytes, in C order.
    """
    values = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return hashlib.sha256(values.data).hexdigest()[:16]


LARGE, RATIO = 256 * 1024**2, 100  # bytes; greatest compression ratio


def archive(zipped: zipfile.ZipFile) -> None:
    """Refuse an archive that unpacks to far more than its size.

    Args:
      zipped: the open archive.

    Raises:
      InputError: the archive holds over 256 MiB, compressed to less than a hundredth; states both.
    """
    members = zipped.infolist()
    packed, whole = sum(m.compress_size for m in members), sum(m.file_size for m in members)
    if whole > LARGE and whole > RATIO * packed:
        raise InputError(
            f"unpacks from {packed / 1e6:.1f} MB to {whole / 1e9:.1f} GB, unlike any "
            "file of trained weights"
        )


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int | None:
    """Return the free memory of this machine or container in bytes; None if unknown."""
    found = []
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(1024 * int(lines["MemAvailable"].split()[0]))
        group = Path("/sys/fs/cgroup")
        found.append(
            int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())
        )
    except (OSError, ValueError, KeyError):  # another system, or no limit
        pass
    return min(found, default=None)


def memory(needed: float, what: str, remedy: str, *, available: int | None = None) -> None:
    """Refuse work that cannot fit into memory.

    Args:
      needed: least number of bytes needed.
      what: name of the work.
      remedy: what to do.
      available: free bytes; None: the free bytes of this machine.

    Raises:
      InputError: the work needs more memory than is free; states both.
    """
    free = available_memory() if available is None else available
    if free is not None and needed > free:
        raise InputError(
            f"{what} needs at least {needed / 1e9:.0f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free: {remedy}"
        )


def _array(name: str, values: Any) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:  # a list of arrays of several shapes
        raise InputError(f"{name} must be one array, or a list of arrays of one shape") from error
