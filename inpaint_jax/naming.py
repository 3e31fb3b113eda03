"""Resolve names to Python objects: built-in short names, or ``module:attribute``."""

import contextlib
import hashlib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from inpaint_jax.errors import InputError, users_code

# The owner of the names, and the names already printed.
_announced: ContextVar[tuple[str, set[str]] | None] = ContextVar("announced", default=None)


@contextlib.contextmanager
def announcing(owner: str) -> Iterator[None]:
    """Print every ``module:attribute`` resolved inside, before the import of its module.

    Args:
      owner: source of the names, such as the path of a workdir, which may be somebody else's.
    """
    token = _announced.set((owner, set()))
    try:
        yield
    finally:
        _announced.reset(token)


def resolve(name: str, table: Mapping[str, Any], *, kind: str) -> Any:
    """Find the object that a config names.

    Args:
      name: a key of ``table``, or ``"module:attribute"`` of an importable module. Modules in the
        working directory and beside the config are importable.
      table: built-in objects by name. If importing all of them would cost too much, the values are
        strings ``"module:attribute"``, which are imported on demand.
      kind: kind of object ("loss", "network"), for the error message.

    Returns:
      The object.

    Raises:
      InputError: unknown name (the message lists the known names), module or attribute, or an error
        inside the module, with file and line.
    """
    if ":" not in name:
        if name not in table:
            raise InputError(
                f"unknown {kind} {name!r}; known: {', '.join(sorted(table))}, or module:attribute"
            )
        found = table[name]
        return imported(found) if isinstance(found, str) else found
    if (announced := _announced.get()) and name not in announced[1]:
        announced[1].add(name)
        print(f"{announced[0]} runs {name} ({kind})", file=sys.stderr)
    module, _, attribute = name.partition(":")
    with users_code(f"{kind} {name!r}"):
        try:
            found = importlib.import_module(module)
        except (ModuleNotFoundError, ValueError) as error:  # ValueError: an empty name
            if getattr(error, "name", "") not in ("", module.partition(".")[0], module):
                raise
            raise InputError(
                f"{kind} {name!r}: no module {module!r} beside the config or "
                "in the working directory"
            ) from error
    try:
        return getattr(found, attribute)
    except AttributeError as error:
        raise InputError(f"{kind} {name!r}: module {module!r} has no {attribute!r}") from error


def imported(place: str) -> Any:
    """Import the object at ``"module:attribute"``."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def split_options(text: str) -> tuple[str, str]:
    """Split ``NAME?key=value&key=value`` into the name and the options.

    A name that exists as a file or folder is taken literally, question marks included.

    Args:
      text: the spec of an image source, a hole source or a method.

    Returns:
      The name, and the options without the question mark.
    """
    parts = text.split("?")
    for count in range(len(parts), 1, -1):
        name = "?".join(parts[:count])
        if os.path.exists(os.path.expanduser(name)):
            return name, "?".join(parts[count:])
    return parts[0], "?".join(parts[1:])


def split_list(text: str) -> list[str]:
    """Split a comma-separated list, but not names of existing files and folders.

    Args:
      text: sources of images or holes, which can have options.

    Returns:
      The items. Among several ways to split, the one with the longest existing names.
    """
    parts, texts = text.split(","), []
    while parts:
        for count in range(len(parts), 0, -1):
            name, _ = split_options(",".join(parts[:count]))
            named = name.count(",") == count - 1 and os.path.exists(os.path.expanduser(name))
            if count == 1 or named:
                texts.append(",".join(parts[:count]))
                parts = parts[count:]
                break
    return texts


def hashed(text: str) -> int:
    """Hash a text, such as an image id, to 64 bits that are the same on any machine.

    Args:
      text: any file name too, UTF-8 or not.

    Returns:
      A whole number from 0 to 2**64 - 1.
    """
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogateescape")).digest()[:8], "big")
