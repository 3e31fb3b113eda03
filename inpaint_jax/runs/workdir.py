"""Layout of a run on disk, and the config changes that a resumed run may have.

``config.json`` is the config. Each stage has a folder with ``checkpoints/``, ``metrics.jsonl``,
``weights.json`` and ``data.json`` (the weights and images at its start) and ``projections/``.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.data import files
from inpaint_jax.data.json_files import DIGEST, parse, read_json, write_json
from inpaint_jax.errors import InputError
from inpaint_jax.optimization.best import best_of
from inpaint_jax.runs import configuration, metric_log
from inpaint_jax.runs.checkpoints import Checkpoints
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.initial_state import initial_state, may_end
from inpaint_jax.runs.older_configs import modernised
from inpaint_jax.systems.interface import Stage, System

WRITTEN = {"system": str, "stages": {...: dict}}  # keys of every config.json
SECTIONS = ("networks", "search", "losses", "blend")
CONFIG = {
    **WRITTEN,
    "seed": int,
    "data": {
        "size": int,
        "train": str,
        "?fit": str,
        "?validation": str | None,
        "?flip": bool,
        "?workers": int,
    },
    "?slots": int,
    "?precision": str,
    "?self_ensemble": bool,
    **{f"?{section}": dict for section in SECTIONS},
}
# parts of a config that may change after training
CHANGEABLE = ("search", "losses", "blend", "slots", "precision", "self_ensemble")


class StageFolder:
    """The files of one stage.

    Attributes:
      path: the folder.
      metrics: ``metrics.jsonl``, one line per logged step.
      weights: ``weights.json``, a record of the initial weights.
      images: ``data.json``, a record of the training images at the start.
      projections: folder of completed training images, from which the stage learns.
    """

    def __init__(self, path: Path):
        self.path = path
        self.metrics = path / "metrics.jsonl"
        self.weights = path / "weights.json"
        self.images = path / "data.json"
        self.projections = path / "projections"

    def checkpoints(self) -> Checkpoints:
        """Open the checkpoints of the stage."""
        return Checkpoints(self.path / "checkpoints", stage=self.path.name)

    def latest(self) -> int | None:
        """Return the newest saved step, or None."""
        return self.checkpoints().latest()

    def wants(self, steps: int) -> bool:
        """Return True if fewer than ``steps`` steps have been taken."""
        return (self.latest() or 0) < steps

    def logged(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of ``metrics.jsonl``; none if the stage was not trained here."""
        yield from metric_log.read(self.metrics)


