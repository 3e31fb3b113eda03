"""The methods of a leaderboard with size and training cost, and the lines of the table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax.evaluation.experiments.summary import parameters, training_seconds
from inpaint_jax.evaluation.leaderboard.intervals import Interval
from inpaint_jax.runs.method_names import GROUPS, label, parse
from inpaint_jax.runs.methods import trained_run
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.workdir import Workdir


class Entry(NamedTuple):
    """A method of a leaderboard.

    Attributes:
      name: name in the table.
      method: the method, as ``evaluate`` accepts it.
      parameters: parameters of all networks that the stages train or read; None: unknown, or none.
      minutes: training time, without stages taken from another run; None: unknown, or none.
    """

    name: str
    method: str | tuple[str, Model]
    parameters: int | None = None
    minutes: float | None = None


class Line(NamedTuple):
    """One method on one set under one family of holes.

    Attributes:
      images: name of the set.
      holes: name of the family.
      entry: the method.
      scores: ``{metric: Interval}`` of PSNR in the hole, SSIM and, with the extra ``perceptual``,
        LPIPS.
      set_scores: ``{metric: SetScore}``, such as KID.
      above: difference of the PSNR to the reference, paired over images; None for the reference.
      seconds: seconds per image, including the start of the method; None for stored results.
    """

    images: str
    holes: str
    entry: Entry
    scores: Mapping[str, Interval]
    set_scores: Mapping[str, Any]
    above: Interval | None
    seconds: float | None


def entries(texts: list[str]) -> list[Entry]:
    """Open methods by text: a workdir is loaded once, a group is replaced by its members.

    Raises:
      InputError: a workdir that cannot be read.
    """
    return [entry(text) for named in texts for text in GROUPS.get(named, (named,))]


def entry(text: str) -> Entry:
    """Open one method."""
    spec = parse(text)
    if not Path(spec.name).is_dir():
        return Entry(label(spec), text)
    model = trained_run(spec)
    counts = [sum(networks.values()) for networks in parameters(model.states).values()]
    folder = Workdir(spec.name)
    seconds = [training_seconds(folder.stage(stage.name)) for stage in model.system.stages]
    trained = [value for value in seconds if value is not None]
    return Entry(
        label(spec), (label(spec), model), sum(counts), sum(trained) / 60 if trained else None
    )
