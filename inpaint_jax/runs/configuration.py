"""Configs: read ``yeh:published,cpu`` and ``--config.x=...``, and build the System."""

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
from inpaint_jax.systems.self_ensemble import self_ensemble

Config = Any  # a ConfigDict; type checkers do not know its attributes
OPTIONAL_AT_TOP = {"precision": "", "self_ensemble": False}  # optional keys of every config
# Optional keys of every stage: a file of imported weights, the decay of a weight average.
OPTIONAL = {"weights": "", "average": 0.0}
REMEDIES = {  # by a phrase in the message about a value of the wrong type
    "invalid literal for int()": "give a whole number",
    "could not convert string to float": "give a number",
    "Non-boolean argument": "give True or False",
}


def load(spec: str, overrides: Sequence[str] = ()) -> Config:
    """Read the config that a command names.

    Args:
      spec: a shipped config as ``yeh`` or ``yeh:argument``, or a path as ``FILE.py`` or
        ``FILE.py:argument``; an existing file wins. The page's ``get_config(argument)`` returns a
        ConfigDict.
      overrides: ``--config.key=value`` arguments.

    Returns:
      A locked ConfigDict.

    Raises:
      InputError: unknown config (lists the shipped ones), a page without ``get_config``, an unknown
        argument or key (lists the known ones), a value of the wrong type or out of range, or an
        error inside the page (with file and line).
    """
    config = from_page(spec, "get_config", pages.CONFIGS, option="--config")
    if not isinstance(config, ConfigDict):
        got = type(config).__name__
        raise InputError(
            f"--config: get_config of {spec} must return an ml_collections.ConfigDict, got {got}"
        )
    check(config)
    return override(config, overrides)


def from_page(spec: str, function: str, package: str, *, option: str) -> Any:
    """Call a function of a config page.

    Args:
      spec: ``PAGE`` or ``PAGE:argument``; PAGE is the path of a file or the name of a shipped page.
        Without an argument the function is called without one.
      function: name of the function.
      package: package of the shipped pages.
      option: command-line option, for the error message.

    Raises:
      InputError: no such page, a page without the function, or an error inside the page (with file
        and line).
    """
    name, _, argument = spec.partition(":")
    with users_code(f"{option}: {name}"):
        module = pages.load(name, package, option=option)
        if not hasattr(module, function):
            raise InputError(f"{option}: {name} has no function {function}(argument)")
        make = getattr(module, function)
        return make(argument) if argument else make()


def override(config: Config, overrides: Sequence[str], *, only: Sequence[str] = ()) -> Config:
    """Apply ``--config.key=value`` arguments to a config, typed like the replaced values.

    Args:
      config: changed in place and locked.
      overrides: the arguments.
      only: top-level keys that may be overridden; empty: all.

    Raises:
      InputError: an unknown key, a wrong type, or a key outside ``only``.
    """
    config.lock()
    for item in overrides:
        key = item.removeprefix("--config.").partition("=")[0]
        admit_optional(config, key)
        check_key(config, key)
        if only and key.partition(".")[0] not in only:
            raise InputError(
                f"--config.{key}: a trained model allows changes only to {', '.join(only)}"
            )
    values = flags.FlagValues()
    config_flags.DEFINE_config_dict(
        "config", config, flag_values=values, sys_argv=["inpaint", *overrides]
    )
    try:
        values(["inpaint", *overrides])
    except (flags.Error, TypeError, ValueError) as error:
        message = str(error).replace("flag --config", "--config").splitlines()[0]
        wanted = next((remedy for phrase, remedy in REMEDIES.items() if phrase in message), "")
        raise InputError(
            f"{message.partition(': ')[0]}: {wanted}" if wanted else message
        ) from error
    check_numbers(config)
    return config


def replaced(config: Config, other: Config, keys: Sequence[str]) -> Config:
    """Return the config with some top-level keys replaced by those of another."""
    return from_plain(
        {**to_plain(config), **{key: to_plain(other)[key] for key in keys if key in other}}
    )


def admit_optional(config: Config, key: str) -> None:
    """Add ``key`` to the config if it is optional for every config or stage."""
    match key.split("."):
        case [name] if name in OPTIONAL_AT_TOP and name not in config:
            with config.unlocked():
                config[name] = OPTIONAL_AT_TOP[name]
        case ["data", "workers"] if "workers" not in config.data:
            with config.unlocked():
                config.data.workers = 0
        case ["stages", name, option] if option in OPTIONAL and name in config.get("stages", {}):
            if option not in config.stages[name]:
                with config.unlocked():
                    config.stages[name][option] = OPTIONAL[option]


def check_key(config: Config, key: str) -> None:
    """Raise InputError unless the dotted ``key`` can be set; list the known keys."""
    at, seen = config, []
    for part in key.split("."):
        if not isinstance(at, ConfigDict):
            raise InputError(f"--config.{key}: {'.'.join(seen)} is a value and has no keys")
        if part not in at:
            where = f"config.{'.'.join(seen)}" if seen else "config"
            raise InputError(
                f"--config.{key}: {where} has no key {part!r}; known: {', '.join(sorted(at))}"
            )
        if keyword.iskeyword(part):  # keys are parsed as attributes
            raise InputError(
                f"--config.{key}: {part!r} is a Python keyword: change it in the file of the config"
            )
        at = at[part]
        seen.append(part)


