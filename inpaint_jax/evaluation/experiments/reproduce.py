"""``inpaint reproduce``: train and measure every arm of an experiment, and write the report.

The folder of an arm in the workdir is an ordinary run. The last file of an arm is ``summary.json``:
an arm with a summary of the same config, images, holes and seed is done.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from tqdm import tqdm

from inpaint_jax.data import files
from inpaint_jax.data.places import refuse_own_input
from inpaint_jax.evaluation import image_set
from inpaint_jax.evaluation.experiments import Arm, Experiment, load, report
from inpaint_jax.evaluation.experiments import summary as arm_summary
from inpaint_jax.evaluation.experiments.arm_checks import check, check_weights, shared_data
from inpaint_jax.evaluation.experiments.summary import Summaries
from inpaint_jax.evaluation.image_set import ImageSet, read_image_set
from inpaint_jax.naming import split_list
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.holes import is_drawn, place_of
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.locks import locked
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.methods import open_methods
from inpaint_jax.runs.model import SLOTS
from inpaint_jax.runs.record import run_record
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.workdir import Workdir


def reproduce(
    spec: str,
    workdir: str | Path,
    *,
    training: str,
    images: Sequence[str],
    validation: str = "",
    only: Sequence[str] = (),
    seed: int = 0,
    weights: Mapping[str, str] = {},
    slots: int | None = None,
    skip_errors: bool = False,
    beside: Sequence[Path] = (),
) -> Summaries:
    """Train and measure all arms of an experiment, write the report; resume an earlier call.

    Args:
      spec: spec of the experiment, see ``experiments.load``.
      workdir: folder for the arms, ``report.md``, ``report.json`` and the figures.
      training: source specs separated by commas; they replace ``data.train`` of every arm.
      images: source specs of the test images.
      validation: source specs separated by commas, for every arm whose config has
        ``data.validation``.
      only: arms to train and measure; empty: all. The report shows every arm with results.
      seed: random seed of the holes and latents.
      weights: ``{stage: file}``, the initial weights of the stage in every arm that trains it, as
        for ``--config.stages.STAGE.weights``.
      slots: images at once; None: as in the configs.
      skip_errors: leave out images that cannot be read, from the training (see
        ``training.skipped``) and from the tables.
      beside: folders of other experiments. An arm that one of them has trained under the same name
        and config is not trained again.

    Returns:
      The summary of every arm; None for an arm that is not measured yet.

    Raises:
      InputError: a bad experiment, config, image or workdir, before any training starts.
      Interrupted: a signal stopped the work; finished parts are kept.
    """
    workdir, experiment = Path(workdir), load(spec)
    configs = {
        name: arm_config(arm, training, validation, weights, slots)
        for name, arm in experiment.arms.items()
    }
    check_weights(weights, configs)
    refuse_own_input([*images, *split_list(training)], workdir, inside=False)
    data, fit = shared_data(configs)
    chosen = only or list(experiment.arms)
    check(experiment, configs, chosen, workdir)
    families, at_most = experiment.holes, experiment.train_count
    against, _ = open_methods(
        experiment.against, size=data.size, fit=fit, train=training, slots=slots_of(configs)
    )
    view = {"size": data.size, "fit": fit, "seed": seed, "skip_errors": skip_errors}
    sets = {"test": read_image_set(images, families, **view)}
    if at_most:
        sets["train"] = read_image_set(
            split_list(training), for_any_image(families), **view, at_most=at_most
        )

    with locked(workdir, "reproducing an experiment", option="--workdir"):
        summaries, baselines = carry_out(
            experiment,
            configs,
            chosen,
            against,
            training,
            workdir,
            sets,
            skip_errors=skip_errors,
            beside=beside,
        )
        report.write(workdir, spec, experiment, sets, summaries, baselines)
    return summaries


def carry_out(
    experiment: Experiment,
    configs: Mapping[str, Config],
    chosen: Sequence[str],
    against: Sequence[Method],
    training: str,
    workdir: Path,
    sets: Mapping[str, ImageSet],
    *,
    skip_errors: bool,
    beside: Sequence[Path],
) -> tuple[Summaries, Summaries]:
    """Train and measure arms and baselines without a summary or without completions.

    Returns:
      The summaries of the arms and of the baselines.
    """
    names = experiment.metrics()

    def summary(name: str) -> dict[str, Any] | None:
        measured_on = sets_of(experiment.arms[name], sets)
        return arm_summary.read(
            workdir / name, configuration.to_plain(configs[name]), measured_on, names=names
        )

    def done(folder: Path, found: dict[str, Any] | None) -> bool:
        return found is not None and arm_summary.answered(folder, found)

    remaining = [name for name in chosen if not done(workdir / name, summary(name))]
    with tqdm(
        total=len(chosen), initial=len(chosen) - len(remaining), desc="arms", unit="arm"
    ) as bar:
        for name in remaining:
            bar.set_postfix_str(name)
            arm, config = experiment.arms[name], configs[name]
            source = trained_beside(name, config, beside)
            if source is None and arm.reuse:
                source = workdir / arm.reuse
            train_and_measure(
                arm, config, workdir / name, sets, names, source=source, skip_errors=skip_errors
            )
            jax.clear_caches()  # otherwise the programs of all arms accumulate
            bar.update()
    test, baselines = {"test": sets["test"]}, {}
    for method in against:
        folder, depends = workdir / "baselines" / method.name, baseline_identity(method, training)
        if not done(folder, arm_summary.read(folder, depends, test, names=names)):
            summarise(method, folder, depends, test, names, run=run_record())
        baselines[method.name] = arm_summary.read(folder, depends, test, names=names)
    return {name: summary(name) for name in experiment.arms}, baselines


def for_any_image(families: Sequence[str]) -> list[str]:
    """Keep the holes that training images can have too: families, and files for all images."""
    return [
        family for family in families if is_drawn(family) or os.path.isfile(place_of(family) or "")
    ]


def arm_config(
    arm: Arm,
    training: str,
    validation: str,
    weights: Mapping[str, str],
    slots: int | None = None,
) -> Config:
    """Load the config of an arm, with training and validation images and initial weights."""
    config = configuration.load(arm.config, [*arm.overrides, f"--config.data.train={training}"])
    if "validation" in config.data:
        config.data.validation = validation
    given = [
        f"--config.stages.{stage}.weights={file}"
        for stage, file in weights.items()
        if stage in config.stages
    ]
    if slots:
        given.append(f"--config.slots={slots}")
    return configuration.override(config, given)


def slots_of(configs: Mapping[str, Config]) -> int:
    """Return the number of images that baselines complete at once: the slots of the first arm."""
    return next(iter(configs.values())).get("slots", SLOTS)


def trained_beside(name: str, config: Config, beside: Sequence[Path]) -> Path | None:
    """Return the workdir of a measured arm with this name and config in another folder, or None."""
    plain = configuration.to_plain(config)
    measured = (folder / name for folder in beside if (folder / name / arm_summary.FILE).is_file())
    return next((folder for folder in measured if Workdir(folder).config() == plain), None)


def train_and_measure(
    arm: Arm,
    config: Config,
    folder: Path,
    sets: Mapping[str, ImageSet],
    names: Sequence[str],
    *,
    source: Path | None,
    skip_errors: bool,
) -> None:
    """Train an arm, or copy the stages that ``source`` has; measure it and write its summary."""
    model = train(config, folder, reuse_from=source, skip_errors=skip_errors)
    ([method], _), stages = open_methods([model]), Workdir(folder).stage
    if source and source.name == folder.name:  # the same arm of another experiment, with its log
        for stage in model.system.stages:
            log, own = Workdir(source).stage(stage.name).metrics, stages(stage.name).metrics
            if log.is_file() and not own.exists():
                files.write_bytes(own, log.read_bytes())
    under = sets_of(arm, sets)["test"].holes
    summarise(
        method,
        folder,
        configuration.to_plain(config),
        sets_of(arm, sets),
        names,
        term_weights={family: model.mean_weights(holes, family) for family, holes in under.items()},
        remarks={
            family: remark
            for family, holes in under.items()
            if (remark := model.remark(holes, family))
        },
        validated={s.name: arm_summary.validated(stages(s.name)) for s in model.system.stages},
        training_seconds={
            s.name: arm_summary.training_seconds(stages(s.name)) for s in model.system.stages
        },
        parameters=arm_summary.parameters(model.states),
        run=run_record(config),
    )


def baseline_identity(method: Method, training: str) -> dict[str, Any]:
    """Return the identity of a method beside the arms: for a baseline, text and training images."""
    identity = {"baseline": method.name, "train": training}
    plain = method.identity in ([method.name, ""], [method.name, training])
    return identity if plain else {**identity, "identity": method.identity}


def sets_of(arm: Arm, sets: Mapping[str, ImageSet]) -> dict[str, ImageSet]:
    """Restrict the images to the holes under which an arm is measured."""
    return {split: image_set.under(s, arm.holes or list(s.holes)) for split, s in sets.items()}


def summarise(
    method: Method,
    folder: Path,
    depends: Mapping[str, Any],
    sets: Mapping[str, ImageSet],
    names: Sequence[str],
    **content,
) -> None:
    """Measure a method and write its summary."""
    with interruption() as stop:
        measured = arm_summary.measured(method, sets, folder, stop, names)
    arm_summary.write(folder, depends, sets, names=names, measured=measured, **content)
