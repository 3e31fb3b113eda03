"""Torch files read without torch: their pickles may name tensors and storages, and nothing else.

A pickle is a program. Torch's loader runs it; this one refuses every name that tensors do not need,
before anything is called. Both layouts are read: today's zip archives, and the plain streams from
before torch 1.6, in which torchvision still offers older networks, such as VGG-19.
"""

import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import jax.numpy as jnp
import numpy as np

from inpaint_jax import checks
from inpaint_jax.errors import InputError

MAGIC = 0x1950A86A20F9469CFC6C  # the first number of a stream
REMEDY = "in torch, save model.state_dict()"
DTYPES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": jnp.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class Storage(NamedTuple):
    """Location of values in the file: key, type and number."""

    key: str
    dtype: np.dtype
    length: int

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return self.length * self.dtype.itemsize


class Tensor(NamedTuple):
    """A view of a storage; offset and strides in values."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(path: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Read the arrays of a state dict by name, each as a function that reads it from the file.

    Args:
      path: path of a zip archive or a stream, with a state dict or a dict that has one
        ("state_dict", "g_state_dict", ...).

    Raises:
      InputError: the file needs more than tensors, is damaged, or has no state dict or several.
    """
    try:
        content, locate = from_archive(path) if zipfile.is_zipfile(path) else from_stream(path)
    except InputError as error:
        raise InputError(f"{path} {error}") from None
    except Exception as error:  # a pickle can raise anything
        raise InputError(
            f"{path} cannot be read as a file of torch's ({error or type(error).__name__})"
        ) from error
    return {
        name: partial(array, tensor, locate) for name, tensor in state_dict(path, content).items()
    }


def from_archive(path: Path) -> tuple[Any, Callable[[Storage], bytes]]:
    """Return the content of a zip archive, and a function for the bytes of a storage."""
    with zipfile.ZipFile(path) as archive:
        checks.archive(archive)
        described = next(
            (name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]), None
        )
        if described is None:
            raise InputError("is an archive, but not one of torch or numpy")
        folder = described.removesuffix("data.pkl")
        if (
            f"{folder}byteorder" in archive.namelist()
            and archive.read(f"{folder}byteorder") != b"little"
        ):
            raise InputError("was saved on a big-endian machine, which is not supported")
        with archive.open(described) as file:
            content = Unpickler(file).load()

    def locate(storage: Storage) -> bytes:
        with zipfile.ZipFile(path) as archive:
            name = f"{folder}data/{storage.key}"
            if archive.getinfo(name).file_size != storage.size:
                raise ValueError(f"{name} has another size than its tensors")
            return archive.read(name)

    return content, locate


def from_stream(path: Path) -> tuple[Any, Callable[[Storage], bytes]]:
    """Read a stream: some numbers, the content, the keys of the storages, their values."""
    with open(path, "rb") as file:
        if Unpickler(file).load() != MAGIC:
            raise InputError(f"is a pickle, but not one of torch: {REMEDY}")
        Unpickler(file).load()  # version of the layout; only one has existed
        if not Unpickler(file).load()["little_endian"]:
            raise InputError("was saved on a big-endian machine, which is not supported")
        reader = Unpickler(file)
        content, places = reader.load(), {}
        for key in Unpickler(file).load():
            count = int.from_bytes(file.read(8), "little")
            if count != reader.storages[key].length:
                raise ValueError(f"storage {key} has another size than its tensors")
            places[key] = file.tell()
            if file.seek(reader.storages[key].size, 1) > path.stat().st_size:
                raise ValueError("it is cut off")

    def locate(storage: Storage) -> bytes:
        with open(path, "rb") as file:
            file.seek(places[storage.key])
            return file.read(storage.size)

    return content, locate


class Unpickler(pickle.Unpickler):
    """An unpickler of tensors, storages and ordered dicts; ``storages`` holds them by key."""

    def __init__(self, file: BinaryIO | Any):
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, Storage] = {}

    def find_class(self, module_name: str, global_name: str) -> Any:
        known = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor": tensor,
            "torch._utils._rebuild_tensor_v2": tensor,
            "torch._utils._rebuild_parameter": parameter,
            "torch.nn.parameter.Parameter": parameter,
            **{f"torch.{name}": name for name in DTYPES},
        }
        name = f"{module_name}.{global_name}"
        if name not in known:
            raise InputError(
                f"is refused because reading it needs {name}, unlike any state dict: {REMEDY}"
            )
        return known[name]

    def persistent_load(self, pid: Any) -> Storage:
        kind, dtype, key, _, length, *view = pid
        if kind != "storage" or (view and view[0]):
            raise InputError(f"has tensors in an unsupported form: {REMEDY} with a newer torch")
        self.storages[key] = Storage(key, np.dtype(DTYPES[dtype]), int(length))
        return self.storages[key]


def tensor(
    storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *unused: Any
) -> Tensor:
    """Build a tensor after checking that it lies inside its storage."""
    del unused
    assert isinstance(storage, Storage) and all(
        isinstance(n, int) for n in (offset, *shape, *strides)
    )
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    inside = 0 in shape or last < storage.length >= math.prod(shape)
    if min((offset, *shape, *strides)) < 0 or not inside:
        raise ValueError(f"a tensor of {list(shape)} lies outside its storage")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def parameter(tensor: Tensor, *unused: Any) -> Tensor:
    """Return the tensor of a parameter."""
    del unused
    return tensor


def array(tensor: Tensor, locate: Callable[[Storage], bytes]) -> np.ndarray:
    """Return the values of a tensor; raise ValueError if the file is damaged."""
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, tensor.storage.dtype)
    try:
        values = np.frombuffer(locate(tensor.storage), tensor.storage.dtype)
    except KeyError as error:  # no such file in the archive
        raise ValueError(str(error)) from error
    if len(values) != tensor.storage.length:
        raise ValueError("it is cut off")
    strides = [stride * values.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(
        values[tensor.offset :], tensor.shape, strides, writeable=False
    ).copy()


def state_dict(path: Path, content: Any) -> dict[str, Tensor]:
    """Return the tensors by name.

    They are those of the only inner dict that has any, otherwise of "state_dict", otherwise of the
    dict itself.
    """
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no state dict but a {type(content).__name__}: {REMEDY}")
    inner = {
        name: value for name, value in content.items() if isinstance(value, dict) and tensors(value)
    }
    if len(inner) > 1 and "state_dict" not in inner:
        raise InputError(
            f"{path} holds several state dicts "
            f"({', '.join(map(str, inner))}): save only one of them"
        )
    chosen = inner.get("state_dict") or next(iter(inner.values()), content)
    if not tensors(chosen):
        raise InputError(f"{path} holds no state dict: {REMEDY}")
    return tensors(chosen)


def tensors(content: dict[Any, Any]) -> dict[str, Tensor]:
    """Return the tensors among the values of a dict."""
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
