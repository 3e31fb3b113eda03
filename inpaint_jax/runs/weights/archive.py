"""Files of imported weights: arrays of a network of ours by path, and what they are."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax.data import files
from inpaint_jax.errors import InputError

ABOUT = "about"  # the array that holds JSON


class Weights(NamedTuple):
    """What a file holds.

    Attributes:
      arrays: by path, "params/conv1/kernel" or "stats/batch_stats/conv1_norm/mean".
      about: see ``about``.
      sha256: of the file.
    """

    arrays: dict[str, np.ndarray]
    about: dict[str, Any]
    sha256: str


def about(kind: str, source: str | Path, *, pictures: str, stays: Sequence[str]) -> dict[str, Any]:
    """What a file says of itself.

    Args:
      kind: of network.
      source: the file that the weights were made from; its name and hash are kept.
      pictures: what the weights expect to see.
      stays: beginnings of names of layers that may stay as initialised, or have another number of outputs.
    """
    with open(source, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"kind": kind, "source": Path(source).name, "sha256": digest, "pictures": pictures, "stays": list(stays)}


def write(path: str | Path, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Writes a file, atomically.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    files.write_arrays(path, {**arrays, ABOUT: np.array(json.dumps(about))})


def read(path: str | Path) -> Weights:
    """What ``write`` has written.

    Raises:
      InputError: no such file, or another one.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = dict(archive)
        return Weights(arrays, json.loads(str(arrays.pop(ABOUT))), hashlib.sha256(data).hexdigest())
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no file of imported weights: make one with inpaint import-weights") from error
