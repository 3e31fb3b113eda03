"""A trained system from its workdir, and its use from Python."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax import configuration, seeds
from inpaint_jax.checkpoints import Checkpoints
from inpaint_jax.completion import Driver, Task
from inpaint_jax.configuration import Config
from inpaint_jax.errors import InputError
from inpaint_jax.systems.interface import Stage, System


class Model(NamedTuple):
    """A system with the states of its trained stages."""

    config: Config
    system: System
    states: dict[str, Any]


def load(workdir: str | Path, *, overrides: Sequence[str] = ()) -> Model:
    """A trained system.

    Args:
      workdir: as written by ``inpaint train``.
      overrides: ``--config.search.x=...`` and the like; ``search``, ``losses`` and ``blend`` may be changed after
        training.

    Raises:
      InputError: where the workdir holds no run, or one without a finished checkpoint for every stage.
    """
    path = Path(workdir) / "config.json"
    if not path.is_file():
        raise InputError(f"{workdir} is not a workdir (no config.json): train first, inpaint train --workdir={workdir}")
    configuration.make_importable(Path.cwd())
    config = configuration.from_plain(json.loads(path.read_text()))
    config = configuration.override(config, overrides, only=("search", "losses", "blend"))
    system = configuration.build_system(config)
    states: dict[str, Any] = {}
    for stage in system.stages:
        abstract = jax.eval_shape(lambda stage=stage: initial_state(stage, config, states))
        states[stage.name] = checkpoints(workdir, stage).restore(abstract)
    return Model(config, system, states)


def initial_state(stage: Stage, config: Config, earlier: dict[str, Any]):
    """The state of a stage before training; a function of the config's seed and the stage's name alone."""
    key = seeds.example_keys(config.seed, [stage.name], "stage")[0]
    size = config.data.size
    batch = {"image": jnp.zeros((config.stages[stage.name].batch_size, size, size, 3))}
    return stage.init(key, batch, earlier)


def checkpoints(workdir: str | Path, stage: Stage) -> Checkpoints:
    """The checkpoints of a stage."""
    return Checkpoints(Path(workdir) / stage.name / "checkpoints")


def complete(
    model: Model,
    images: np.ndarray,
    holes: np.ndarray,
    *,
    seed: int = 0,
    ids: Sequence[str] | None = None,
    slots: int | None = None,
) -> np.ndarray:
    """Completes pictures.

    Args:
      model: from ``load``.
      images: ``[B, H, W, C]`` in [-1, 1]; what they hold inside the holes is not used.
      holes: ``[B, H, W, 1]``, or one ``[H, W, 1]`` for all; 1 = missing.
      seed: with a picture's id it fixes the picture's result.
      ids: one per picture; default "0", "1", ...
      slots: pictures per device and call; default the config's. It enters the last bits of a result.

    Returns:
      ``[B, H, W, C]`` in [-1, 1], known pixels bit for bit as given.

    Raises:
      InputError: for shapes, values or holes that the system cannot take.
    """
    images, holes = np.asarray(images, np.float32), np.asarray(holes, np.float32)
    if images.ndim != 4 or holes.ndim not in (3, 4) or holes.shape[-1] != 1:
        raise InputError(f"images must be [B, H, W, C] and holes [B, H, W, 1], got {images.shape} and {holes.shape}")
    holes = np.broadcast_to(holes, (*images.shape[:3], 1))
    ids = [str(i) for i in range(len(images))] if ids is None else list(ids)
    driver = Driver(model.system, model.states, slots=slots or model.config.search.slots)
    tasks = (Task(*parts) for parts in zip(ids, images, holes, strict=True))
    order = {name: i for i, name in enumerate(ids)}
    completed = np.empty_like(images)
    for result in driver.run(tasks, seed=seed):
        completed[order[result.task.id]] = result.images[0]
    return completed
