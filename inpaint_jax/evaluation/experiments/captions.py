"""Captions of tables: all facts that identify a published number."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inpaint_jax.errors import some_of
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.evaluation.report import machine, protocols


def caption(
    context: Context,
    names: Iterable[str],
    families: Sequence[str],
    metrics: Sequence[str],
    *,
    splits: Sequence[str] = ("test",),
) -> str:
    """List the images, holes, configs, commits, hardware, dates and protocols of a table.

    Args:
      context: all results.
      names: arms and baselines in the table.
      families: hole families in the table.
      metrics: names of the metrics.
      splits: measured splits of the images.
    """
    sets = {split: context.sets[split] for split in splits}
    summaries = {name: context.summary(name) for name in names}
    runs = {name: summary["run"] for name, summary in summaries.items() if summary}
    remarks = [
        f"{name} under {family}: {summary['remarks'][family]}"
        for name, summary in summaries.items()
        for family in families
        if summary and family in summary.get("remarks", {})
    ]
    missing = [name for name in summaries if name not in runs]
    counts = [
        f"{len(s.names)} {split} images of {', '.join(s.sources)}{left_out(s)}"
        for split, s in sets.items()
    ]
    hashes = []
    for family in families:
        of_splits = [
            f"{s.hashes[family]} ({split})" for split, s in sets.items() if family in s.hashes
        ]
        hashes.append(f"{family} {', '.join(of_splits)}")
    return "; ".join(
        [
            *counts,
            f"holes of seed {context.sets[splits[0]].seed}: {', '.join(hashes)}",
            *provenance(runs),
            *remarks,
            *([f"not measured yet: {', '.join(missing)}"] if missing else []),
            protocols(metrics),
        ]
    )


def left_out(image_set: ImageSet) -> str:
    """Name the images that could not be read; empty if there are none."""
    return f" ({some_of(list(image_set.skipped), 'image')} left out)" if image_set.skipped else ""


def provenance(runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """List configs, commits, machines, dates of run records by name; baselines have no config."""
    if not runs:
        return []
    configs = ", ".join(
        f"{name} {run['config_hash']}" for name, run in runs.items() if "config_hash" in run
    )
    commits = ", ".join(dict.fromkeys(str(run["commit"]) for run in runs.values()))
    dates = sorted(run["date"] for run in runs.values())
    machines = dict.fromkeys(map(machine, runs.values()))
    span = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    return [*([f"configs {configs}"] if configs else []), f"commit {commits}", *machines, span]
