"""``summary.json``: the scores of a method in an experiment, and all that they depend on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from inpaint_jax import metrics
from inpaint_jax.data import files
from inpaint_jax.data.json_files import read_json, write_json
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.answers import answers_of, completions_file, is_whole, measure
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.older_configs import modernised
from inpaint_jax.runs.workdir import StageFolder, Workdir

Summaries = Mapping[str, dict[str, Any] | None]  # by name of the arm, from ``read``
SUMMARY = {"identity": dict, "measured": {...: {...: dict | None}}}
FILE = "summary.json"
VALIDATION = "validation_"  # prefix of validation metrics in metrics.jsonl


def write(
    folder: Path,
    method: Mapping[str, Any],
    sets: Mapping[str, ImageSet],
    *,
    names: Sequence[str] = metrics.DEFAULT,
    **content,
) -> None:
    """Write the summary of a method.

    Args:
      folder: folder of the arm.
      method: the plain config, or other plain values that identify the method.
      sets: the images by split.
      names: names of the metrics.
      **content: plain values, such as scores, parameters and seconds.
    """
    images = {split: {"of": s.sources, "count": len(s.names)} for split, s in sets.items()}
    summary = {"identity": identity(method, sets, names), "images": images, **content}
    write_json(folder / FILE, summary)


def read(
    folder: Path,
    method: Mapping[str, Any],
    sets: Mapping[str, ImageSet],
    *,
    names: Sequence[str] = metrics.DEFAULT,
) -> dict[str, Any] | None:
    """Read a matching summary of this method, these images, holes and metrics; None if none."""
    summary = read_json(
        folder / FILE,
        SUMMARY,
        remedy="delete it and repeat the command, which measures again",
    )
    written = as_written(folder, method)
    if summary and summary["identity"] in (
        identity(method, sets, names),
        identity(written, sets, names),
    ):
        return summary
    return None


def answered(folder: Path, summary: Mapping[str, Any]) -> bool:
    """Return whether every completions file that a summary names is undamaged."""
    measured = [
        answer
        for families in summary["measured"].values()
        for answer in families.values()
        if answer
    ]
    return all(is_whole(folder / answer["completions"]) for answer in measured)


def as_written(folder: Path, method: Mapping[str, Any]) -> Mapping[str, Any]:
    """Convert a config to the layout of the version that wrote it, whose hash the summary has."""
    written = Workdir(folder).written_config() or {}
    return written if modernised(written) == method else method


def identity(
    method: Mapping[str, Any],
    sets: Mapping[str, ImageSet],
    names: Sequence[str] = metrics.DEFAULT,
) -> dict[str, Any]:
    """Collect everything that a summary depends on, as plain JSON values."""
    return {
        "method": files.fingerprint(dict(method)),
        "images": {split: image_set.digest for split, image_set in sets.items()},
        "holes": {split: image_set.hashes for split, image_set in sets.items()},
        "seed": [image_set.seed for image_set in sets.values()],
        "metrics": files.fingerprint(metrics.protocols(names)),
    }


def measured(
    method: Method,
    sets: Mapping[str, ImageSet],
    folder: Path,
    stop: StopRequest,
    names: Sequence[str] = metrics.DEFAULT,
) -> dict[str, dict[str, Any]]:
    """Complete and measure all images; keep the completions in ``folder/evaluation/completions``.

    Returns:
      ``{split: {family: {"seconds", "completions", "scores": {metric: tables.summary}}}}``, where
      "completions" is a file within the folder. None for holes that the method does not support.

    Raises:
      Interrupted: a signal stopped the work; finished families are kept.
    """
    place, found = folder / "evaluation" / "completions", {}
    for split, image_set in sets.items():
        found[split] = {}
        for family, answer in answers_of(method, image_set, place, stop).items():
            found[split][family] = answer and {
                "seconds": answer.seconds,
                "completions": str(
                    completions_file(method, image_set, family, place).relative_to(folder)
                ),
                "scores": {
                    metric: tables.summary(values)
                    for metric, values in measure(
                        image_set.truth, answer.images, image_set.holes[family], names
                    ).items()
                },
            }
    return found


def training_seconds(folder: StageFolder) -> float | None:
    """Sum the seconds of a stage's steps over interruptions; None if it was not trained here."""
    if not folder.metrics.is_file():
        return None
    seconds, before = 0.0, 0
    for line in folder.logged():
        if rate := line.get("steps_per_second"):  # validation lines have none
            seconds, before = seconds + (line["step"] - before) / rate, line["step"]
    return seconds


def validated(folder: StageFolder) -> dict[str, float]:
    """Return the latest validation metrics of a stage, ``{metric: mean}``; empty if none."""
    latest: dict[str, float] = {}
    for line in folder.logged():
        means = {
            name.removeprefix(VALIDATION): mean
            for name, mean in line.items()
            if name.startswith(VALIDATION)
        }
        latest = means or latest
    return latest


def parameters(states: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Count the parameters, ``{stage: {network: number}}``."""
    return {
        stage: {
            name: sum(leaf.size for leaf in jax.tree.leaves(net.params))
            for name, net in state.networks.items()
        }
        for stage, state in states.items()
    }
