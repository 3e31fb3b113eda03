"""What a stage learns from besides pictures: its training pictures, damaged and completed by a search before it begins.

They are kept in files as they are made, so that an interrupted run goes on where it stopped.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from inpaint_jax import masks
from inpaint_jax.compositing import from_levels, to_levels
from inpaint_jax.data import files
from inpaint_jax.data.views import Source, ids
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.interface import Stage

BLOCK = 64  # pictures per file


def projections(
    stage: Stage, source: Source, config: Config, folder: Path, earlier: Mapping[str, Any], stop: StopRequest
) -> dict[str, np.ndarray]:
    """Arrays that belong to the examples of a stage.

    Args:
      stage: whose ``projection`` completes them.
      source: its training pictures.
      config: of the run; the stage's ``holes`` are families that the pictures take turns with, and its
        ``projection.slots`` the pictures at once.
      folder: for the files.
      earlier: finished states of the stages before it.
      stop: when it becomes true, the pictures under way are given up.

    Returns:
      ``{"projection": float32 [N, H, W, C] in [-1, 1], on the 256 levels of picture files, "hole": [N, H, W, 1]}``.

    Raises:
      Interrupted: a signal stopped the work; the files made so far are kept.
      InputError: where several processes would have to make them.
    """
    assert stage.projection
    names, settings = list(ids(source)), config.stages[stage.name]
    holes = turns(settings.holes, names, size=config.data.size, seed=config.seed)
    driver = Driver(stage.projection, dict(earlier), slots=settings.projection.slots)
    painted: list[np.ndarray] = []
    identity = fingerprint(stage, config, names, earlier)
    with tqdm(total=len(names), desc=f"projections for {stage.name}", unit="image") as bar:
        for first in range(0, len(names), BLOCK):
            rows = range(len(names))[first : first + BLOCK]
            file = folder / f"{identity}-{first:06d}.npz"
            if file.is_file():
                painted += list(files.read_arrays(file, "projection", identity=file.stem)["projection"])
                bar.update(len(rows))
            elif jax.process_count() > 1:
                raise InputError(
                    f"{folder}: several processes cannot complete the training pictures of {stage.name} together; "
                    "give the same command to one process until that is done"
                )
            else:
                tasks = (Task(names[i], from_levels(source[i]["image"]), holes[i]) for i in rows)
                results = driver.run_all(tasks, seed=config.seed, stop=stop, bar=bar)
                if stop:
                    raise stop.error(f"{first} of {len(names)} projections for {stage.name} are saved in {folder}")
                painted += [to_levels(results[names[i]].images[0]) for i in rows]
                files.write_arrays(file, {"projection": np.stack(painted[first:])}, identity=file.stem)
    return {"projection": from_levels(np.stack(painted)), "hole": holes}


def turns(families: str, names: list[str], *, size: int, seed: int) -> np.ndarray:
    """A hole for every picture, of several families by turns: ``[N, size, size, 1]``."""
    specs = families.split(",")
    holes = np.empty((len(names), size, size, 1), np.float32)
    for i, spec in enumerate(specs):
        holes[i :: len(specs)] = masks.evaluation_holes(spec, ids=names[i :: len(specs)], size=size, seed=seed)
    return holes


def fingerprint(stage: Stage, config: Config, names: list[str], earlier: Mapping[str, Any]) -> str:
    """16 hex digits that change with everything that the projections depend on."""
    plain = configuration.to_plain(config)
    settings = plain["stages"][stage.name]
    return files.fingerprint(
        {
            **{part: plain[part] for part in ("seed", "data", "networks")},
            **{part: settings[part] for part in ("holes", "projection")},
            "earlier": {name: int(state.step) for name, state in earlier.items()},
            "names": names,
        }
    )
