"""A trained system from its workdir, as a pytree of arrays."""

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.naming import announcing
from inpaint_jax.networks import predict, weights_of
from inpaint_jax.optimization.state import NetworkState
from inpaint_jax.runs import configuration, pages, shipped, startup
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.workdir import CHANGEABLE, Workdir
from inpaint_jax.systems.interface import System


class Static(NamedTuple):
    """The parts of a model that are no arrays; compared by identity, as functions must be."""

    config: Config
    system: System

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and all(map(operator.is_, self, other))

    def __hash__(self) -> int:
        return hash(tuple(map(id, self)))


@jax.tree_util.register_pytree_with_keys_class
@dataclass(frozen=True)
class Model:
    """A system with the states of its trained stages: a pytree whose leaves are the arrays.

    Attributes:
      config: config of the run.
      system: the method: pure functions built from the config.
      states: ``{stage: TrainState}``.
    """

    config: Config
    system: System
    states: dict[str, Any]

    @property
    def slots(self) -> int:
        """Return the number of images at once on each accelerator, or on all cores of the CPU."""
        return self.config.get("slots", SLOTS)

    def network(self, stage: str, name: str) -> Callable[..., Any]:
        """Return a trained network as a function with its weights bound.

        ``generator = model.network("dcgan", "generator")`` maps latents ``[B, Z]`` to images
        ``[B, H, W, C]`` in [-1, 1]. A network uses its running statistics; discriminators return
        logits.

        Args:
          stage: name of a trained stage.
          name: name of a network in that stage.

        Returns:
          ``inputs -> outputs``. The function runs under ``jit``, ``vmap`` and ``grad``. It is a
          pytree whose leaves are the weights, so that it can be an argument of a jitted function.

        Raises:
          InputError: an unknown name (lists the known ones).
        """
        known = {trained.name: trained.networks for trained in self.system.stages}
        if name not in known.get(stage, {}):
            pairs = (
                ", ".join(f"{s} {n}" for s, networks in known.items() for n in networks) or "none"
            )
            raise InputError(f"no network {name!r} in a stage {stage!r}; known: {pairs}")
        weights = NetworkState(*weights_of(self.states[stage].networks[name]), opt=())
        return jax.tree_util.Partial(functools.partial(predict, known[stage][name]), weights)

    def mean_weights(self, holes: np.ndarray, family: str = "") -> dict[str, float]:
        """Return the mean weight of each search term over some holes.

        Args:
          holes: ``[N, H, W, 1]``, 1 = missing.
          family: hole family of the holes; empty: unknown.

        Returns:
          ``{term: weight}``; empty for a system without a search.
        """
        weights = self.system.weights(self.states, jnp.asarray(holes, jnp.float32), family)
        return {term: float(np.mean(weight)) for term, weight in weights.items()}

    def remark(self, holes: np.ndarray, family: str = "") -> str:
        """Return a report's remark about results under some holes, see ``System``; empty: none."""
        return self.system.remark(self.states, jnp.asarray(holes, jnp.float32), family)

    def tree_flatten_with_keys(self):
        """Split the model into arrays with names, and the static rest, for JAX."""
        children = ((jax.tree_util.GetAttrKey("states"), self.states),)
        return children, Static(self.config, self.system)

    @classmethod
    def tree_unflatten(cls, static, children):
        """Rebuild the model with other leaves, for JAX."""
        return cls(*static, *children)


SLOTS = 64  # for a config without this key


def load(
    workdir: str | Path,
    *,
    search: str | None = None,
    overrides: Sequence[str] = (),
    checkpoint: str | int | None = None,
) -> Model:
    """Load a trained system.

    Nothing in the workdir is executed except what its config names as ``module:attribute``; these
    names are printed.

    Args:
      workdir: folder written by ``inpaint train``, or the name of a model that comes with the
        package (``inpaint models`` lists them).
      search: a config file, ``FILE.py:argument``, whose ``search``, ``losses`` and ``blend``
        replace those of the run.
      overrides: ``--config.search.x=...`` and the like.
      checkpoint: the step to read if the run has one stage, or ``STAGE:STEP``, several separated by
        commas; default: the newest.

    Returns:
      The system with its trained networks.

    Raises:
      InputError: the workdir holds no run; a stage has no finished checkpoint; a checkpoint is
        damaged.
    """
    startup.check_bits()
    folder = shipped.find(workdir) or Workdir(workdir)
    plain = folder.config()
    pages.make_importable(Path.cwd())
    config = with_changes(configuration.from_plain(plain), search, overrides)
    try:
        with announcing(str(folder)):
            system = configuration.build_system(config)
        return Model(config, system, folder.states(system, config, checkpoint=checkpoint))
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        if isinstance(error, InputError) or folder.is_sealed():
            raise
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise InputError(
            f"{folder}/config.json is not the config of a run ({reason}); was it edited by hand?"
        ) from error


def with_search(model: Model, search: str, overrides: Sequence[str] = ()) -> Model:
    """Return the same trained networks with ``search``, ``losses`` and ``blend`` of another config.

    Raises:
      InputError: a search that cannot use these networks.
    """
    config = with_changes(model.config, search, overrides)
    return Model(config, configuration.build_system(config), model.states)


def with_changes(config: Config, search: str | None, overrides: Sequence[str]) -> Config:
    """Return a trained run's config, changed as far as allowed by a config file and overrides."""
    if search:
        config = configuration.replaced(config, configuration.load(search), CHANGEABLE)
    return configuration.override(config, overrides, only=CHANGEABLE)
