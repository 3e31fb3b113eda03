"""Run a file written by ``inpaint export``; needs only JAX and NumPy.

From Python::

    from inpaint_jax import exported

    completer = exported.load("faces.inpaint")
    completed = completer(images, holes, seed=0)    # [B, H, W, C] in [-1, 1]
"""

import io
import json
import re
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


NEEDED = ("config", "config_hash", "steps", "date", "completions", "channels", "size")
REMEDY = "copy or export it again"


class Completer(NamedTuple):
    """Exported system; call it with images and holes. Each new number of images compiles once.

    Attributes:
      about: metadata of the file: config, commit, versions, size, contract.
      weights: arrays, in the order that ``function`` takes.
      function: ``(weights, images, hole, key_data) -> (images [B, K, H, W, C], {term: [B, K]})``.
    """

    about: dict[str, Any]
    weights: list[jax.Array]
    function: Callable[..., Any]

    def __call__(
        self,
        images: np.ndarray,
        holes: np.ndarray,
        *,
        seed: int = 0,
        ids: Sequence[str] | None = None,
    ) -> np.ndarray:
        """Complete images in one device call; agrees with ``inpaint_jax.complete`` up to rounding.

        Args:
          images: ``[B, H, W, C]`` in [-1, 1]; values inside the holes are ignored.
          holes: ``[B, H, W, 1]``, or one ``[H, W, 1]`` for all; 1 = missing.
          seed: the seed and the id of an image determine its result.
          ids: one per image; default "0", "1", ...

        Returns:
          ``[B, H, W, C]`` in [-1, 1], known pixels bit-identical to ``images``.

        Raises:
          InputError: shapes, values or holes that the system does not accept.
        """
        return self.candidates(images, holes, seed=seed, ids=ids)[0][:, 0]

    def candidates(
        self,
        images: np.ndarray,
        holes: np.ndarray,
        *,
        seed: int = 0,
        ids: Sequence[str] | None = None,
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return all K completions of every image; the export sets K.

        The arguments are the same as for a call.

        Returns:
          ``[B, K, H, W, C]``, best first by the system's own loss, and the terms ``{term: [B, K]}``
          of that loss.
        """
        images, holes, ids = checks.arrays(images, holes, ids)
        if not ids or images.shape[-1] != self.about["channels"]:
            raise InputError(
                f"images must be [B, H, W, {self.about['channels']}] with B > 0, got {images.shape}"
            )
        for name, image, hole in zip(ids, images, holes, strict=True):
            checks.image(name, image, hole, size=self.about["size"])
        keys = jax.random.key_data(example_keys(seed, ids, "search"))
        completed, losses = jax.device_get(self.function(self.weights, images, holes, keys))
        for row, name in enumerate(ids):
            checks.completion(
                name, completed[row], {term: values[row] for term, values in losses.items()}
            )
        return completed, losses


def load(path: str | Path) -> Completer:
    """Load an exported system.

    Args:
      path: a file written by ``inpaint export``.

    Returns:
      The system; call it with images and holes.

    Raises:
      InputError: not an exported file, a damaged file, weights that are not finite, or a file that
        this JAX or the devices of this machine cannot run.
    """
    about, function, arrays = _read(path)
    if (here := jax_export.default_export_platform()) not in about["platforms"]:
        exported_for = ", ".join(about["platforms"])
        raise InputError(
            f"{path} was exported for {exported_for}, but this machine has {here}: export it "
            f"with --platforms={here}"
        )
    try:
        exported = jax_export.deserialize(function)
    except ImportError as error:
        raise InputError(
            "exported systems need the package flatbuffers: pip install flatbuffers"
        ) from error
    except Exception as error:  # a format of another version can raise anything
        raise InputError(
            f"{path} was exported by JAX {about['versions']['jax']}, and JAX {jax.__version__} "
            "cannot read it: export it again"
        ) from error
    if lacking := [key for key in NEEDED if key not in about]:
        raise InputError(f"{path} was not written by inpaint export (it lacks {lacking[0]!r})")
    avals = exported.in_avals[: len(arrays)]
    # NumPy files store bfloat16 as two raw bytes; the function has the true type.
    weights = [
        weight.view(aval.dtype) if weight.dtype.kind == "V" else weight
        for weight, aval in zip(arrays, avals, strict=False)
    ]
    if len(avals) < len(arrays) or [(weight.shape, weight.dtype) for weight in weights] != [
        (aval.shape, aval.dtype) for aval in avals
    ]:
        raise InputError(f"{path} is damaged (its arrays do not match its function): {REMEDY}")
    if not all(np.isfinite(weight).all() for weight in weights):
        raise InputError(f"{path} has weights that are not finite: export an earlier checkpoint")
    _check_function(path, exported, about, weights)
    return Completer(about, jax.device_put(weights), jax.jit(exported.call))


def _check_function(
    path: str | Path, exported: jax_export.Exported, about: dict[str, Any], weights: list
) -> None:
    """Refuse a function that is unreadable, gives no completions, or makes callbacks."""
    side, count = about["size"], about["completions"]
    shapes = (
        ((1, side, side, about["channels"]), np.float32),
        ((1, side, side, 1), np.float32),
        ((1, 2), np.uint32),
    )
    try:
        called = re.findall(r'custom_call @"?([^("\s]+)', exported.mlir_module())
        images, losses = jax.eval_shape(
            exported.call, weights, *(jax.ShapeDtypeStruct(*shape) for shape in shapes)
        )
        fits = images.shape == (1, count, *shapes[0][0][1:]) and isinstance(losses, dict)
    except Exception as error:  # the reader of a foreign program can raise anything
        if not isinstance(error, TypeError | ValueError | AttributeError):
            raise InputError(
                f"{path} is damaged (its function cannot be read): {REMEDY}"
            ) from error
        fits, called = False, []
    if foreign := [target for target in called if "callback" in target]:
        raise InputError(
            f"{path} calls back into the host program ({foreign[0]}), which no exported "
            "system does: do not use it"
        )
    if not fits:
        raise InputError(f"{path} is damaged (its function does not return completions): {REMEDY}")


def _read(path: str | Path) -> tuple[dict[str, Any], bytearray, list[np.ndarray]]:
    """Read the metadata, function and arrays of a file.

    The digests verify files written since 0.2.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            checks.archive(archive)
            about, function = json.loads(archive.read("about.json")), archive.read("function")
            _ = about["versions"]["jax"] + "", [*about["platforms"]]
            names = [name for name in archive.namelist() if name.startswith("weights/")]
            names = [f"weights/{name}.npy" for name in about.get("arrays", ())] or names
            arrays = {
                name: np.load(io.BytesIO(archive.read(name)), allow_pickle=False) for name in names
            }
        digests = {
            f"weights/{name}.npy": digest for name, digest in about.get("arrays", {}).items()
        }
        found = {name: checks.digest(array) for name, array in arrays.items()}
        if digests and about["function_sha256"] != checks.digest(np.frombuffer(function, np.uint8)):
            raise InputError("its function does not match its digest")
    except InputError as error:
        raise InputError(f"{path} is damaged ({error}): {REMEDY}") from error
    except OSError as error:
        raise InputError(f"cannot read {path} ({error.strerror or error})") from error
    except Exception as error:  # a damaged archive can raise anything
        raise InputError(
            f"{path} was not written by inpaint export ({str(error) or 'empty'})"
        ) from error
    if wrong := next((name for name, digest in digests.items() if found[name] != digest), None):
        raise InputError(f"{path} is damaged ({wrong} does not match its digest): {REMEDY}")
    return about, bytearray(function), list(arrays.values())