class Workdir:
    """The folder of one run.

    Args:
      path: the folder; it need not exist.
    """

    def __init__(self, path: "str | Path | Workdir"):
        self.path = path.path if isinstance(path, Workdir) else Path(path)

    def __str__(self) -> str:
        return str(self.path)

    def stage(self, name: str) -> StageFolder:
        """Return the folder of a stage."""
        return StageFolder(self.path / name)

    def holds_run(self) -> bool:
        """Return True if the folder has a ``config.json``."""
        return os.path.lexists(self.path / "config.json")

    def config(self) -> dict[str, Any]:
        """Read the config of the run as plain values, in the current layout.

        Raises:
          InputError: the folder holds no run.
        """
        if (plain := self.written_config(CONFIG)) is None:
            raise InputError(
                f"{self} is not a workdir (no config.json): train first, inpaint "
                f"train --workdir={self}"
            )
        return modernised(plain)

    def written_config(self, shape: Any = WRITTEN) -> dict[str, Any] | None:
        """Read ``config.json`` in the layout of the version that wrote it; None without one.

        Raises:
          InputError: the file is damaged.
        """
        return read_json(
            self.path / "config.json",
            shape,
            remedy="restore it from a copy, or train in another folder",
        )

    def is_sealed(self) -> bool:
        """Return True if the config has a digest; one of version 0.1,
        or edited by hand, has none.
        """
        return DIGEST in parse(files.read_bytes(self.path / "config.json"))

    def write_config(self, config: Config) -> None:
        """Write ``config.json``."""
        write_json(self.path / "config.json", configuration.to_plain(config))

    def states(
        self, system: System, config: Config, *, checkpoint: str | int | None = None
    ) -> dict[str, Any]:
        """Read one state of every stage; for a stage that ends on its best, the best so far.

        Args:
          system: built from ``config``.
          config: config of the run.
          checkpoint: see ``chosen_steps``; other stages use the newest checkpoint.

        Returns:
          ``{stage: TrainState}``.

        Raises:
          InputError: the checkpoint of a stage is missing, damaged, of another architecture, or has
            weights that are not finite.
        """
        chosen, states = chosen_steps(checkpoint, system.stages), {}
        for stage in system.stages:
            shape = jax.eval_shape(lambda stage=stage: initial_state(stage, config, states))
            checkpoints = self.stage(stage.name).checkpoints()
            state = best_of(checkpoints.restore(shape, chosen.get(stage.name)))
            if name := not_finite(state):
                step = int(state.step)
                remedy = (
                    f"use the previous one with --checkpoint={before}"
                    if (before := checkpoints.one_before(step))
                    else "train it again with a lower learning rate or another seed"
                )
                raise InputError(
                    f"checkpoint {checkpoints.folder / str(step)}: {name} is not finite; {remedy}"
                )
            states[stage.name] = state
        return states

    def go_back(self, checkpoint: str | int, stages: Sequence[Stage]) -> None:
        """Remove the checkpoints after the chosen ones, so that training resumes from there.

        Args:
          checkpoint: see ``chosen_steps``.
          stages: stages of the run.

        Raises:
          InputError: there is no such checkpoint.
        """
        for name, step in chosen_steps(checkpoint, stages).items():
            checkpoints = self.stage(name).checkpoints()
            checkpoints.check_there(step)
            if not jax.process_index():
                checkpoints.discard_after(step)

    def check_same_run(self, config: Config) -> None:
        """Raise InputError if the workdir holds a run of another config; more steps are allowed.

        Training images may have moved; ``training.moved.check`` compares them.
        """
        if not self.holds_run():
            return
        there, here = map(configuration.complete, (self.config(), configuration.to_plain(config)))
        keys = configuration.differing(there, here)
        if changed := [key for key in keys if not changeable(key) and not names_images(key)]:
            raise InputError(
                f"{self} holds a run of another config (differs in {', '.join(changed)}): "
                "give another --workdir"
            )

    def check_order(self, stages: Sequence[Stage], config: Config) -> None:
        """Refuse to train a stage further if a later stage was trained on its current state."""
        for number, stage in enumerate(stages):
            step = self.stage(stage.name).latest()
            if step is None or step >= config.stages[stage.name].steps:
                continue
            later = [
                s.name for s in stages[number + 1 :] if self.stage(s.name).latest() is not None
            ]
            if later and not may_end(stages[: number + 1], config):
                raise InputError(
                    f"{self} has trained {later[0]} on {step} steps of {stage.name}: for more, "
                    "give another --workdir"
                )


def chosen_steps(checkpoint: str | int | None, stages: Sequence[Stage]) -> dict[str, int]:
    """Read ``--checkpoint``.

    Args:
      checkpoint: a step if the run has one stage, or comma-separated ``STAGE:STEP``, or None.
      stages: stages of the run.

    Returns:
      ``{stage: step}``.

    Raises:
      InputError: not a number, or no such stage.
    """
    names, chosen = [stage.name for stage in stages], {}
    for text in str(checkpoint).split(",") if checkpoint is not None else ():
        name, _, step = text.rpartition(":")
        if not name and len(names) == 1:
            name = names[0]
        if name not in names or not step.isdecimal():
            raise InputError(
                f"--checkpoint={checkpoint}: write STAGE:STEP; the stages are "
                f"{', '.join(names) or 'none'}"
            )
        chosen[name] = int(step)
    return chosen


def not_finite(state: Any) -> str | None:
    """Return the name of a trained array with NaN or infinite values; None if all are finite."""
    for network, trained in state.networks.items():
        for path, leaf in jax.tree_util.tree_leaves_with_path(trained._replace(opt=())):
            if jnp.issubdtype(leaf.dtype, jnp.floating) and not np.isfinite(leaf).all():
                return f"{network} {jax.tree_util.keystr(path, simple=True, separator='/')}"
    return None


def changeable(key: str) -> bool:
    """Return True if a dotted config key may change when a run is resumed."""
    parts = key.split(".")
    harmless = parts[0] == "stages" and parts[-1] in ("steps", "log_every", "image_every")
    return (
        parts[0] in CHANGEABLE or harmless or parts in (["data", "validation"], ["data", "workers"])
    )


def names_images(key: str) -> bool:
    """Return True if a dotted config key names training images."""
    parts = key.split(".")
    return parts == ["data", "train"] or (parts[0] == "stages" and parts[2:] == ["train"])


def decisive(plain: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """Return the parts of a plain config that a trained stage depends on."""
    plain = configuration.complete(plain)
    return {
        "seed": plain["seed"],
        "data": {
            name: part
            for name, part in plain["data"].items()
            if name not in ("validation", "workers")
        },
        "networks": plain["networks"],
        "stages": {stage.name: plain["stages"][stage.name]},
    }
