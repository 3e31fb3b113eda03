"""The only training loop. It knows stages, not methods."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from clu import parameter_overview
from ml_collections import ConfigDict
from tqdm import tqdm

from inpaint_jax import configuration, files, model, parallel, plots, writers
from inpaint_jax.data.cache import Cached
from inpaint_jax.data.pipeline import training_batches
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.interruption import Interruption, interruption
from inpaint_jax.systems.interface import Stage

CHANGEABLE = ("search", "losses", "blend")  # after training too


def train(config: ConfigDict, workdir: str | Path, *, how: str = "jit") -> int:
    """Trains every stage of a system, going on where an earlier call stopped.

    The parameters that come out are bit for bit the same however often the run was interrupted.

    Args:
      config: of a new run, or the same as the workdir's.
      workdir: holds ``config.json`` and, per stage, checkpoints, metrics and pictures.
      how: "jit" or "pmap", see ``parallel.data_parallel``.

    Returns:
      The exit code: 0 when all stages are finished, 128 + the signal's number after a stop with everything saved.

    Raises:
      InputError: bad config, data or workdir, or a loss that is no longer finite (the last good checkpoint is kept).
    """
    workdir = Path(workdir)
    system = configuration.build_system(config)
    claim(workdir, config)
    earlier: dict[str, Any] = {}
    with interruption() as stop:
        for stage in system.stages:
            earlier[stage.name] = train_stage(stage, config, workdir, earlier, stop, how=how)
            if stop.signal:
                return 128 + stop.signal
    return 0


def claim(workdir: Path, config: ConfigDict) -> None:
    """Writes config.json, or checks that the workdir's run has the same config (longer training is welcome)."""
    path = workdir / "config.json"
    plain = configuration.to_plain(config)
    if path.is_file():
        differing = [key for key in configuration.differing_keys(path, plain) if not changeable(key)]
        if differing:
            raise InputError(
                f"{workdir} holds a run of another config (differs in {', '.join(differing)}): give another --workdir"
            )
    files.write_json(path, plain)


def changeable(key: str) -> bool:
    """Whether a dotted config key may differ from the workdir's when a run is continued."""
    first, *_, last = key.split(".")
    return first in CHANGEABLE or (first == "stages" and last in ("steps", "log_every", "picture_every"))


def train_stage(
    stage: Stage, config: ConfigDict, workdir: Path, earlier: dict[str, Any], stop: Interruption, *, how: str
) -> Any:
    """One stage, from its newest checkpoint or from the start; returns its state."""
    settings = config.stages[stage.name]
    folder = workdir / stage.name
    mesh = parallel.mesh()
    init = partial(model.initial_state, stage, config, earlier)
    with model.checkpoints(workdir, stage) as checkpoints:
        start = checkpoints.latest() or 0
        if start:
            state = parallel.replicate(checkpoints.restore(jax.eval_shape(init)), mesh)
        else:
            state = parallel.replicate(jax.jit(init)(), mesh)
        if start >= settings.steps:
            return state

        log = writers.create(folder, start_step=start)
        if not start:
            overview = {name: net.params for name, net in state.networks.items()}
            files.write_text(folder / "parameters.txt", parameter_overview.get_parameter_overview(overview))
        step = parallel.data_parallel(keyed(stage), mesh, how=how)
        look = jax.jit(stage.validate) if stage.validate else None
        all_finite = jax.jit(lambda tree: jnp.all(jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(tree)])))
        key_look = jax.random.key(config.seed)
        recent, began = [], time.perf_counter()
        bar = tqdm(total=settings.steps, initial=start, desc=stage.name, unit="step", disable=jax.process_index() > 0)
        for number, batch in enumerate(batches(config, settings, start, mesh), start + 1):
            state, metrics = step(state, batch, key_look, earlier)
            recent.append(metrics)
            jax.block_until_ready(recent[-2:][0])  # at most one step ahead: the bar and a stop are honest
            bar.update()
            may_stop = jax.process_count() == 1 or number % settings.log_every == 0  # agreeing costs a round trip
            last = number == settings.steps or (may_stop and parallel.agree(stop))
            saving = last or number % settings.checkpoint_every == 0
            logging = number % settings.log_every == 0 or number == settings.steps
            if saving or logging:
                means = averages(recent)
                check_finite(means, number, checkpoints)
                bar.set_postfix({name: f"{value:.3g}" for name, value in means.items()})
            if logging:
                rate = len(recent) / (time.perf_counter() - began)
                log.write_scalars(number, {**means, "steps_per_second": rate})
                recent, began = [], time.perf_counter()
            if look and (last or number % settings.picture_every == 0):
                _, pictures = look(state, batch, key_look, earlier)
                log.write_images(number, {"samples": np.asarray(pictures)})
            if saving:
                if not all_finite({name: net.params for name, net in state.networks.items()}):
                    check_finite({"parameters": float("nan")}, number, checkpoints)
                checkpoints.save(number, state)
                log.flush()
            if last:
                break
        bar.close()
        log.close()
        checkpoints.wait()
        if jax.process_index() == 0:
            plots.plot_metrics(folder / "metrics.png", folder / "metrics.jsonl")
        if stop and number < settings.steps:
            tqdm.write(f"stopped at step {number} of {settings.steps}, saved; the same command goes on from there")
    return state


def keyed(stage: Stage):
    """The stage's step with the key of its step number, which is part of the state."""

    def step(state, batch, key, earlier, *, axis_name=None):
        del key
        return stage.step(state, batch, jax.random.fold_in(state.key, state.step), earlier, axis_name=axis_name)

    return step


def batches(config: ConfigDict, settings: ConfigDict, start: int, mesh) -> Iterator[dict[str, jax.Array]]:
    """Batches on the devices, the next one in flight while one is used."""
    specs = settings.get("train", config.data.train)
    source = open_source(specs.split(","), size=config.data.size)
    if len(source) < settings.batch_size:
        raise InputError(f"{specs}: {len(source)} pictures are fewer than one batch of {settings.batch_size}")
    pictures = Cached(source, size=config.data.size)
    with tqdm(total=len(pictures), desc="reading", unit="image", leave=False, disable=jax.process_index() > 0) as bar:
        for count in pictures.fill():
            bar.update(count)
    host = training_batches(
        pictures,
        size=config.data.size,
        batch_size=settings.batch_size,
        seed=config.seed,
        start_step=start,
        flip=config.data.flip,
        process_index=jax.process_index(),
        process_count=jax.process_count(),
    )
    upcoming = parallel.put_batch(next(host), mesh)
    while True:
        batch, upcoming = upcoming, parallel.put_batch(next(host), mesh)
        yield batch


def averages(recent: list[dict[str, jax.Array]]) -> dict[str, float]:
    """Means over the steps since the last log line, fetched in one go."""
    fetched = jax.device_get(recent)
    return {name: float(np.mean([metrics[name] for metrics in fetched])) for name in fetched[0]}


def check_finite(means: dict[str, float], number: int, checkpoints) -> None:
    """Raises InputError, keeping the last good checkpoint, where a metric is not finite."""
    if bad := [name for name, value in means.items() if not np.isfinite(value)]:
        good = checkpoints.latest()
        raise InputError(
            f"training diverged by step {number}: {', '.join(bad)} not finite; "
            + (f"the last good checkpoint is step {good}" if good else "there is no checkpoint yet")
            + f" in {checkpoints.folder}; try a lower learning rate or another seed"
        )
