"""The record beside every published number: config, versions, commit, hardware, time."""

import datetime
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

import jax

from inpaint_jax import __version__
from inpaint_jax.checks import cores
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config


def run_record(config: Config | None = None) -> dict[str, Any]:
    """Return everything needed to regenerate a result.

    Args:
      config: config of the run; None if nothing was trained.

    Returns:
      Plain values for a JSON file.
    """
    packages = ("inpaint_jax", "jax", "jaxlib", "flax", "optax", "numpy")
    return {
        **({} if config is None else described(config)),
        "commit": commit(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
        "hardware": {
            "devices": [d.device_kind for d in jax.devices()],
            "processor": processor(),
            "cores": cores(),
        },
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def described(config: Config) -> dict[str, Any]:
    """Return a config and the hash that identifies it."""
    return {
        "config_hash": configuration.fingerprint(config),
        "config": configuration.to_plain(config),
    }


def version(package: str) -> str:
    """Return an installed package's version, or "not installed"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


PACKAGE = Path(__file__).parents[1]


def commit() -> str:
    """Identify the code: the git commit of this package's checkout, or the package's version.

    An edited checkout gets "+changes". An installed package is ``v0.2.0``, even inside a checkout
    of another project.
    """

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", str(PACKAGE), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".")
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return f"v{__version__}"


def processor() -> str:
    """Return the name of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor()
