"""Configs: from ``yeh:published,cpu`` and ``--config.x=...`` to a locked ConfigDict, and to a System."""

import inspect
import json
import keyword
from collections.abc import Mapping, Sequence
from typing import Any

import jax
from absl import flags
from ml_collections import ConfigDict, config_flags

from inpaint_jax.data import files
from inpaint_jax.errors import InputError, note, users_code
from inpaint_jax.naming import resolve
from inpaint_jax.networks.functional import PRECISIONS
from inpaint_jax.runs import pages
from inpaint_jax.runs.config_checks import check, check_keys, check_kinds, check_numbers
from inpaint_jax.systems import SYSTEMS
from inpaint_jax.systems.interface import System

Config = Any  # a ConfigDict, whose attributes no type checker knows
# Of any stage, with their defaults: a file of imported weights, the decay of a weight average.
OPTIONAL = {"weights": "", "average": 0.0}


def load(spec: str, overrides: Sequence[str] = ()) -> Config:
    """Read the config that a command names.

    Args:
      spec: a shipped config as ``yeh`` or ``yeh:argument``, or a path as ``FILE.py`` or ``FILE.py:argument``; an
        existing file wins. The page's ``get_config(argument)`` returns a ConfigDict.
      overrides: ``--config.key=value`` arguments.

    Returns:
      A locked ConfigDict.

    Raises:
      InputError: for an unknown config (lists the shipped ones), one without ``get_config``, an argument that it does
        not know, an unknown key (lists the known ones), a value of the wrong type or out of range; for an error of the
        page's own, with its file and line.
    """
    config = from_page(spec, "get_config", pages.CONFIGS, option="--config")
    if not isinstance(config, ConfigDict):
        got = type(config).__name__
        raise InputError(f"--config: get_config of {spec} must return an ml_collections.ConfigDict, got {got}")
    check(config)
    return override(config, overrides)


def from_page(spec: str, function: str, package: str, *, option: str) -> Any:
    """Call a function of a config page.

    Args:
      spec: ``PAGE`` or ``PAGE:argument``, where PAGE is the path of a file or the name of a shipped page; without an
        argument the function is called without one.
      function: its name.
      package: where the shipped pages are.
      option: command-line option, for the error message.

    Raises:
      InputError: no such page, a page without the function, or an error of the page's own, with its file and line.
    """
    name, _, argument = spec.partition(":")
    with users_code(f"{option}: {name}"):
        module = pages.load(name, package, option=option)
        if not hasattr(module, function):
            raise InputError(f"{option}: {name} has no function {function}(argument)")
        make = getattr(module, function)
        return make(argument) if argument else make()


def override(config: Config, overrides: Sequence[str], *, only: Sequence[str] = ()) -> Config:
    """The config with ``--config.key=value`` arguments applied, typed like the values that they replace.

    Args:
      config: changed in place and locked.
      overrides: the arguments.
      only: top-level keys that may be overridden; empty: all.

    Raises:
      InputError: for an unknown key, a wrong type, or a key outside ``only``.
    """
    config.lock()
    for item in overrides:
        key = item.removeprefix("--config.").partition("=")[0]
        admit_optional(config, key)
        check_key(config, key)
        if only and key.partition(".")[0] not in only:
            raise InputError(f"--config.{key}: a trained model's config is fixed but for {', '.join(only)}")
    values = flags.FlagValues()
    config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=["inpaint", *overrides])
    try:
        values(["inpaint", *overrides])
    except (flags.Error, TypeError, ValueError) as error:
        raise InputError(str(error).replace("flag --config", "--config").splitlines()[0]) from error
    check_numbers(config)
    return config


def replaced(config: Config, other: Config, keys: Sequence[str]) -> Config:
    """The config with some of its top-level keys taken from another."""
    return from_plain({**to_plain(config), **{key: to_plain(other)[key] for key in keys if key in other}})


def admit_optional(config: Config, key: str) -> None:
    """Add a key that every config or stage can have and few configs mention, where ``key`` is one."""
    match key.split("."):
        case ["precision"] if key not in config:
            with config.unlocked():
                config.precision = ""
        case ["data", "workers"] if "workers" not in config.data:
            with config.unlocked():
                config.data.workers = 0
        case ["stages", name, option] if option in OPTIONAL and name in config.get("stages", {}):
            if option not in config.stages[name]:
                with config.unlocked():
                    config.stages[name][option] = OPTIONAL[option]


def check_key(config: Config, key: str) -> None:
    """Raises InputError unless ``key`` (dotted) can be set; where it is not in the config, it lists the known keys."""
    at, seen = config, []
    for part in key.split("."):
        if not isinstance(at, ConfigDict):
            raise InputError(f"--config.{key}: {'.'.join(seen)} is a value, it has no keys")
        if part not in at:
            where = f"config.{'.'.join(seen)}" if seen else "config"
            raise InputError(f"--config.{key}: {where} has no key {part!r}; known: {', '.join(sorted(at))}")
        if keyword.iskeyword(part):  # they are parsed as attributes
            raise InputError(f"--config.{key}: {part!r} is a keyword of Python: change it in the config's file")
        at = at[part]
        seen.append(part)


