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

from inpaint_jax import checks
from inpaint_jax.errors import InputError
from inpaint_jax.seeds import example_keys

__all__ = ["Completer", "load"]


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
        images, holes, ids = checks.arrays(images, holes, ids)
        if not ids or images.shape[-1] != self.about["channels"]:
            raise InputError(f"pictures must be [B, H, W, {self.about['channels']}] with B > 0, got {images.shape}")
        for name, image, hole in zip(ids, images, holes, strict=True):
            checks.picture(name, image, hole, size=self.about["size"])
        keys = jax.random.key_data(example_keys(seed, ids, "search"))
        return jax.device_get(self.function(self.weights, images, holes, keys))


def load(path: str | Path) -> Completer:
    """Load an exported system.

    Args:
      path: a file of ``inpaint export``.

    Returns:
      The system; call it with images and holes.

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
