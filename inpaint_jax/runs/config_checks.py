"""Checks of every config, whatever the system: keys, types of values, numbers in range."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from inpaint_jax.errors import InputError

NEEDED = {
    "system": str,
    "seed": int,
    "data": {"size": int, "train": str, "fit": str, "flip": bool},
    "networks": {},
    "stages": {},
}
OF_A_STAGE = {"batch_size": int, "steps": int, "log_every": int, "checkpoint_every": int}
MAY_BE_NONE = ("seen_size",)  # numbers of networks that may be 0: switched off
LEAST = {  # least value of whole numbers, by the last part of their key
    **dict.fromkeys(
        ("steps", "images", "holdout", "overlap", "window", "seed", "patience", "workers"), 0
    ),
    **dict.fromkeys(("critic_after", "latent_after"), 0),
    **dict.fromkeys(
        ("batch_size", "size", "slots", "iterations", "restarts", "generator_updates"), 1
    ),
    **dict.fromkeys(
        (
            "log_every",
            "checkpoint_every",
            "image_every",
            "adapt_every",
            "levels",
            "pixels_per_level",
        ),
        1,
    ),
}


def check(config: Any) -> None:
    """Refuse a config that no system could run.

    Args:
      config: a ConfigDict.

    Raises:
      InputError: a key is missing; a value has another type, or one that no JSON file can hold; a
        number is not finite or out of range.
    """
    check_kinds(config)
    check_keys(config, NEEDED, "config")
    for name in config.stages:
        check_keys(config.stages[name], OF_A_STAGE, f"config.stages.{name}")
    check_numbers(config)


def check_keys(values: Any, needed: Mapping[str, Any], label: str) -> None:
    """Raise InputError for a missing key, or a value of another type."""
    if not hasattr(values, "items"):
        raise InputError(f"{label} must be a section with keys, got {type(values).__name__}")
    for key, kind in needed.items():
        if key not in values:
            known = ", ".join(sorted(map(str, values))) or "nothing"
            raise InputError(f"{label} needs the key {key!r}; it has {known}")
        if isinstance(kind, Mapping):
            check_keys(values[key], kind, f"{label}.{key}")
        elif not isinstance(values[key], kind) or (kind is int and isinstance(values[key], bool)):
            raise InputError(f"{label}.{key} must be of type {kind.__name__}, got {values[key]!r}")


def check_kinds(config: Any) -> None:
    """Raise InputError unless a value is a text, number, truth value, None, or a list of these."""
    for key, value in leaves(config):
        if isinstance(value, str | int | float | bool | None):
            continue
        if callable(value):
            remedy = f"name it as 'module:{getattr(value, '__name__', 'attribute')}'"
        else:
            remedy = "use text, numbers, True, False, None, or lists of these"
        raise InputError(f"{key} is of type {type(value).__name__}: {remedy}")


def check_numbers(config: Any) -> None:
    """Raise InputError for a number that is NaN or infinite, or below the minimum of its key."""
    for key, value in leaves(config):
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{key} is {value}: give a finite number")
        name = key.rpartition(".")[2]
        if (
            key == f"config.networks.{name}"
            and type(value) is int
            and value < 1
            and name not in MAY_BE_NONE
        ):
            raise InputError(f"{key} must be at least 1, got {value}")
        least = LEAST.get(name)
        if least is None or ".networks." in key or ".losses." in key:
            continue  # networks check their own fields
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InputError(f"{key} must be a whole number of at least {least}, got {value!r}")


def leaves(values: Any, label: str = "config") -> Iterator[tuple[str, Any]]:
    """Yield every value that is neither a section nor a list, with its full key."""
    if hasattr(values, "items"):
        for key, value in values.items():
            yield from leaves(value, f"{label}.{key}")
    elif isinstance(values, list | tuple):
        for number, value in enumerate(values):
            yield from leaves(value, f"{label}[{number}]")
    else:
        yield label, values
