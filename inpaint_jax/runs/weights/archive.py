"""Files of imported weights: arrays of our networks by path, with a description."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax.data import files
from inpaint_jax.data.json_files import parse
from inpaint_jax.errors import InputError

ABOUT = "about"  # name of the array that holds JSON
FAULT = (
    "is not a file of imported weights, or is damaged ({}): create one with inpaint import-weights"
)


class Weights(NamedTuple):
    """Content of a weight file.

    Attributes:
      arrays: arrays by path, "params/conv1/kernel" or "stats/batch_stats/conv1_norm/mean".
      about: description from ``about``.
      sha256: digest of the file.
    """

    arrays: dict[str, np.ndarray]
    about: dict[str, Any]
    sha256: str


def about(
    kind: str, source: str | Path, *, images: str, stays: Sequence[str], place: str = ""
) -> dict[str, Any]:
    """Describe a weight file.

    Args:
      kind: kind of network.
      source: file from which the weights were made; its name and hash are kept.
      images: description of the images that the weights expect.
      stays: name prefixes of layers that may keep their initialisation, or differ in the number of
        outputs.
      place: path in a stage's networks for which the weights are; empty: they fit one place.
    """
    with open(source, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    about = {
        "kind": kind,
        "source": Path(source).name,
        "sha256": digest,
        "images": images,
        "stays": list(stays),
    }
    return about | ({"place": place} if place else {})


def write(path: str | Path, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Write a weight file, atomically.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    files.write_arrays(path, {**arrays, ABOUT: np.array(json.dumps(about))})


def read(path: str | Path) -> Weights:
    """Read a file written by ``write``.

    Raises:
      InputError: no such file, another kind of file, a damaged one, or values that are not finite.
    """
    arrays = files.read_arrays(path, ABOUT, fault=FAULT)
    if wrong := next((name for name, array in arrays.items() if not finite(array)), None):
        raise InputError(f"{path}: {wrong} is not finite")
    try:
        about = parse(str(arrays.pop(ABOUT)).encode())
        if not isinstance(about["kind"], str) or not all(
            isinstance(name, str) for name in about["stays"]
        ):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} {FAULT.format('of another program')}") from error
    with open(path, "rb") as file:
        return Weights(arrays, about, hashlib.file_digest(file, "sha256").hexdigest())


def finite(array: np.ndarray) -> bool:
    """Return whether an array has neither NaN nor infinite values."""
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
