"""Training images that a search completes before a stage begins, as further training data.

They are stored in files as they are made, so that an interrupted run continues where it stopped.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from inpaint_jax import masks
from inpaint_jax.compositing import from_uint8, to_uint8
from inpaint_jax.data import files
from inpaint_jax.data.views import Source, ids
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.interface import Stage

BLOCK = 64  # images per file


def projections(
    stage: Stage,
    source: Source,
    config: Config,
    folder: Path,
    earlier: Mapping[str, Any],
    stop: StopRequest,
) -> dict[str, np.ndarray]:
    """Make the completed training images of a stage, or read them from files.

    Args:
      stage: the stage, whose ``projection`` completes the images.
      source: training images of the stage.
      config: config of the run. The images are assigned to the families in the stage's ``holes`` in
        rotation. The stage's ``projection.slots`` is the number of images at once.
      folder: folder of the files.
      earlier: finished states of the stages before this one.
      stop: when it becomes true, the unfinished images are given up.

    Returns:
      ``{"projection": float32 [N, H, W, C] in [-1, 1], rounded to the 256 values of image files,
      "hole": [N, H, W, 1]}``.

    Raises:
      Interrupted: a signal stopped the work; the files made so far are kept.
      InputError: several processes would have to make the images.
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
                painted += list(
                    files.read_arrays(file, "projection", identity=file.stem)["projection"]
                )
                bar.update(len(rows))
            elif jax.process_count() > 1:
                raise InputError(
                    f"{folder}: several processes cannot complete the training images of "
                    f"{stage.name} together; run the same command in one process until that is "
                    "done"
                )
            else:
                tasks = (Task(names[i], from_uint8(source[i]["image"]), holes[i]) for i in rows)
                results = driver.run_all(tasks, seed=config.seed, stop=stop, bar=bar)
                if stop:
                    raise stop.error(
                        f"{first} of {len(names)} projections for "
                        f"{stage.name} are saved in {folder}"
                    )
                painted += [to_uint8(results[names[i]].images[0]) for i in rows]
                files.write_arrays(
                    file, {"projection": np.stack(painted[first:])}, identity=file.stem
                )
    return {"projection": from_uint8(np.stack(painted)), "hole": holes}


def turns(families: str, names: list[str], *, size: int, seed: int) -> np.ndarray:
    """Draw a hole for every image from several families in rotation: ``[N, size, size, 1]``."""
    specs = families.split(",")
    holes = np.empty((len(names), size, size, 1), np.float32)
    for i, spec in enumerate(specs):
        holes[i :: len(specs)] = masks.evaluation_holes(
            spec, ids=names[i :: len(specs)], size=size, seed=seed
        )
    return holes


def fingerprint(stage: Stage, config: Config, names: list[str], earlier: Mapping[str, Any]) -> str:
    """Return 16 hex digits that change with everything that the projections depend on."""
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
