"""Find a config page: a file by path, or a page shipped with the package by name."""

import importlib
import importlib.machinery
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from inpaint_jax.errors import InputError

CONFIGS = "inpaint_jax.configs"
EXPERIMENTS = "inpaint_jax.configs.papers"


def load(name: str, package: str, *, option: str) -> ModuleType:
    """Import the page that a command names.

    Args:
      name: path of a Python file, or the name of a shipped page: ``yeh``, ``desai`` or
        ``papers/desai``. An existing file wins over a name.
      package: package of the shipped pages, CONFIGS or EXPERIMENTS.
      option: command-line option, for the error message.

    Raises:
      InputError: neither a file nor a shipped page (lists the shipped ones).
    """
    if Path(name).is_file():
        make_importable(Path.cwd(), Path(name).resolve().parent)
        return from_file(name)
    page, known = name.removeprefix("papers/") if package == EXPERIMENTS else name, shipped(package)
    if page not in known:
        kind = option.removeprefix("--")
        raise InputError(
            f"{option}: no file {name!r}, and no shipped {kind} of that name; "
            f"known: {', '.join(known)}"
        )
    make_importable(Path.cwd())
    return importlib.import_module(f"{package}.{page}")


def shipped(package: str) -> list[str]:
    """Return the names of the pages in a package, in alphabetical order."""
    folders = importlib.import_module(package).__path__
    return sorted(page.name for page in pkgutil.iter_modules(folders) if not page.ispkg)


def from_file(path: str) -> ModuleType:
    """Execute a Python file, whatever its suffix, as a separate module."""
    loader = importlib.machinery.SourceFileLoader("_inpaint_config", path)
    spec = importlib.util.spec_from_file_location("_inpaint_config", path, loader=loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def make_importable(*folders: Path) -> None:
    """Put folders on the import path, so that a config finds ``my_losses:edge`` next to it.

    A module in the working folder is found too.
    """
    for folder in map(str, folders):
        if folder not in sys.path:
            sys.path.insert(0, folder)
