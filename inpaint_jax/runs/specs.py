"""Convert the options of a command to source specs, hole specs and overrides."""

import os
import re

from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_options


def image_source(arguments, *, fit: bool = True):
    """Merge ``--images --split --fit --count`` into specs for ``data.sources.open_source``."""
    given = {
        name: getattr(arguments, name, None)
        for name in ("split", *(["fit"] if fit else []), "count")
    }
    return [
        with_options(spec, {name: value for name, value in given.items() if value})
        for spec in arguments.images
    ]


def hole_specs(arguments, specs: list[str]) -> list[str]:
    """Add ``--grow`` and the other options of hole files to the specs that accept them."""
    from inpaint_jax.runs.holes import is_drawn

    given = {
        "grow": arguments.grow,
        "above": arguments.holes_above,
        "invert": int(arguments.invert_holes) or None,
        "resize": int(arguments.resize_holes) or None,
    }
    extra = {name: value for name, value in given.items() if value is not None}
    if extra and all(map(is_drawn, specs)):
        raise InputError(
            "options of hole files, such as --grow, need hole files or alpha: "
            f"{specs[0]} is a hole family"
        )
    return [spec if is_drawn(spec) else with_options(spec, extra) for spec in specs]


def image_sets(specs: list[str]) -> dict[str, list[str]]:
    """Name the image sets: ``NAME=SPEC`` sets the name; otherwise the folder is the name."""
    sets: dict[str, list[str]] = {}
    for spec in specs:
        name, equals, rest = spec.partition("=")
        if not (equals and rest and re.fullmatch(r"[\w.-]+", name)):
            name, rest = split_options(spec)[0].rstrip("/").rpartition("/")[2], spec
        if name in sets:
            raise InputError(
                f"--images: two sets have the name {name!r}: rename one with NAME={rest}"
            )
        sets[name] = [rest]
    return sets


def with_options(spec: str, extra: dict) -> str:
    """Append options to a spec: ``photos?split=test`` becomes ``photos?split=test&count=3``."""
    query = "&".join(f"{name}={value}" for name, value in extra.items())
    return f"{spec}{'&' if split_options(spec)[1] else '?'}{query}" if query else spec


def search_overrides(arguments, overrides: list[str]) -> list[str]:
    """Return the overrides, including ``--tolerance``."""
    return (
        overrides
        if arguments.tolerance is None
        else [*overrides, f"--config.search.tolerance={arguments.tolerance}"]
    )


def search_name(spec: str) -> str:
    """Shorten ``configs/yeh.py:cpu,nag`` to ``yeh:cpu,nag``, the name in tables."""
    path, colon, words = spec.partition(":")
    return os.path.basename(path).removesuffix(".py") + colon + words
