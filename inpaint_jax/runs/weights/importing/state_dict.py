"""Arrays of a torch network by their torch names, from every common file format."""

import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from inpaint_jax import checks
from inpaint_jax.data.json_files import parse
from inpaint_jax.errors import InputError
from inpaint_jax.runs.weights.importing import lpips_files, torch_files

WRAPPERS = ("module.", "_orig_mod.")  # prefixes of DataParallel and torch.compile
FORMATS = "give a .pth, .pt, .safetensors or .npz file of a state dict"
SAFETENSORS = {  # https://github.com/huggingface/safetensors#format
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": jnp.bfloat16,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U8": np.uint8,
    "BOOL": np.bool_,
}


class StateDict(Mapping[str, np.ndarray]):
    """Arrays by name, read on access: a VGG's classifier, six sevenths of its file, is never read.

    Half precision becomes float32; all other arrays keep the type of the file.
    """

    def __init__(self, path: Path, readers: Mapping[str, Callable[[], np.ndarray]]):
        self.path, self.readers = path, dict(readers)

    def __getitem__(self, name: str) -> np.ndarray:
        read = self.readers[name]
        try:
            values = read()
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{self.path}: {name} cannot be read ({error}): download the file again"
            ) from error
        return values.astype(np.float32) if values.dtype in (np.float16, jnp.bfloat16) else values

    def __iter__(self) -> Iterator[str]:
        return iter(self.readers)

    def __len__(self) -> int:
        return len(self.readers)


def read(path: str | Path) -> StateDict:
    """Read the arrays of a file, whatever its suffix.

    Args:
      path: path of a torch file (zip or older), safetensors or ``.npz``.

    Raises:
      InputError: no such file, another format, or a damaged file.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            head = file.read(512)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {FORMATS}") from error
    if head[257:262] == b"ustar":
        raise InputError(
            f"{path} was written by torch before 0.1.10, which is not supported: "
            "save it with a newer torch"
        )
    if head.startswith(b"PK") and is_npz(path):
        readers = from_npz(path)
    elif lpips_files.recognised(head):
        readers = lpips_files.read(path)
    elif head.startswith((b"PK", b"\x80")):
        readers = torch_files.read(path)
    elif head[8:9] == b"{":
        readers = from_safetensors(path)
    else:
        raise InputError(f"{path} has an unknown format: {FORMATS}")
    return StateDict(path, unwrapped(readers))


def unwrapped(
    readers: Mapping[str, Callable[[], np.ndarray]],
) -> dict[str, Callable[[], np.ndarray]]:
    """Remove the prefixes that all names share."""
    for prefix in WRAPPERS:
        if all(name.startswith(prefix) for name in readers):
            readers = {name.removeprefix(prefix): reader for name, reader in readers.items()}
    return dict(readers)


def is_npz(path: Path) -> bool:
    """Return whether a zip archive is one of numpy's."""
    try:
        with zipfile.ZipFile(path) as archive:
            checks.archive(archive)
            return all(name.endswith(".npy") for name in archive.namelist())
    except InputError as error:
        raise InputError(f"{path} {error}") from None
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is damaged ({error}): download it again") from error


def from_npz(path: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Read the arrays of numpy's archive; pickled objects are refused when they are read."""

    def reader(name: str) -> Callable[[], np.ndarray]:
        def read() -> np.ndarray:
            with np.load(path, allow_pickle=False) as archive:
                return archive[name]

        return read

    with np.load(path, allow_pickle=False) as archive:
        return {name: reader(name) for name in archive.files}


def from_safetensors(path: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Read the arrays of a safetensors file: a length, JSON of that length, then the values."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        try:
            if start > size:
                raise ValueError("cut off")
            entries = parse(file.read(start - 8))
            entries.pop("__metadata__", None)
            return {name: safetensor(path, start, size, **entry) for name, entry in entries.items()}
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise InputError(
                f"{path} is damaged, or not a safetensors file ({error}): download it again"
            ) from error


def safetensor(
    path: Path, start: int, size: int, *, dtype: str, shape: list[int], data_offsets: list[int]
) -> Callable[[], np.ndarray]:
    """Return a function that reads one array; check first that the array lies in the file."""
    if dtype not in SAFETENSORS:
        raise ValueError(f"values of type {dtype}")
    kind, count, (first, end) = np.dtype(SAFETENSORS[dtype]), math.prod(shape), data_offsets
    if min((first, *shape)) < 0 or end - first != count * kind.itemsize or start + end > size:
        raise ValueError(f"an array of {shape} lies outside the file")
    return lambda: np.fromfile(path, kind, count, offset=start + first).reshape(shape)
