"""What a folder job tells when it is done: the report, and how its losses fell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_jax.data import files
from inpaint_jax.runs import plots
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.record import run_record
from inpaint_jax.systems.driver import stacked


def write_report(
    output: Path,
    method: Method,
    job: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    skipped: Mapping[str, str],
    this_call: Mapping[str, Any],
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Write ``report.json``: the job, what it ran on, the effort of its searches, and every picture's losses.

    Args:
      output: the job's folder.
      method: that completed the pictures.
      job: what identifies it.
      records: of all its pictures.
      skipped: why, by picture.
      this_call: pictures completed, seconds taken, evaluations of the loss per second.
      told: what else a user should know: notes, and images of which nothing was missing.

    Returns:
      The content of the file.
    """
    shown = [{k: v for k, v in record.items() if k not in ("traces", "trace_every")} for record in records]
    spent = [record["evaluations"] for record in records if record["evaluations"] is not None]
    report = {
        "job": job,
        "run": run_record(method.model and method.model.config),
        "this_call": dict(this_call),
        "evaluations": search_effort(method.model, job["keep"], spent) if method.model and spent else None,
        "skipped": skipped,
        **told,
        "images": sorted(shown, key=lambda record: record["id"]),
    }
    files.write_json(output / "report.json", report)
    return report


def search_effort(model: Model, keep: int, spent: list[int]) -> dict[str, Any]:
    """Evaluations of the loss over all pictures, and the share of iterations that early finishes saved."""
    search = model.config.search
    budget = len(spent) * max(search.restarts, keep) * search.iterations
    return {
        "total": sum(spent),
        "per_picture": round(sum(spent) / len(spent), 1),
        "of_iterations": budget,
        "saved": round(max(0.0, 1 - sum(spent) / budget), 4),
    }


def write_traces(output: Path, method: Method, records: Sequence[Mapping[str, Any]]) -> None:
    """``traces.png``, where the system searches."""
    traced = [record for record in records if record["traces"]]
    if traced and (model := method.model):
        names = [name for name in traced[0]["traces"] if name != "evaluations"]
        traces = {name: stacked([np.array(record["traces"][name]) for record in traced]) for name in names}
        weights = {label: float(weight) for label, weight in model.system.weights(model.states).items()}
        plots.plot_traces(output / "traces.png", traces, {**weights, "total": 1.0}, every=traced[0]["trace_every"])
