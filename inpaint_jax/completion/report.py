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
      told: what else a user should know: notes, weights of the loss's terms, and images of which nothing was missing.

    Returns:
      The content of the file.
    """
    shown = [{k: v for k, v in record.items() if k not in ("traces", "trace_every")} for record in records]
    spent = [record["evaluations"] for record in records if record["evaluations"] is not None]
    model = method.model
    report = {
        "job": job,
        "run": run_record(model and model.config),
        "this_call": dict(this_call),
        "evaluations": search_effort(model, job["keep"], spent) if model and spent else None,
        "skipped": skipped,
        **told,
        "images": sorted(shown, key=lambda record: record["id"]),
    }
    files.write_json(output / "report.json", report)
    return report


def weights_of_terms(model: Model | None, holes: Sequence[np.ndarray], family: str) -> tuple[dict[str, float], str]:
    """The mean weights of a search's terms, and what is to be said about them.

    Args:
      model: a trained run, where the method is one.
      holes: of all images, ``[S, S, 1]`` each.
      family: of the holes; empty: unknown.

    Returns:
      ``{term: weight}`` and a clause. Both are empty without a search, and where weights depend on holes that the
      model sees parts of, because images keep their own sizes.
    """
    if model is None:
        return {}, ""
    side = model.system.size or 0
    seen = [hole for hole in holes if len(hole) == hole.shape[1] == side]
    if len(seen) < len(holes) and model.system.families:
        return {}, ""
    under = np.stack(seen or [np.zeros((side, side, 1), bool)])
    return model.mean_weights(under, family), model.remark(under, family)


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


def write_traces(output: Path, weights: Mapping[str, float], records: Sequence[Mapping[str, Any]]) -> None:
    """Draw ``traces.png`` with these weights of the terms, where the system searches."""
    traced = [record for record in records if record["traces"]]
    if traced and weights:
        names = [name for name in traced[0]["traces"] if name != "evaluations"]
        traces = {name: stacked([np.array(record["traces"][name]) for record in traced]) for name in names}
        plots.plot_traces(output / "traces.png", traces, {**weights, "total": 1.0}, every=traced[0]["trace_every"])
