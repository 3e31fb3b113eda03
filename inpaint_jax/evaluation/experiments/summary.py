"""``summary.json``: what is measured of a method in an experiment, and what that depends on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from inpaint_jax import metrics
from inpaint_jax.data import files
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.answers import Answer, answers_of, completions_file, measure, read_answer
from inpaint_jax.evaluation.picture_set import PictureSet
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.runs.methods import Method
from inpaint_jax.runs.workdir import StageFolder

Summaries = Mapping[str, dict[str, Any] | None]  # of every arm, as ``read`` returns them
VALIDATION = "validation_"  # before the names of metrics, in metrics.jsonl


def write(folder: Path, method: Mapping[str, Any], sets: Mapping[str, PictureSet], **content) -> None:
    """Writes a summary, with its identity and the pictures that it is about.

    Args:
      folder: of the arm.
      method: the plain config, or whatever else the method depends on.
      sets: the pictures, by split.
      **content: ``measured`` and the rest.
    """
    pictures = {split: {"of": its.sources, "count": len(its.names)} for split, its in sets.items()}
    summary = {"identity": identity(method, sets), "pictures": pictures, **content}
    files.write_json(folder / "summary.json", summary)


def read(folder: Path, method: Mapping[str, Any], sets: Mapping[str, PictureSet]) -> dict[str, Any] | None:
    """The summary in a folder; None where there is none, or one of another method, other pictures or holes."""
    file = folder / "summary.json"
    summary = json.loads(file.read_text()) if file.is_file() else None
    return summary if summary and summary["identity"] == identity(method, sets) else None


def identity(method: Mapping[str, Any], sets: Mapping[str, PictureSet]) -> dict[str, Any]:
    """What a summary depends on, in terms that JSON returns as they are."""
    return {
        "method": files.fingerprint(dict(method)),
        "pictures": {split: pictures.digest for split, pictures in sets.items()},
        "holes": {split: pictures.hashes for split, pictures in sets.items()},
        "seed": [pictures.seed for pictures in sets.values()],
        "metrics": files.fingerprint(metrics.PROTOCOLS),
    }


def measured(
    method: Method, sets: Mapping[str, PictureSet], folder: Path, stop: StopRequest
) -> dict[str, dict[str, Any]]:
    """What a summary says of a method's completions, which are kept in ``folder/evaluation/completions``.

    Returns:
      ``{split: {family: {"seconds", "completions": their file within the folder, "scores": {metric: summary}}}}``,
      None for holes that the method does not support.

    Raises:
      Interrupted: a signal stopped the work; the families that are done are kept.
    """
    place, found = folder / "evaluation" / "completions", {}
    for split, pictures in sets.items():
        found[split] = {}
        for family, answer in answers_of(method, pictures, place, stop).items():
            found[split][family] = answer and {
                "seconds": answer.seconds,
                "completions": str(completions_file(method, pictures, family, place).relative_to(folder)),
                "scores": {
                    metric: tables.summary(values)
                    for metric, values in measure(pictures.truth, answer.images, pictures.holes[family]).items()
                },
            }
    return found


def score(summary: Mapping[str, Any] | None, split: str, family: str, metric: str) -> dict[str, Any] | None:
    """A metric's mean, deviation and median; None where there is no summary, or such holes are not supported."""
    its = summary["measured"][split].get(family) if summary else None
    return its["scores"][metric] if its else None


def answered(folder: Path, family: str, summary: Mapping[str, Any] | None) -> Answer | None:
    """An arm's answer for the test pictures, as long as its file is there."""
    its = summary and summary["measured"]["test"].get(family)
    file = folder / its["completions"] if its else None
    return read_answer(file) if file and file.is_file() else None


def training_seconds(folder: StageFolder) -> float | None:
    """Time of a stage's steps, over all calls that it took; None for a stage that was not trained here."""
    if not folder.metrics.is_file():
        return None
    seconds, before = 0.0, 0
    for line in folder.logged():
        if rate := line.get("steps_per_second"):  # lines of a validation have none
            seconds, before = seconds + (line["step"] - before) / rate, line["step"]
    return seconds


def validated(folder: StageFolder) -> dict[str, float]:
    """What was last measured of a stage while it was trained here, ``{metric: mean}``; empty: nothing."""
    found: dict[str, float] = {}
    for line in folder.logged():
        its = {name: value for name, value in line.items() if name.startswith(VALIDATION)}
        found = {name.removeprefix(VALIDATION): value for name, value in its.items()} or found
    return found


def parameters(states: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Number of parameters, ``{stage: {network: number}}``."""
    return {
        stage: {name: sum(leaf.size for leaf in jax.tree.leaves(net.params)) for name, net in state.networks.items()}
        for stage, state in states.items()
    }
