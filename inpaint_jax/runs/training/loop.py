"""The only training loop. It knows stages, not methods."""

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax import parallel
from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.optimization.state import count_parameters, ended
from inpaint_jax.runs import configuration, model, startup
from inpaint_jax.runs.checkpoints import Checkpoints
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.interruption import Interruption, interruption
from inpaint_jax.runs.reuse import reuse
from inpaint_jax.runs.training import feed, validation
from inpaint_jax.runs.training.report import TrainingReport
from inpaint_jax.runs.weights import matching
from inpaint_jax.runs.weights.matching import Beginning, begin
from inpaint_jax.systems.interface import Stage


def train(config: Config, workdir: str | Path, *, how: str | None = None, reuse_from: str | Path | None = None) -> int:
    """Trains every stage of a system, going on where an earlier call stopped.

    The parameters that come out are bit for bit the same however often the run was interrupted.

    Args:
      config: of a new run, or the same as the workdir's.
      workdir: holds ``config.json`` and, per stage, checkpoints, metrics and pictures.
      how: see ``parallel.data_parallel``.
      reuse_from: another workdir, whose finished stages are taken over where their configs agree.

    Returns:
      The exit code: 0 when all stages are finished, 128 + the signal's number after a stop with everything saved.

    Raises:
      InputError: bad config, data, weights or workdir, or a loss that is no longer finite (the last good checkpoint is
        kept).
    """
    workdir = Path(workdir)
    system = configuration.build_system(config)
    shapes: dict[str, Any] = {}
    apart = validation.other_split(config)
    for stage in system.stages:  # refuses bad data, and networks that do not fit, before anything is written
        for source in (feed.training_source(config, config.stages[stage.name]), apart):
            if config.stages[stage.name].steps:
                feed.check_labelled(stage, source)
        shape = jax.eval_shape(partial(model.initial_state, stage, config), shapes)
        if shapes:  # a later stage begins after hours
            jax.eval_shape(keyed(stage), shape, feed.batch_shape(stage, config), None, shapes)
        shapes[stage.name] = shape
    check_same_run(workdir, config)
    check_order(system.stages, config, workdir)
    if reuse_from:
        reuse(system.stages, config, workdir, Path(reuse_from))
    weights = {
        stage.name: matching.fitted(path, shapes[stage.name], label=f"stages.{stage.name}.weights")
        for stage in system.stages
        if (path := config.stages[stage.name].get("weights")) and model.checkpoints(workdir, stage).latest() is None
    }
    files.write_json(workdir / "config.json", configuration.to_plain(config))
    earlier: dict[str, Any] = {}
    with interruption() as stop:
        for stage in system.stages:
            given = weights.get(stage.name)
            earlier[stage.name] = train_stage(
                stage, config, workdir, earlier, stop, shape=shapes[stage.name], weights=given, how=how
            )
            if stop.signal:
                return 128 + stop.signal
    return 0


def check_same_run(workdir: Path, config: Config) -> None:
    """Refuses a workdir whose run has another config (longer training is welcome)."""
    path = workdir / "config.json"
    if path.is_file():
        there = json.loads(path.read_text())
        differing = [k for k in configuration.differing(there, configuration.to_plain(config)) if not changeable(k)]
        if differing:
            raise InputError(
                f"{workdir} holds a run of another config (differs in {', '.join(differing)}): give another --workdir"
            )


def check_order(stages: Sequence[Stage], config: Config, workdir: Path) -> None:
    """Refuses to train a stage for longer where a later one has been trained on it as it is."""
    for number, stage in enumerate(stages):
        there = model.checkpoints(workdir, stage).latest()
        if stage.adapt or there is None or there >= config.stages[stage.name].steps:
            continue
        if later := [s.name for s in stages[number + 1 :] if model.checkpoints(workdir, s).latest() is not None]:
            raise InputError(
                f"{workdir} has trained {later[0]} on {there} steps of {stage.name}: for more, give another --workdir"
            )


def changeable(key: str) -> bool:
    """Whether a dotted config key may differ from the workdir's when a run is continued."""
    parts = key.split(".")
    harmless = parts[0] == "stages" and parts[-1] in ("steps", "log_every", "picture_every")
    return parts[0] in model.CHANGEABLE or harmless or parts == ["data", "validation"]


