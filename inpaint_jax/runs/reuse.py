"""Finished stages of one run, taken over by another that would train them in the same way."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.optimization.state import ended
from inpaint_jax.runs import configuration, model
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.weights import matching
from inpaint_jax.systems.interface import Stage


def reuse(stages: Sequence[Stage], config: Config, workdir: Path, source: Path) -> None:
    """Copies the last state of the first stages that another workdir has finished; those after are left to be trained.

    Args:
      stages: of the run that begins.
      config: of the run that begins.
      workdir: its place. A stage that has checkpoints there already stays as it is.
      source: workdir of the finished run. A stage that it trained in another way, and those after it, are left.

    Raises:
      InputError: ``source`` is no workdir, has none of the stages finished, or trained the first in another way.
    """
    path = source / "config.json"
    if not path.is_file():
        raise InputError(f"--reuse: {source} is not a workdir (no config.json)")
    there, here = json.loads(path.read_text()), configuration.to_plain(config)
    taken, earlier, left = [], {}, ""
    for stage in stages:
        own, other = model.checkpoints(workdir, stage), model.checkpoints(source, stage)
        if stage.name not in there["stages"] or (newest := other.latest()) is None:
            break  # a later stage may have been trained on it
        abstract = jax.eval_shape(lambda stage=stage: model.initial_state(stage, config, earlier))
        wanted = config.stages[stage.name].steps
        if wanted not in other.steps():
            if "finished" not in abstract.schedule or not ended(other.restore(abstract, newest)):
                break
            wanted = newest  # where it ended by itself
        if differing := configuration.differing(decisive(there, stage), decisive(here, stage), shared_only=True):
            left = f"{stage.name} differently: {', '.join(differing)}"
            break
        earlier[stage.name] = other.restore(abstract, wanted)
        taken.append(stage.name)
        if own.latest() is None:
            if (record := source / stage.name / matching.RECORD).is_file():
                files.write_text(workdir / stage.name / matching.RECORD, record.read_text())
            with own:
                own.save(wanted, earlier[stage.name])
                own.wait()
    if left and not taken:
        raise InputError(f"--reuse: {source} trained {left}")
    if not taken:
        raise InputError(f"--reuse: {source} has none of the stages {', '.join(s.name for s in stages)} finished")
    print(f"reused from {source}: {', '.join(taken)}" + (f"; it trained {left}" if left else ""))


def decisive(plain: dict[str, Any], stage: Stage) -> dict[str, Any]:
    """The parts of a config that a trained stage depends on."""
    return {
        "seed": plain["seed"],
        "data": {name: part for name, part in plain["data"].items() if name != "validation"},
        "networks": plain["networks"],
        "stages": {stage.name: {"weights": "", **plain["stages"][stage.name]}},
    }
