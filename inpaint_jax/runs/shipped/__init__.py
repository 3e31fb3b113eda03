"""Models that come with the package: two files each in ``models/``, a card and the weights.

They were trained on the built-in images alone, so that no data set's licence applies to them. A
model's name, such as ``portraits-yeh``, is valid wherever a workdir is; a file or folder of that
name wins.
"""

import os
from pathlib import Path
from typing import Any

import jax

from inpaint_jax.data import files
from inpaint_jax.errors import InputError, note
from inpaint_jax.runs import digests
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.initial_state import initial_state
from inpaint_jax.runs.older_configs import modernised
from inpaint_jax.runs.shipped import lean
from inpaint_jax.runs.shipped.cards import FOLDER, Card, names, read
from inpaint_jax.systems.interface import System

FAULT = "is damaged ({}): install inpaint_jax again"


class Shipped:
    """A shipped model with the reading interface of ``Workdir``.

    Args:
      name: one of ``names()``.
    """

    def __init__(self, name: str, folder: Path = FOLDER):
        self.card: Card = read(name, folder)
        self._weights = folder / f"{name}.npz"

    def __str__(self) -> str:
        return self.card.name

    def is_sealed(self) -> bool:
        """Return True: a card is verified when it is read."""
        return True

    def config(self) -> dict[str, Any]:
        """Return the config of the run, as plain values; print what the model was trained on."""
        note(f"{self} was trained on {self.card.config['data']['train']}: {self.card.trained_on}")
        return modernised(self.card.config)

    def states(
        self, system: System, config: Config, *, checkpoint: str | int | None = None
    ) -> dict[str, Any]:
        """Read the parts of every stage that completion needs.

        Args:
          system: system built from ``config``.
          config: config of the run.
          checkpoint: must be None: a shipped model has one checkpoint.

        Returns:
          ``{stage: TrainState}``, without optimiser states, and without networks that only training
          needs.

        Raises:
          InputError: ``checkpoint`` is given; the weights do not match the card, or belong to
            another architecture.
        """
        if checkpoint is not None:
            raise InputError(
                f"--checkpoint={checkpoint}: the shipped model {self} has no checkpoints"
            )
        arrays, states = files.read_arrays(self._weights, fault=FAULT), {}
        if changed := digests.first_damaged(self.card.arrays, arrays):
            raise InputError(
                f"{self._weights} {FAULT.format(f'{changed} does not match the card')}"
            )
        for stage in system.stages:
            shape = jax.eval_shape(lambda stage=stage: initial_state(stage, config, states))
            states[stage.name] = lean.filled(stage.name, lean.state(shape), arrays, owner=str(self))
        return states


def find(name: str | os.PathLike[str]) -> Shipped | None:
    """Return the shipped model with a name; None if none has it, or a file or folder has it."""
    if os.path.exists(name) or str(name) not in names():
        return None
    return Shipped(str(name))
