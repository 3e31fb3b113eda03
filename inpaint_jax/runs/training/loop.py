"""The only training loop. It knows stages, not methods."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from inpaint_jax import parallel
from inpaint_jax.data.views import notes
from inpaint_jax.errors import note
from inpaint_jax.naming import split_list
from inpaint_jax.optimization import average
from inpaint_jax.optimization.best import adapted, best_of
from inpaint_jax.optimization.state import count_parameters, ended
from inpaint_jax.runs import config_checks, configuration, startup
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.initial_state import average_decay, drawn_state, initial_state
from inpaint_jax.runs.interruption import StopRequest, interruption
from inpaint_jax.runs.locks import locked
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.reuse import reuse
from inpaint_jax.runs.training import feed, moved, skipped, validation
from inpaint_jax.runs.training.health import check_finite, parameter_norms
from inpaint_jax.runs.training.report import TrainingReport
from inpaint_jax.runs.weights import matching
from inpaint_jax.runs.weights.matching import Beginning, begin
from inpaint_jax.runs.workdir import Workdir
from inpaint_jax.systems.interface import Stage, System


def train(
    config: Config,
    workdir: str | Path,
    *,
    overrides: Sequence[str] = (),
    how: str | None = None,
    reuse_from: str | Path | None = None,
    checkpoint: str | int | None = None,
    skip_errors: bool = False,
) -> Model:
    """Train every stage of a system, continuing where an earlier call stopped.

    The final parameters are the same bit for bit, however often the run was interrupted.

    Args:
      config: config of a new run, or the same as the workdir's; a spec such as "yeh:smoke" or
        "my_config.py" is loaded. ``data.train`` may name another place of the same images.
      workdir: folder of ``config.json`` and, per stage, checkpoints, metrics and images.
      overrides: "--config.key=value", for a spec.
      how: see ``parallel.data_parallel``.
      reuse_from: another workdir; its finished stages are copied if their configs agree.
      checkpoint: step at which to continue, see ``load``; later checkpoints of that stage are
        removed.
      skip_errors: leave out unreadable images, see ``training.skipped``.

    Returns:
      The trained model.

    Raises:
      InputError: bad config, data, weights or workdir, or a loss that is no longer finite (the last
        good checkpoint is kept).
      Interrupted: a signal stopped the training; the state is saved.
    """
    startup.check_bits()
    if isinstance(config, str):
        config = configuration.load(config, overrides)
    config_checks.check(config)
    folder = Workdir(workdir)
    system = configuration.build_system(config)
    unfinished = [
        stage
        for stage in system.stages
        if folder.stage(stage.name).wants(config.stages[stage.name].steps)
    ]
    without = skipped.find(unfinished, config, folder, skip_errors=skip_errors)
    available = Workdir(reuse_from).stage if reuse_from else folder.stage
    trained = [s for s in unfinished if available(s.name).wants(config.stages[s.name].steps)]
    shapes = stage_shapes(system, config, unfinished, without, trained=trained)
    with locked(folder.path, "training", option="--workdir"):
        options = {
            "how": how,
            "reuse_from": reuse_from,
            "checkpoint": checkpoint,
            "without": without,
        }
        states = train_stages(system, config, folder, shapes, **options)
    return Model(config, system, states)


def train_stages(
    system: System,
    config: Config,
    folder: Workdir,
    shapes: Mapping[str, Any],
    *,
    how: str | None,
    reuse_from: str | Path | None,
    checkpoint: str | int | None,
    without: dict[str, str],
) -> dict[str, Any]:
    """Train every stage in a workdir that this process has locked; return their states by name."""
    folder.check_same_run(config)
    moved.check(
        folder, system.stages, config, open_images=partial(feed.training_source, without=without)
    )
    folder.check_order(system.stages, config)
    if checkpoint is not None:
        folder.go_back(checkpoint, system.stages)
        startup.agree(False)  # a barrier: the first process has removed them
    if reuse_from:
        reuse(system.stages, config, folder, Workdir(reuse_from))
    weights = {
        stage.name: [
            matching.fitted(
                path, shapes[stage.name], label=f"stages.{stage.name}.weights", stage=stage.name
            )
            for path in split_list(paths)
        ]
        for stage in system.stages
        if (paths := config.stages[stage.name].get("weights"))
        and folder.stage(stage.name).latest() is None
    }
    folder.write_config(config)
    skipped.write(folder, without)
    states: dict[str, Any] = {}
    with interruption() as stop:
        for stage in system.stages:
            beginning, shape = weights.get(stage.name, ()), shapes[stage.name]
            states[stage.name] = train_stage(
                stage,
                config,
                folder,
                states,
                stop,
                shape=shape,
                weights=beginning,
                how=how,
                without=without,
            )
            if stage is not system.stages[-1] and startup.agree(stop):
                raise stop.error(f"{stage.name} is finished and saved")
    return states


def stage_shapes(
    system: System,
    config: Config,
    unfinished: Sequence[Stage],
    without: Collection[str] = (),
    *,
    trained: Sequence[Stage],
) -> dict[str, Any]:
    """Trace the stages, to refuse bad data and unfit networks before anything is written.

    Images are opened for unfinished stages. A step, which takes seconds to trace, is traced only
    for the stages in ``trained``, which are not copied from another run.

    Returns:
      The shapes of every stage's state, by name.

    Raises:
      InputError: the data do not suit a stage, or a network does not fit.
    """
    shapes: dict[str, Any] = {}
    other_split = validation.other_split(config, without) if unfinished else None
    messages: set[str] = set()
    for stage in system.stages:
        if stage in unfinished:
            source = feed.training_source(config, config.stages[stage.name], without=without)
            for each in (source, other_split):
                feed.check_labelled(stage, each)
                messages |= set(notes(each) if each else ())
        shape = jax.eval_shape(partial(initial_state, stage, config), shapes)
        if shapes and stage in trained:  # a later stage begins after hours
            jax.eval_shape(stage.step, shape, feed.batch_shape(stage, config), shapes)
        shapes[stage.name] = shape
    for text in sorted(messages):
        note(text)
    return shapes


def train_stage(
    stage: Stage,
    config: Config,
    workdir: Workdir,
    earlier: dict[str, Any],
    stop: StopRequest,
    *,
    shape: Any,
    weights: Sequence[Beginning],
    how: str | None,
    without: Collection[str] = (),
) -> Any:
    """Train one stage from the newest checkpoint, or from the start; return the final state.

    Args:
      stage: the stage to train.
      config: config of the run.
      workdir: folder of the run.
      earlier: states of the stages before this one.
      stop: when it becomes true, the state is saved and the work ends.
      shape: shapes of the training state.
      weights: initial weights from files; may be empty.
      how: see ``parallel.data_parallel``.
    """
    settings, folder = config.stages[stage.name], workdir.stage(stage.name)
    mesh = parallel.share_batch(settings.batch_size, parameters=count_parameters(shape))
    with folder.checkpoints() as checkpoints:
        newest = checkpoints.latest()
        start, state = (
            newest or 0,
            drawn_state(stage, config, earlier) if newest is None else checkpoints.restore(shape),
        )
        for number, beginning in enumerate(weights, 1):
            record = (
                folder.weights
                if number == 1
                else folder.weights.with_name(f"weights_{number}.json")
            )
            state = begin(state, beginning, record)
        if weights:
            state = average.start(state) if average_decay(stage, config) else state
        state, earlier = parallel.replicate(state, mesh), parallel.replicate(earlier, mesh)
        if start >= settings.steps or ended(state):
            # steps=0 keeps the initialisation, as a checkpoint like any other
            checkpoints.save(start, state)
            return best_of(state)
        examples = feed.stage_examples(stage, config, folder, earlier, stop, without=without)
        moved.write_record(folder, config, examples["source"])
        held_out = examples.pop("held_out")
        step = average.after(stage.step, average_decay(stage, config))
        step = parallel.data_parallel(step, mesh, how=how)
        view = {"held_out": held_out, "earlier": earlier, "mesh": mesh, "without": without}
        measure = validation.measuring(stage, config, **view)
        adapt = jax.jit(partial(adapted, stage.adapt)) if stage.adapt else None
        number, finished = start, False
        with TrainingReport(folder, stage.name, start=start, steps=settings.steps) as report:
            if not start:
                report.overview(state)
            batches = feed.batches(config, settings, start, mesh, classes=stage.classes, **examples)
            for number, batch in enumerate(batches, start + 1):
                state, metrics = step(state, batch, earlier)
                report.note(metrics)
                if number == 1:
                    report.write_weighted(number, settings.get("losses", {}))
                validated = None
                if measure and adapt and number % settings.adapt_every == 0:
                    validated = measure(state, batch)
                    state = state._replace(
                        schedule=adapt(state.schedule, state.networks, validated[0])
                    )
                # agreeing costs a round trip
                may_stop = jax.process_count() == 1 or number % settings.log_every == 0
                finished = number == settings.steps or (validated is not None and ended(state))
                last = finished or (may_stop and startup.agree(stop))
                saving = last or number % settings.checkpoint_every == 0
                if saving or number % settings.log_every == 0:
                    check_finite(report.means(), number, checkpoints)
                if finished or number % settings.log_every == 0:
                    report.write_line(number)
                if measure and not adapt and (last or number % settings.image_every == 0):
                    validated = measure(state, batch)
                if validated:
                    check_finite(missing(validated[0]), number, checkpoints)
                    report.write_validation(number, *validated)
                if saving:
                    check_finite(parameter_norms(state), number, checkpoints)
                    checkpoints.save(number, state)
                if last:
                    break
        checkpoints.wait()
    if not finished:  # everything is on the disk now
        raise stop.error(f"step {number} of {settings.steps} of {stage.name} is saved")
    return best_of(state)


def missing(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return scores that are not a number; a PSNR may be infinite."""
    means = {f"validation {name}": float(np.mean(values)) for name, values in scores.items()}
    return {name: mean for name, mean in means.items() if np.isnan(mean)}
