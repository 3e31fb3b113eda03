"""The text that names a method: ``NAME?key=value&key=value``."""

import functools
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_options

GROUPS = {
    "floors": ("mean", "harmonic", "nearest"),
    "opencv": ("telea", "navier_stokes"),
    "classical": (
        "mean",
        "harmonic",
        "biharmonic",
        "telea",
        "navier_stokes",
        "fsr_fast",
        "shift_map",
    ),
    "none": (),
}
RESULTS = "images"  # name of the method that reads other programs' results


class Spec(NamedTuple):
    """The parts of a method's text: ``NAME?key=value&key=value``."""

    text: str
    name: str
    options: dict[str, str]


def parse(text: str) -> Spec:
    """Split a method's text into name and options.

    Args:
      text: ``NAME`` or ``NAME?key=value&key=value``; an existing file or folder is taken literally.

    Raises:
      InputError: an empty name, or an option that is repeated or has no value.
    """
    name, query = split_options(text)
    if not name:
        raise InputError(
            "--method: the name is empty; give a workdir, a file of inpaint export or a baseline"
        )
    if name == text:
        return Spec(text, text, {})
    pairs = parse_qsl(query.replace("+", "%2B"))
    if len(dict(pairs)) < query.count("&") + 1:
        raise InputError(
            f"--method: {text!r}: write each option once, as name?option=value&option=value"
        )
    return Spec(text, name, dict(pairs))


def label(spec: Spec) -> str:
    """Return the name in tables: without the folders of paths, with the options."""
    if spec.name == RESULTS and "folder" in spec.options:
        return Path(spec.options["folder"]).name
    name = Path(spec.name).name if Path(spec.name).exists() else spec.name
    return name + spec.text.removeprefix(spec.name)


def typed(spec: Spec, build: Callable[..., Any]) -> dict[str, Any]:
    """Return the options in the types that the builder takes.

    Numbers, true and false are read as JSON; other values stay texts.

    Raises:
      InputError: an option that the builder does not have (lists the existing ones).
    """
    known = [
        name for name, p in inspect.signature(build).parameters.items() if p.kind is p.KEYWORD_ONLY
    ]
    fixed = build.keywords if isinstance(build, functools.partial) else {}
    known = [name for name in known if name not in fixed]
    if wrong := [key for key in spec.options if key not in known]:
        raise InputError(
            f"{spec.text!r}: unknown option {wrong[0]!r}; known: {', '.join(known) or 'none'}"
        )

    def value(text: str) -> Any:
        try:
            return json.loads(text)
        except (json.JSONDecodeError, RecursionError):  # RecursionError: deeply nested lists
            return text

    return {key: value(text) for key, text in spec.options.items()}
