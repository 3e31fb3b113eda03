"""Models that come with the package: a card and the weights of each, two files in ``models/``.

They were trained on the built-in images alone, so that no licence of a data set binds them. A model is
found by its name, ``portraits-yeh``, wherever a workdir is taken; a file or folder of that name wins.
"""

import os
from pathlib import Path
from typing import Any

import jax

from inpaint_jax.data import files
from inpaint_jax.errors import InputError, note
from inpaint_jax.runs import configuration, digests
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.shipped import lean
from inpaint_jax.runs.shipped.cards import FOLDER, Card, names, read
from inpaint_jax.runs.workdir import initial_state
from inpaint_jax.systems.interface import System

FAULT = "is damaged ({}): install inpaint_jax again"


class Shipped:
    """A shipped model, read as a ``Workdir`` is.

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
        """Return the config of the run, as plain values, and say what the model was trained on."""
        note(f"{self} was trained on {self.card.config['data']['train']}: {self.card.trained_on}")
        return configuration.modernised(self.card.config)

    def states(self, system: System, config: Config, *, checkpoint: str | int | None = None) -> dict[str, Any]:
        """Read what completion needs of every stage.

        Args:
          system: built from ``config``.
          config: of the run.
          checkpoint: must be None: a shipped model has one.

        Returns:
          ``{stage: TrainState}``, without the state of optimisers, and without networks that only training needs.

        Raises:
          InputError: a checkpoint is asked for; weights that are not those of the card, or of another architecture.
        """
        if checkpoint is not None:
            raise InputError(f"--checkpoint={checkpoint}: the shipped model {self} has no checkpoints")
        arrays, states = files.read_arrays(self._weights, fault=FAULT), {}
        if changed := digests.first_damaged(self.card.arrays, arrays):
            raise InputError(f"{self._weights} {FAULT.format(f'{changed} is not what the card names')}")
        for stage in system.stages:
            shape = jax.eval_shape(lambda stage=stage: initial_state(stage, config, states))
            states[stage.name] = lean.filled(stage.name, lean.state(shape), arrays, owner=str(self))
        return states


def find(name: str | os.PathLike[str]) -> Shipped | None:
    """Return the shipped model of a name; None where there is none, or where a file or folder has that name."""
    if os.path.exists(name) or str(name) not in names():
        return None
    return Shipped(str(name))