def train_stage(
    stage: Stage,
    config: Config,
    workdir: Path,
    earlier: dict[str, Any],
    stop: Interruption,
    *,
    shape: Any,
    weights: Beginning | None,
    how: str | None,
) -> Any:
    """One stage, from its newest checkpoint or from the start; returns its state, which has the given shape."""
    settings = config.stages[stage.name]
    # It runs once: at LLVM's first level it compiles in a sixth of the time, to the same bits.
    init = jax.jit(partial(model.initial_state, stage, config), compiler_options={"xla_backend_optimization_level": 1})
    mesh = parallel.share_batch(settings.batch_size, parameters=count_parameters(shape))
    with model.checkpoints(workdir, stage) as checkpoints:
        newest = checkpoints.latest()
        start, state = newest or 0, init(earlier) if newest is None else checkpoints.restore(shape)
        if weights:
            state = begin(state, weights, workdir / stage.name)
        state, earlier = parallel.replicate(state, mesh), parallel.replicate(earlier, mesh)
        if start >= settings.steps or ended(state):
            checkpoints.save(start, state)  # steps=0 keeps the initialisation, as a checkpoint like any other
            return state
        if not (examples := feed.stage_examples(stage, config, workdir, earlier, stop)):
            return state
        apart = examples.pop("apart")
        step = parallel.data_parallel(keyed(stage), mesh, how=how)
        measure = validation.measuring(stage, config, apart=apart, earlier=earlier, mesh=mesh)
        adapt = jax.jit(stage.adapt) if stage.adapt else None
        number, finished = start, False
        with TrainingReport(workdir / stage.name, stage.name, start=start, steps=settings.steps) as report:
            if not start:
                report.overview(state)
            its = feed.batches(config, settings, start, mesh, classes=stage.classes, **examples)
            for number, batch in enumerate(its, start + 1):
                state, metrics = step(state, batch, None, earlier)
                report.note(metrics)
                validated = None
                if measure and adapt and number % settings.adapt_every == 0:
                    validated = measure(state, batch)
                    state = state._replace(schedule=adapt(state.schedule, validated[0]))
                may_stop = jax.process_count() == 1 or number % settings.log_every == 0  # agreeing costs a round trip
                finished = number == settings.steps or (validated is not None and ended(state))
                last = finished or (may_stop and startup.agree(stop))
                saving = last or number % settings.checkpoint_every == 0
                if saving or number % settings.log_every == 0:
                    check_finite(report.means(), number, checkpoints)
                if finished or number % settings.log_every == 0:
                    report.write_line(number)
                if measure and not adapt and (last or number % settings.picture_every == 0):
                    validated = measure(state, batch)
                if validated:
                    report.write_validation(number, *validated)
                if saving:
                    check_finite(parameter_norms(state), number, checkpoints)
                    checkpoints.save(number, state)
                if last:
                    break
        checkpoints.wait()
        if not finished:
            print(
                f"stopped at step {number} of {settings.steps}, saved; the same command goes on from there",
                file=sys.stderr,
            )
    return state


def keyed(stage: Stage):
    """The stage's step with the key of its step number, which is part of the state."""

    def step(state, batch, key, earlier, *, axis_name=None):
        del key
        return stage.step(state, batch, jax.random.fold_in(state.key, state.step), earlier, axis_name=axis_name)

    return step


@jax.jit
def parameter_norms(state) -> dict[str, jax.Array]:
    """Largest absolute parameter per network."""
    return {
        f"parameters of {name}": jnp.max(jnp.stack([jnp.abs(x).max() for x in jax.tree.leaves(network.params)]))
        for name, network in state.networks.items()
    }


def check_finite(values: Mapping[str, Any], number: int, checkpoints: Checkpoints) -> None:
    """Raises InputError, keeping the last good checkpoint, where a value is not finite."""
    if bad := [name for name, value in values.items() if not np.isfinite(value)]:
        checkpoints.wait()
        good = checkpoints.latest()
        raise InputError(
            f"training diverged by step {number}: {', '.join(bad)} not finite; "
            + (f"the last good checkpoint is step {good}" if good else "there is no checkpoint yet")
            + f" in {checkpoints.folder}; try a lower learning rate or another seed"
        )
