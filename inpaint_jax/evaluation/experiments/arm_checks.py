"""Checks of an experiment's arms before anything is trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.experiments import Experiment, check_known
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config, evaluation_fit
from inpaint_jax.runs.training import moved
from inpaint_jax.runs.training.feed import training_source
from inpaint_jax.runs.workdir import Workdir, decisive


def check_weights(weights: Mapping[str, str], configs: Mapping[str, Config]) -> None:
    """Raise InputError for a stage that no arm trains, or a file that does not exist."""
    stages = dict.fromkeys(stage for config in configs.values() for stage in config.stages)
    for stage, file in weights.items():
        check_known("--weights", "stage", stage, stages)
        if not Path(file).is_file():
            raise InputError(f"--weights: no file {file} for the stage {stage}")


def check(
    experiment: Experiment, configs: Mapping[str, Config], chosen: Sequence[str], workdir: Path
) -> None:
    """Detect errors that would stop an arm after hours of training others.

    Raises:
      InputError: an unknown arm, a bad config, unusable training images, a folder with another run,
        or stages that cannot be reused.
    """
    if unknown := [name for name in chosen if name not in experiment.arms]:
        raise InputError(f"--only: unknown arm {unknown[0]!r}; known: {', '.join(experiment.arms)}")
    for name in chosen:
        config, folder = configs[name], Workdir(workdir / name)
        folder.check_same_run(config)
        folder.check_order(stages := configuration.build_system(config).stages, config)
        moved.check(folder, stages, config, open_images=training_source)
        for stage in stages:
            settings = config.stages[stage.name]
            if folder.stage(stage.name).wants(settings.steps):
                training_source(config, settings)
            if (steps := folder.stage(stage.name).latest() or 0) > settings.steps:
                raise InputError(
                    f"{folder} has trained {steps} steps of {stage.name}, more than "
                    f"{settings.steps}: give another --workdir"
                )
        if reused := experiment.arms[name].reuse:
            check_reuse(name, reused, configs)
            if reused not in chosen and not Workdir(workdir / reused).holds_run():
                raise InputError(
                    f"arm {name!r} reuses {reused!r}, which is not trained: add it to --only"
                )


def check_reuse(name: str, reused: str, configs: Mapping[str, Config]) -> None:
    """Raise InputError unless the arms share stages of equal length, the first of equal config."""
    config, earlier = (configuration.to_plain(configs[arm]) for arm in (name, reused))
    stages = configuration.build_system(configs[name]).stages
    steps = {stage: settings["steps"] for stage, settings in earlier["stages"].items()}
    shared = [
        stage for stage in stages if config["stages"][stage.name]["steps"] == steps.get(stage.name)
    ]
    if not shared:
        raise InputError(f"arm {name!r} has no stage to reuse from {reused!r}")
    first = shared[0]
    if differing := configuration.differing(
        decisive(earlier, first), decisive(config, first), shared_only=True
    ):
        raise InputError(
            f"arm {name!r} cannot reuse {first.name} of {reused!r}: {', '.join(differing)} differ"
        )


def shared_data(configs: Mapping[str, Config]) -> tuple[Config, str]:
    """Return the ``data`` config that all arms share, and the fit of images to the models.

    Raises:
      InputError: two arms with different image sizes or fits.
    """
    configuration.check_same_view(configs, "put the arms into separate experiments")
    config = next(iter(configs.values()))
    return config.data, evaluation_fit(config)
