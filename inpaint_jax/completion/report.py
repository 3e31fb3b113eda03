"""What a folder job tells when it is done: the report, and how its losses fell."""

import json
import shutil
import tempfile
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax.data import files
from inpaint_jax.runs import plots
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.record import run_record
from inpaint_jax.systems.driver import stacked

TRACED = 1000  # images whose traces are drawn
HIDDEN = ("traces", "trace_every")  # parts of a record that the report leaves out


class Told(NamedTuple):
    """What a user should know about a job, beside its images.

    Attributes:
      notes: a line each.
      weights: of the terms of the loss.
      unchanged: ids of the images of which nothing was missing.
    """

    notes: list[str]
    weights: dict[str, float]
    unchanged: list[str]


def write_report(
    output: Path,
    method: Method,
    job: Mapping[str, Any],
    records: Iterable[Mapping[str, Any]],
    skipped: Mapping[str, str],
    this_call: Mapping[str, Any],
    told: Told,
) -> dict[str, Any]:
    """Write ``report.json``: the job, what it ran on, the effort of its searches, and every picture's losses.

    The records pass through memory one by one. ``traces.png`` is drawn too, where the system searches.

    Args:
      output: the job's folder.
      method: that completed the pictures.
      job: what identifies it.
      records: of all its pictures, by id.
      skipped: why, by picture.
      this_call: pictures completed, seconds taken, evaluations of the loss per second.
      told: what else a user should know.

    Returns:
      The content of the file without "images".
    """
    model, traced, spent, searched = method.model, [], 0, 0
    with tempfile.TemporaryFile() as lines:  # the images stand at the end of the file, behind their sums
        for record in records:
            shown = {key: value for key, value in record.items() if key not in HIDDEN}
            text = textwrap.indent(json.dumps(files.plain(shown), indent=2, allow_nan=False), "    ")
            lines.write((",\n" if lines.tell() else "\n").encode() + text.encode(errors="backslashreplace"))
            if record["evaluations"] is not None:
                spent, searched = spent + record["evaluations"], searched + 1
            if record["traces"] and len(traced) < TRACED:
                traced.append(record)
        report = {
            "job": job,
            "run": run_record(model and model.config),
            "this_call": dict(this_call),
            "evaluations": search_effort(model, job["keep"], spent, searched) if model and searched else None,
            "skipped": skipped,
            **told._asdict(),
        }
        head = json.dumps(files.plain(report), indent=2, allow_nan=False).removesuffix("\n}")
        with files.replacing(output / "report.json") as file:
            file.write(f'{head},\n  "images": ['.encode(errors="backslashreplace"))
            lines.seek(0)
            shutil.copyfileobj(lines, file)
            file.write(b"\n  ]\n}\n")
    write_traces(output, told.weights, traced)
    return report


def weights_of_terms(model: Model | None, holes: np.ndarray | None, family: str) -> tuple[dict[str, float], str]:
    """The mean weights of a search's terms, and what is to be said about them.

    Args:
      model: a trained run, where the method is one.
      holes: of images, ``[N, S, S, 1]``; None where images keep their own sizes, and the model sees parts of them.
      family: of the holes; empty: unknown.

    Returns:
      ``{term: weight}`` and a clause. Both are empty without a search, and where weights depend on holes that the
      model sees parts of.
    """
    if model is None or (holes is None and model.system.families):
        return {}, ""
    side = model.system.size or 0
    under = np.zeros((1, side, side, 1), bool) if holes is None else holes
    return model.mean_weights(under, family), model.remark(under, family)


def search_effort(model: Model, keep: int, spent: int, searched: int) -> dict[str, Any]:
    """Evaluations of the loss over all pictures, and the share of iterations that early finishes saved."""
    search = model.config.search
    searches = max(search.get("restarts", 1), keep) * search.get("scales", 1)
    budget = searched * searches * search.iterations
    return {
        "total": spent,
        "per_picture": round(spent / searched, 1),
        "of_iterations": budget,
        "saved": round(max(0.0, 1 - spent / budget), 4),
    }


def write_traces(output: Path, weights: Mapping[str, float], records: Sequence[Mapping[str, Any]]) -> None:
    """Draw ``traces.png`` with these weights of the terms, where the system searches."""
    if records and weights:
        names = [name for name in records[0]["traces"] if name != "evaluations"]
        traces = {name: stacked([np.array(record["traces"][name]) for record in records]) for name in names}
        plots.plot_traces(output / "traces.png", traces, {**weights, "total": 1.0}, every=records[0]["trace_every"])