def build_system(config: Config) -> System:
    """Build the system of a config: call ``systems/<name>.build`` or a custom ``module:function``.

    Raises:
      InputError: an unknown system, keywords that it does not accept, numbers out of range, or a
        function that does not return a System.
    """
    check_kinds(config)
    check_keys(config, {"system": str, "data": {"size": int}}, "config")
    if "self_ensemble" in config:
        check_keys(config, {"self_ensemble": bool}, "config")
    check_numbers(config)
    plain = to_plain(config)
    if "networks" in plain:
        plain["networks"] = in_precision(plain["networks"], plain.get("precision", ""))
    build = resolve(plain["system"], SYSTEMS, kind="system")
    sections = {
        k: Section.of(plain[k], k)
        for k in ("networks", "losses", "search", "blend", "stages")
        if k in plain
    }
    try:
        inspect.signature(build).bind(size=plain["data"]["size"], **sections)
    except (TypeError, ValueError) as error:  # ValueError: a callable without a signature
        raise InputError(f"config: system {plain['system']!r}: {error}") from error
    system = build(size=plain["data"]["size"], **sections)
    if not isinstance(system, System):
        raise InputError(
            f"config: system {plain['system']!r} returns {type(system).__name__}, not a System"
        )
    return self_ensemble(system) if plain.get("self_ensemble") else system


def in_precision(networks: dict[str, Any], precision: str) -> dict[str, Any]:
    """Set ``precision`` in every network of a plain config that does not set it."""
    if precision not in PRECISIONS:
        raise InputError(
            f"config.precision: unknown {precision!r}; known: {', '.join(filter(None, PRECISIONS))}"
        )
    if precision == "bf16" and jax.default_backend() == "cpu":
        note("precision=bf16: a CPU is slower in bfloat16 than in float32")
    return {
        name: {"precision": precision, **spec}
        if precision and isinstance(spec, dict) and "name" in spec
        else spec
        for name, spec in networks.items()
    }


def evaluation_fit(config: Config) -> str:
    """Return the fit for completion and evaluation: ``data.evaluation_fit``, or ``data.fit``."""
    return config.data.get("evaluation_fit") or config.data.fit


class Section(dict):
    """A part of a config whose missing keys are reported by their full name.

    Looking up a missing key raises InputError; other KeyErrors in a builder stay KeyErrors.
    """

    label: str

    @classmethod
    def of(cls, values: Any, label: str) -> Any:
        """Convert a plain dict and its sub-dicts to sections; return other values unchanged."""
        if not isinstance(values, dict):
            return values
        section = cls({key: cls.of(value, f"{label}.{key}") for key, value in values.items()})
        section.label = label
        return section

    def __missing__(self, key):
        known = ", ".join(sorted(map(str, self))) or "nothing"
        raise InputError(f"config.{self.label} needs the key {key!r}; it has {known}")


def to_plain(config: Config) -> dict:
    """Convert a config to plain dicts, lists and numbers, as in config.json."""
    return json.loads(config.to_json())


def from_plain(plain: dict) -> Config:
    """Convert the content of a config.json to a ConfigDict."""
    return ConfigDict(plain)


def complete(plain: Mapping[str, Any]) -> dict:
    """Add missing optional keys to the stages of a plain config, with their defaults."""
    stages = {name: {**OPTIONAL, **stage} for name, stage in plain.get("stages", {}).items()}
    return {**plain, "stages": stages}


def differing(there: dict, here: dict, *, shared_only: bool = False) -> list[str]:
    """Return the dotted keys whose values differ between two plain configs.

    With ``shared_only``, only keys that both configs have.
    """

    def flat(tree, prefix=""):
        if not isinstance(tree, dict) or not tree:
            return {prefix[:-1]: tree}
        return {
            k: v for name, sub in tree.items() for k, v in flat(sub, f"{prefix}{name}.").items()
        }

    one, other = flat(there), flat(here)
    shared, absent = one.keys() & other.keys(), object()
    keys = shared if shared_only else one.keys() | other.keys()
    return sorted(key for key in keys if one.get(key, absent) != other.get(key, absent))


def check_same_view(configs: Mapping[str, Config], remedy: str) -> None:
    """Raise InputError for two configs that view images at other sizes or fits."""
    (first, config), *others = configs.items()
    for name, other in others:
        if (other.data.size, evaluation_fit(other)) != (config.data.size, evaluation_fit(config)):
            raise InputError(
                f"{first!r} and {name!r} differ in data.size or the fit of evaluation: {remedy}"
            )


def fingerprint(config: Config) -> str:
    """Hash a config to 16 hex digits, equal exactly if all values are equal."""
    return files.fingerprint(to_plain(config))
