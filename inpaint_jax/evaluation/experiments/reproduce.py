"""``inpaint reproduce``: every training of an experiment, what is measured of it, and the tables and figures.

An arm's folder in the workdir is a run like any other. Its last file is ``summary.json``: an arm that has one, of
the same config, pictures, holes and seed, is done.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from tqdm import tqdm

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import picture_set
from inpaint_jax.evaluation.evaluate import Method, baseline_names, trained, untrained
from inpaint_jax.evaluation.experiments import Arm, Experiment, load, report
from inpaint_jax.evaluation.experiments import summary as arm_summary
from inpaint_jax.evaluation.picture_set import PictureSet
from inpaint_jax.runs import configuration, model
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.record import run_record
from inpaint_jax.runs.reuse import decisive
from inpaint_jax.runs.training.feed import training_source
from inpaint_jax.runs.training.loop import check_order, check_same_run, train


def reproduce(
    spec: str,
    workdir: str | Path,
    *,
    training: str,
    images: Sequence[str],
    validation: str = "",
    only: Sequence[str] = (),
    seed: int = 0,
) -> int:
    """Trains and measures every arm of an experiment, going on where an earlier call stopped; then writes the report.

    Args:
      spec: of the experiment, as ``experiment.load`` takes it.
      workdir: for a folder per arm, ``report.md``, ``report.json`` and the figures.
      training: source specs by comma, for every arm in place of its ``data.train``.
      images: source specs of the test pictures.
      validation: source specs by comma, for every arm whose config has ``data.validation``.
      only: arms to train and measure; empty: all. The report shows what is there.
      seed: of the holes and of the latents that complete them.

    Returns:
      The exit code: 0, or 128 + the signal's number after a stop with everything saved.

    Raises:
      InputError: for a bad experiment, config, picture or workdir, before anything is trained.
    """
    workdir, experiment = Path(workdir), load(spec)
    against = baseline_names(experiment.against)
    configs = {name: its_config(arm, training, validation) for name, arm in experiment.arms.items()}
    data, chosen = shared_data(configs), only or list(experiment.arms)
    check(experiment, configs, chosen, workdir)
    families, at_most = experiment.holes, experiment.train_count
    sets = {"test": picture_set.read(images, families, data, seed=seed)}
    if at_most:
        sets["train"] = picture_set.read(training.split(","), families, data, seed=seed, at_most=at_most)

    def summary(name: str) -> dict[str, Any] | None:
        its = sets_of(experiment.arms[name], sets)
        return arm_summary.read(workdir / name, configuration.to_plain(configs[name]), its)

    remaining = [name for name in chosen if not summary(name)]
    with tqdm(total=len(chosen), initial=len(chosen) - len(remaining), desc="arms", unit="arm") as bar:
        for name in remaining:
            bar.set_postfix_str(name)
            if code := carry_out(name, experiment, configs[name], workdir, sets):
                return code
            jax.clear_caches()  # or the programs of all arms pile up
            bar.update()
    config, test, baselines = next(iter(configs.values())), {"test": sets["test"]}, {}
    for name in against:
        folder, depends = workdir / "baselines" / name, {"baseline": name, "train": training}
        if not arm_summary.read(folder, depends, test):
            (method,) = untrained([name], config)
            run = {key: told for key, told in run_record(config).items() if not key.startswith("config")}
            if code := summarise(method, folder, depends, test, run=run):
                return code
        baselines[name] = arm_summary.read(folder, depends, test)
    summaries = {name: summary(name) for name in experiment.arms}
    report.write(workdir, spec, experiment, sets, summaries, baselines)
    return 0


def its_config(arm: Arm, training: str, validation: str) -> Config:
    """The config of an arm, with the pictures that it is trained and validated on."""
    config = configuration.load(arm.config, [*arm.overrides, f"--config.data.train={training}"])
    if "validation" in config.data:
        config.data.validation = validation
    return config


def check(experiment: Experiment, configs: Mapping[str, Config], chosen: Sequence[str], workdir: Path) -> None:
    """Refuses what would stop an arm after hours of training others.

    Raises:
      InputError: for an unknown arm, a config that makes no system, training pictures that do not serve, a folder with
        another run, or stages that cannot be reused.
    """
    if unknown := [name for name in chosen if name not in experiment.arms]:
        raise InputError(f"--only: unknown arm {unknown[0]!r}; known: {', '.join(experiment.arms)}")
    for name in chosen:
        config, folder = configs[name], workdir / name
        check_same_run(folder, config)
        check_order(stages := configuration.build_system(config).stages, config, folder)
        for stage in stages:
            settings = config.stages[stage.name]
            training_source(config, settings)
            if (there := model.checkpoints(folder, stage).latest() or 0) > settings.steps:
                raise InputError(f"{folder} has trained {there} steps of {stage.name}, more than {settings.steps}")
        if reused := experiment.arms[name].reuse:
            check_reuse(name, reused, configs)
            if reused not in chosen and not (workdir / reused / "config.json").is_file():
                raise InputError(f"arm {name!r} reuses {reused!r}, which is not trained: add it to --only")


def check_reuse(name: str, reused: str, configs: Mapping[str, Config]) -> None:
    """Raises InputError unless two arms share a stage: one of as many steps, the first of which has an equal config."""
    here, there = (configuration.to_plain(configs[arm]) for arm in (name, reused))
    stages = configuration.build_system(configs[name]).stages
    shared = [s for s in stages if here["stages"][s.name]["steps"] == there["stages"].get(s.name, {}).get("steps")]
    if not shared:
        raise InputError(f"arm {name!r} has no stage to reuse from {reused!r}")
    first = shared[0]
    if differing := configuration.differing(decisive(there, first), decisive(here, first), shared_only=True):
        raise InputError(f"arm {name!r} cannot reuse {first.name} of {reused!r}: {', '.join(differing)} differ")


def shared_data(configs: Mapping[str, Config]) -> Config:
    """The ``data`` of all arms, which are measured on the same pictures.

    Raises:
      InputError: for two arms that see pictures in other sizes or fits.
    """
    (first, one), *others = configs.items()
    for name, config in others:
        if (config.data.size, config.data.fit) != (one.data.size, one.data.fit):
            raise InputError(f"arms {first!r} and {name!r} differ in data.size or data.fit: no table can hold both")
    return one.data


def carry_out(name: str, experiment: Experiment, config: Config, workdir: Path, sets: Mapping[str, PictureSet]) -> int:
    """Trains an arm, measures it and writes its summary; returns the exit code."""
    arm, folder = experiment.arms[name], workdir / name
    if code := train(config, folder, reuse_from=workdir / arm.reuse if arm.reuse else None):
        return code
    its = model.load(folder)
    (method,) = trained({config.system: its})
    return summarise(
        method,
        folder,
        configuration.to_plain(config),
        sets_of(arm, sets),
        weights={term: float(weight) for term, weight in its.system.weights(its.states).items()},
        validated={s.name: arm_summary.validated(folder / s.name) for s in its.system.stages},
        training_seconds={s.name: arm_summary.training_seconds(folder / s.name) for s in its.system.stages},
        parameters=arm_summary.parameters(its.states),
        run=run_record(config),
    )


def sets_of(arm: Arm, sets: Mapping[str, PictureSet]) -> dict[str, PictureSet]:
    """The pictures with those holes that an arm is measured under."""
    return {split: picture_set.under(its, arm.holes or list(its.gaps)) for split, its in sets.items()}


def summarise(
    method: Method, folder: Path, depends: Mapping[str, Any], sets: Mapping[str, PictureSet], **content
) -> int:
    """Measures a method and writes its summary; returns the exit code."""
    with interruption() as stop:
        measured = arm_summary.measured(method, sets, folder, stop)
        if stop.signal:
            print(f"stopped while {folder} was measured; the same command goes on from there", file=sys.stderr)
            return 128 + stop.signal
    arm_summary.write(folder, depends, sets, measured=measured, **content)
    return 0
