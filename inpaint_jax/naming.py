"""From a name in a config to the Python object: ours by their short names, a user's as ``module:attribute``."""

import importlib
from collections.abc import Mapping
from typing import Any

from inpaint_jax.errors import InputError


def resolve(name: str, table: Mapping[str, Any], *, kind: str) -> Any:
    """Finds what a config names.

    Args:
      name: a key of ``table``, or ``"module:attribute"`` of an importable module (the directory that the command
        runs in, and the config's own, are importable).
      table: the package's own objects by name.
      kind: what the name stands for ("loss", "network"), for the error message.

    Raises:
      InputError: for an unknown name (lists the known ones), module or attribute.
    """
    if ":" not in name:
        if name not in table:
            raise InputError(f"unknown {kind} {name!r}; known: {', '.join(sorted(table))}, or module:attribute")
        return table[name]
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0] and error.name != module:
            raise
        raise InputError(
            f"{kind} {name!r}: no module {module!r} beside the config or in the working directory"
        ) from error
    except AttributeError as error:
        raise InputError(f"{kind} {name!r}: module {module!r} has no {attribute!r}") from error
