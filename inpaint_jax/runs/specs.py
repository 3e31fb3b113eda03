"""The options of a command as source specs, holes and overrides."""

import os
import re

from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_options


def picture_source(arguments, *, fit: bool = True):
    """``--images --split --fit --count`` as one list of source specs for ``data.sources.open_source``."""
    given = {name: getattr(arguments, name, None) for name in ("split", *(["fit"] if fit else []), "count")}
    return [with_options(spec, {name: value for name, value in given.items() if value}) for spec in arguments.images]


def hole_specs(arguments, specs: list[str]) -> list[str]:
    """The holes with ``--grow`` and the like as options of those that are files, or transparent pixels."""
    from inpaint_jax.runs.holes import is_drawn

    given = {
        "grow": arguments.grow,
        "above": arguments.holes_above,
        "invert": int(arguments.invert_holes) or None,
        "resize": int(arguments.resize_holes) or None,
    }
    extra = {name: value for name, value in given.items() if value is not None}
    if extra and all(map(is_drawn, specs)):
        raise InputError(f"--grow and the like are for hole files and alpha: {specs[0]} is a hole family")
    return [spec if is_drawn(spec) else with_options(spec, extra) for spec in specs]


def image_sets(specs: list[str]) -> dict[str, list[str]]:
    """Name every set of images: ``faces=celeba/test?crop=108`` as it says, another by its folder."""
    sets: dict[str, list[str]] = {}
    for spec in specs:
        name, equals, rest = spec.partition("=")
        if not (equals and rest and re.fullmatch(r"[\w.-]+", name)):
            name, rest = split_options(spec)[0].rstrip("/").rpartition("/")[2], spec
        if name in sets:
            raise InputError(f"--images: two sets are called {name!r}: write them as NAME={rest}")
        sets[name] = [rest]
    return sets


def with_options(spec: str, extra: dict) -> str:
    """A spec with more options: ``photos?split=test`` and ``&count=3``."""
    query = "&".join(f"{name}={value}" for name, value in extra.items())
    return f"{spec}{'&' if split_options(spec)[1] else '?'}{query}" if query else spec


def search_overrides(arguments, overrides: list[str]) -> list[str]:
    """The overrides, ``--tolerance`` among them."""
    return (
        overrides if arguments.tolerance is None else [*overrides, f"--config.search.tolerance={arguments.tolerance}"]
    )


def search_name(spec: str) -> str:
    """Return ``configs/yeh.py:cpu,nag`` as a table shows it: ``yeh:cpu,nag``."""
    path, colon, words = spec.partition(":")
    return os.path.basename(path).removesuffix(".py") + colon + words
