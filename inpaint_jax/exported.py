"""A file of ``inpaint export`` at work. Needs JAX and numpy, and nothing of what trained it.

From Python::

    from inpaint_jax import exported

    completer = exported.load("faces.inpaint")
    completed = completer(images, holes, seed=0)    # [B, H, W, C] in [-1, 1]
"""

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import export as jax_export

from inpaint_jax.errors import InputError
from inpaint_jax.seeds import example_keys


class Completer(NamedTuple):
    """An exported system; call it with pictures and holes. Every other number of pictures is compiled anew.

    Attributes:
      about: what the file says of itself: config, commit, versions, size, contract.
      weights: arrays, in the order of the function.
      function: ``(weights, images, hole, key_data) -> (images [B, K, H, W, C], {term: [B, K]})``.
    """

    about: dict[str, Any]
    weights: list[jax.Array]
    function: Callable[..., Any]

    def __call__(
        self, images: np.ndarray, holes: np.ndarray, *, seed: int = 0, ids: Sequence[str] | None = None
    ) -> np.ndarray:
        """Completes pictures, all in one call of the device. Agrees with ``inpaint_jax.complete`` up to rounding.

        Args:
          images: ``[B, H, W, C]`` in [-1, 1]; what they hold inside the holes is not used.
          holes: ``[B, H, W, 1]``, or one ``[H, W, 1]`` for all; 1 = missing.
          seed: with a picture's id it fixes the picture's result.
          ids: one per picture; default "0", "1", ...

        Returns:
          ``[B, H, W, C]`` in [-1, 1], known pixels bit for bit as given.

        Raises:
          InputError: for shapes, values or holes that the system cannot take.
        """
        return self.candidates(images, holes, seed=seed, ids=ids)[0][:, 0]

    def candidates(
        self, images: np.ndarray, holes: np.ndarray, *, seed: int = 0, ids: Sequence[str] | None = None
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """All K completions of every picture, of as many as the file was exported with.

        Takes what a call takes.

        Returns:
          ``[B, K, H, W, C]``, best first by the system's own loss, and the terms of that loss ``{term: [B, K]}``.
        """
        images, holes = _arrays(images, holes)
        ids = [str(i) for i in range(len(images))] if ids is None else list(ids)
        if len(ids) != len(images) or not ids:
            raise InputError(f"one id per picture, and a picture at least: got {len(ids)} ids, {len(images)} pictures")
        shape = (self.about["size"], self.about["size"], self.about["channels"])
        for name, image, hole in zip(ids, images, holes, strict=True):
            _check(name, image, hole, shape)
        keys = jax.random.key_data(example_keys(seed, ids, "search"))
        return jax.device_get(self.function(self.weights, images, holes, keys))


def load(path: str | Path) -> Completer:
    """An exported system.

    Args:
      path: a file of ``inpaint export``.

    Raises:
      InputError: for another file, or one that this JAX or this machine's devices cannot run.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            about, function = json.loads(archive["about.json"]), bytearray(archive["function"])
            weights = [archive[name] for name in archive.files if name.startswith("weights/")]
    except (OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a file of inpaint export ({str(error) or 'empty'})") from error
    if (here := jax_export.default_export_platform()) not in about["platforms"]:
        there = ", ".join(about["platforms"])
        raise InputError(f"{path} was exported for {there}, this is {here}: inpaint export --platforms={here}")
    try:
        exported = jax_export.deserialize(function)
    except ImportError as error:
        raise InputError("exported systems need the package flatbuffers: pip install flatbuffers") from error
    except Exception as error:  # whatever a format of another version brings about
        raise InputError(
            f"{path} was exported by JAX {about['versions']['jax']}, and JAX {jax.__version__} cannot read it: "
            "export it again"
        ) from error
    # numpy files know bfloat16 only as two bytes: the function says what they are.
    typed = [weight.view(aval.dtype) for weight, aval in zip(weights, exported.in_avals, strict=False)]
    return Completer(about, jax.device_put(typed), jax.jit(exported.call))


def _arrays(images: np.ndarray, holes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float32 ``[B, H, W, ...]``, with a hole for every picture."""
    images, holes = np.asarray(images, np.float32), np.asarray(holes, np.float32)
    if images.ndim != 4 or holes.ndim not in (3, 4) or holes.shape[-1] != 1:
        raise InputError(f"images must be [B, H, W, C] and holes [B, H, W, 1], got {images.shape} and {holes.shape}")
    try:
        return images, np.broadcast_to(holes, (*images.shape[:3], 1))
    except ValueError as error:
        raise InputError(f"holes {holes.shape} do not fit images {images.shape}") from error


def _check(name: str, image: np.ndarray, hole: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raises InputError unless the system can complete the picture."""
    if image.shape != shape:
        raise InputError(f"{name}: picture {image.shape} must be {shape}")
    if not 0 < hole.mean() < 1:
        what = "empty: no pixel is missing" if not hole.any() else "full: no pixel is known"
        raise InputError(f"{name}: the hole is {what}")
    if not np.isfinite(np.where(hole > 0, 0, image)).all():
        raise InputError(f"{name}: the picture has NaN or infinite pixels outside its hole")
