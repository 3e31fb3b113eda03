"""JSON files that the program reads again, each with a digest; one reader checks all of them.

The reader checks digest and shape. A file of an older version, or a file whose line ``"digest"``
was removed, is read unverified.
"""

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import jax

from inpaint_jax.data import files
from inpaint_jax.errors import InputError

DIGEST = "digest"  # first key of a file or line: digest of everything else in it
# A type or union; {key: Shape}, where "?key" is optional and ... is any other key;
# [Shape] for every element.
Shape = Any


def seal(value: Mapping[str, Any]) -> dict[str, Any]:
    """Add the digest of a mapping as its first key; numpy values become plain ones."""
    plain = files.plain(value)
    return {DIGEST: files.fingerprint(plain), **plain}


def write_json(path: str | os.PathLike[str], value: Mapping[str, Any]) -> None:
    """Write a JSON file with its digest, atomically, on the first process.

    Raises:
      InputError: the folder cannot be written, or the disk is full.
    """
    if not jax.process_index():
        files.write_bytes(path, encoded(value))


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return the content of a JSON file with its digest."""
    text = json.dumps(seal(value), indent=2, allow_nan=False) + "\n"
    return text.encode(errors="backslashreplace")


def read_json(path: str | os.PathLike[str], shape: Shape, *, remedy: str) -> Any:
    """Read a JSON file.

    Args:
      path: path of the file.
      shape: minimum content: a type, a dict of required keys, or a list with one shape.
      remedy: what to do about a damaged file; it ends the error message.

    Returns:
      The value without its digest; None if there is no file.

    Raises:
      InputError: the file is truncated, empty, not UTF-8, a folder, of another shape, or changed
        since it was written.
    """
    if (data := content(path, remedy)) is None:
        return None
    try:
        return verified(parse(data), shape)
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}): {remedy}") from error


def read_lines(path: str | os.PathLike[str], shape: Shape, *, remedy: str) -> list[Any]:
    """Read a file with one JSON value per line into memory, see ``each_line``."""
    return [value for _, _, value in each_line(path, shape, remedy=remedy)]


def each_line(
    path: str | os.PathLike[str], shape: Shape, *, remedy: str
) -> Iterator[tuple[int, int, Any]]:
    """Read a file with one JSON value per line, line by line; drop a damaged last line.

    Args:
      path: path of the file.
      shape: shape of every line, as in ``read_json``.
      remedy: what to do about a damaged line.

    Returns:
      For each line, its first and last byte offset, and its value without the digest. Nothing if
      there is no file.

    Raises:
      InputError: a line before the last is damaged (names its number), or the file cannot be read.
    """
    damage, position = "", 0
    with _opened(path, "remove it") as file:
        for number, line in enumerate(file, 1):
            if damage:
                raise InputError(damage)
            try:
                value = verified(parse(line), shape)
            except ValueError as error:
                damage = f"line {number} of {path} is damaged ({error}): {remedy}"
            else:
                yield position, position + len(line), value
            position += len(line)


def content(path: str | os.PathLike[str], remedy: str) -> bytes | None:
    """Read a file; return None if the path does not exist."""
    if not os.path.lexists(path):
        return None
    with _opened(path, remedy) as file:
        return file.read()


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str], remedy: str) -> Iterator[IO[bytes]]:
    """Open a file for reading, or an empty one for a missing path; refuse unreadable files."""
    try:
        with io.BytesIO() if not os.path.lexists(path) else files.open_regular(path) as file:
            yield file
    except PermissionError as error:
        raise InputError(f"no permission to read {path}; change its permissions") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, not a file: {remedy}") from error
    except OSError as error:
        raise InputError(f"cannot read {path} ({error.strerror}): {remedy}") from error


def parse(data: bytes) -> Any:
    """Parse JSON.

    Raises:
      ValueError: not UTF-8, not JSON, a number that is not finite, or values nested too deeply.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if not text.strip():
        raise ValueError("empty")
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("values are nested too deeply") from None


def verified(value: Any, shape: Shape) -> Any:
    """Check a value against its digest and a shape, and return the value without the digest.

    Raises:
      ValueError: the digest or the shape differs.
    """
    if isinstance(value, dict) and DIGEST in value:
        value = dict(value)
        if value.pop(DIGEST) != files.fingerprint(value):
            raise ValueError(
                'changed after it was written; if that was intended, remove its "digest"'
            )
    elif isinstance(value, dict) and value:  # files of older versions have no digest
        (key, first), *rest = value.items()
        if isinstance(first, str) and first == files.fingerprint(dict(rest)):
            raise ValueError(f'its first key is {key!r}, not "{DIGEST}"')
    if reason := misfit(value, shape):
        raise ValueError(reason)
    return value


def misfit(value: Any, shape: Shape, where: str = "") -> str | None:
    """Describe where a value differs from a shape; return None if the value fits."""
    wanted = {dict: dict, list: list}.get(type(shape), shape)
    if not _is_a(value, wanted):
        kind = getattr(wanted, "__name__", str(wanted))
        return f"{where or 'the whole'} is {type(value).__name__}, not {kind}"
    below: Sequence[tuple[Any, Any]] = ()
    if isinstance(shape, dict):
        required = [key for key in shape if key is not ... and not key.startswith("?")]
        if missing := [key for key in required if key not in value]:
            return f"{f'{where}.' if where else ''}{missing[0]} is missing"
        below = [
            (key, shape.get(key, shape.get(f"?{key}", shape.get(..., object)))) for key in value
        ]
    elif isinstance(shape, list):
        below = [(i, shape[0]) for i in range(len(value))]
    for key, inner in below:
        if reason := misfit(value[key], inner, f"{where}.{key}" if where else str(key)):
            return reason
    return None


def _is_a(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool):  # Python counts bool among the integers
        return wanted is object or bool in getattr(wanted, "__args__", (wanted,))
    return isinstance(value, wanted)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