def build_system(config: Config) -> System:
    """The system that a config describes: ``systems/<name>.build``, or a user's ``module:function``, on plain keywords.

    Raises:
      InputError: for an unknown system, keywords that it does not take, numbers out of range, or a function that
        returns no System.
    """
    check_kinds(config)
    check_keys(config, {"system": str, "data": {"size": int}}, "config")
    check_numbers(config)
    plain = to_plain(config)
    if "networks" in plain:
        plain["networks"] = in_precision(plain["networks"], plain.get("precision", ""))
    build = resolve(plain["system"], SYSTEMS, kind="system")
    sections = {k: Section.of(plain[k], k) for k in ("networks", "losses", "search", "blend", "stages") if k in plain}
    try:
        inspect.signature(build).bind(size=plain["data"]["size"], **sections)
    except (TypeError, ValueError) as error:  # the latter of what has no signature
        raise InputError(f"config: system {plain['system']!r}: {error}") from error
    system = build(size=plain["data"]["size"], **sections)
    if not isinstance(system, System):
        raise InputError(f"config: system {plain['system']!r} returns {type(system).__name__}, not a System")
    return system


def in_precision(networks: dict[str, Any], precision: str) -> dict[str, Any]:
    """Give the networks that a plain config describes its ``precision``, where they have none of their own."""
    if precision not in PRECISIONS:
        raise InputError(f"config.precision: unknown {precision!r}; known: {', '.join(filter(None, PRECISIONS))}")
    if precision == "bf16" and jax.default_backend() == "cpu":
        note("precision=bf16: a CPU is slower in bfloat16 than in float32")
    return {
        name: {"precision": precision, **spec} if precision and isinstance(spec, dict) and "name" in spec else spec
        for name, spec in networks.items()
    }


def evaluation_fit(config: Config) -> str:
    """Return how images meet the model where it completes or is measured: ``data.evaluation_fit``, or else the fit."""
    return config.data.get("evaluation_fit") or config.data.fit


class Section(dict):
    """A part of a config whose missing keys are reported by their full name.

    A builder that looks up what the config does not have raises InputError, and a KeyError of its own stays one.
    """

    label: str

    @classmethod
    def of(cls, values: Any, label: str) -> Any:
        """The section of a plain value, with its sub-sections; other values are returned as they are."""
        if not isinstance(values, dict):
            return values
        section = cls({key: cls.of(value, f"{label}.{key}") for key, value in values.items()})
        section.label = label
        return section

    def __missing__(self, key):
        known = ", ".join(sorted(map(str, self))) or "nothing"
        raise InputError(f"config.{self.label} needs the key {key!r}; it has {known}")


def to_plain(config: Config) -> dict:
    """Plain dicts, lists and numbers, as they stand in config.json."""
    return json.loads(config.to_json())


def from_plain(plain: dict) -> Config:
    """The ConfigDict of a config.json."""
    return ConfigDict(plain)


def modernised(plain: dict) -> dict:
    """Bring a plain config that an older version wrote to today's layout.

    Until 0.1 ``slots`` stood in ``search`` (and a stage's projection had them in ``projection.search``), so that
    systems without a search had a section ``search`` with nothing else in it.
    """

    def lifted(section: dict) -> dict:
        if "slots" not in section.get("search", {}):
            return section
        search = {key: value for key, value in section["search"].items() if key != "slots"}
        rest = {key: value for key, value in section.items() if key != "search"}
        return {**rest, **({"search": search} if search else {}), "slots": section["search"]["slots"]}

    stages = {
        name: {**stage, "projection": lifted(stage["projection"])} if "projection" in stage else stage
        for name, stage in plain.get("stages", {}).items()
    }
    return {**lifted(plain), "stages": stages}


def complete(plain: Mapping[str, Any]) -> dict:
    """Add the optional keys that the stages of a plain config leave out, with their defaults."""
    stages = {name: {**OPTIONAL, **stage} for name, stage in plain.get("stages", {}).items()}
    return {**plain, "stages": stages}


def differing(there: dict, here: dict, *, shared_only: bool = False) -> list[str]:
    """Dotted keys whose values differ between two plain configs; ``shared_only``: among the keys that both have."""

    def flat(tree, prefix=""):
        if not isinstance(tree, dict) or not tree:
            return {prefix[:-1]: tree}
        return {k: v for name, sub in tree.items() for k, v in flat(sub, f"{prefix}{name}.").items()}

    one, other = flat(there), flat(here)
    shared, absent = one.keys() & other.keys(), object()
    keys = shared if shared_only else one.keys() | other.keys()
    return sorted(key for key in keys if one.get(key, absent) != other.get(key, absent))


def fingerprint(config: Config) -> str:
    """16 hex digits that two configs share exactly when all their values are equal."""
    return files.fingerprint(to_plain(config))
