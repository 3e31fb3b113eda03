"""A trained system from its workdir, and its use from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax import checks
from inpaint_jax.runs import configuration, pages
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.workdir import CHANGEABLE, Workdir
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.interface import System


class Model(NamedTuple):
    """A system with the states of its trained stages."""

    config: Config
    system: System
    states: dict[str, Any]

    @property
    def slots(self) -> int:
        """Images at once on each accelerator, or on all cores of the CPU."""
        return self.config.get("slots", SLOTS)


SLOTS = 64  # of a config that does not say


def load(workdir: str | Path, *, search: str | None = None, overrides: Sequence[str] = ()) -> Model:
    """A trained system.

    Args:
      workdir: as written by ``inpaint train``.
      search: a config file, ``FILE.py:argument``, whose ``search``, ``losses`` and ``blend`` replace the run's.
      overrides: ``--config.search.x=...`` and the like.

    Returns:
      The system with its trained networks.

    Raises:
      InputError: where the workdir holds no run, or one without a finished checkpoint for every stage.
    """
    folder = Workdir(workdir)
    plain = folder.config()
    pages.make_importable(Path.cwd())
    config = with_changes(configuration.from_plain(plain), search, overrides)
    system = configuration.build_system(config)
    return Model(config, system, folder.states(system, config))


def with_search(model: Model, search: str, overrides: Sequence[str] = ()) -> Model:
    """The same trained networks under the ``search``, ``losses`` and ``blend`` of another config file.

    Raises:
      InputError: for a search that these networks do not serve.
    """
    config = with_changes(model.config, search, overrides)
    return Model(config, configuration.build_system(config), model.states)


def with_changes(config: Config, search: str | None, overrides: Sequence[str]) -> Config:
    """A trained run's config with what may still be changed taken from another config file and from overrides."""
    if search:
        config = configuration.replaced(config, configuration.load(search), CHANGEABLE)
    return configuration.override(config, overrides, only=CHANGEABLE)


def complete(
    model: Model,
    images: np.ndarray,
    holes: np.ndarray,
    *,
    seed: int = 0,
    ids: Sequence[str] | None = None,
    keep: int | None = None,
    slots: int | None = None,
) -> np.ndarray:
    """Completes pictures.

    Args:
      model: from ``load``.
      images: ``[B, H, W, C]`` in [-1, 1]; what they hold inside the holes is not used.
      holes: ``[B, H, W, 1]``, or one ``[H, W, 1]`` for all; 1 = missing.
      seed: with a picture's id it fixes the picture's result.
      ids: one per picture; default "0", "1", ...
      keep: completions wanted per picture; a search makes at least as many restarts.
      slots: pictures at once on each accelerator, or on all cores of the CPU; default the config's. How many share a
        device enters the last bits of a result.

    Returns:
      ``[B, H, W, C]`` in [-1, 1], known pixels bit for bit as given; with ``keep`` ``[B, keep, H, W, C]``, best first
      by the system's own loss.

    Raises:
      InputError: for shapes, values or holes that the system cannot take.
    """
    images, holes, ids = checks.arrays(images, holes, ids)
    driver = Driver(model.system, model.states, slots=slots or model.slots, k=keep or 1)
    tasks = (Task(*parts) for parts in zip(ids, images, holes, strict=True))
    order = {name: i for i, name in enumerate(ids)}
    completed = np.empty((len(images), keep or 1, *images.shape[1:]), np.float32)
    for result in driver.run(tasks, seed=seed):
        completed[order[result.task.id]] = result.images
    return completed if keep else completed[:, 0]
