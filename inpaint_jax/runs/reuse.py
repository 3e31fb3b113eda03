"""Reuse of finished stages from another run that trained them in the same way."""

from collections.abc import Sequence

import jax

from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.optimization.state import ended
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.initial_state import initial_state
from inpaint_jax.runs.workdir import Workdir, decisive
from inpaint_jax.systems.interface import Stage


def reuse(stages: Sequence[Stage], config: Config, workdir: Workdir, source: Workdir) -> None:
    """Copy the last state of the leading stages that another workdir has finished.

    The remaining stages are left to be trained.

    Args:
      stages: stages of the new run.
      config: config of the new run.
      workdir: folder of the new run. A stage that already has checkpoints there is left unchanged.
      source: workdir of the finished run. A stage trained in another way is not copied, nor are the
        stages after it.

    Raises:
      InputError: ``source`` is no workdir, has no finished stage, or trained the first stage in
        another way.
    """
    if not source.holds_run():
        raise InputError(f"--reuse: {source} is not a workdir (no config.json)")
    there, here = source.config(), configuration.to_plain(config)
    taken, earlier, left = [], {}, ""
    for stage in stages:
        own, other = (folder.stage(stage.name).checkpoints() for folder in (workdir, source))
        if stage.name not in there["stages"] or (newest := other.latest()) is None:
            break  # a later stage may depend on this one
        abstract = jax.eval_shape(lambda stage=stage: initial_state(stage, config, earlier))
        wanted = config.stages[stage.name].steps
        if wanted not in other.steps():
            if "finished" not in abstract.schedule or not ended(other.restore(abstract, newest)):
                break
            wanted = newest  # the stage ended early
        if differing := configuration.differing(
            decisive(there, stage), decisive(here, stage), shared_only=True
        ):
            left = f"{stage.name} differently: {', '.join(differing)}"
            break
        earlier[stage.name] = other.restore(abstract, wanted)
        taken.append(stage.name)
        if own.latest() is None:
            for record in ("weights.json", "data.json"):
                if (file := source.stage(stage.name).path / record).is_file():
                    files.write_bytes(workdir.stage(stage.name).path / record, file.read_bytes())
            with own:
                own.save(wanted, earlier[stage.name])
                own.wait()
    if left and not taken:
        raise InputError(f"--reuse: {source} trained {left}")
    if not taken:
        raise InputError(
            f"--reuse: {source} has not finished any of the stages "
            f"{', '.join(s.name for s in stages)} finished"
        )
    print(f"reused from {source}: {', '.join(taken)}" + (f"; it trained {left}" if left else ""))
