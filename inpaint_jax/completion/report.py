"""Write the report of a folder job, and plot the losses of its searches."""

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
HIDDEN = ("traces", "trace_every")  # keys of a record that the report omits


class Remarks(NamedTuple):
    """Information about a job, besides the records of its images.

    Attributes:
      notes: one line each.
      weights: mean weight of each term of the loss, by name.
      unchanged: ids of the images without missing pixels.
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
    remarks: Remarks,
) -> dict[str, Any]:
    """Write ``report.json``: the job, the hardware, the effort of the searches, all losses.

    Memory holds one record at a time. If the system searches, this also draws ``traces.png``.

    Args:
      output: folder of the job.
      method: method that completed the images.
      job: identity of the job.
      records: records of all images, sorted by id.
      skipped: reason per skipped image.
      this_call: images, seconds, and loss evaluations per second of this call.
      remarks: notes, weights and unchanged images.

    Returns:
      The content of the file, without "images".
    """
    model, traced, spent, searched = method.model, [], 0, 0
    with tempfile.TemporaryFile() as lines:  # the file lists the images after the totals
        for record in records:
            shown = {key: value for key, value in record.items() if key not in HIDDEN}
            text = textwrap.indent(
                json.dumps(files.plain(shown), indent=2, allow_nan=False), "    "
            )
            lines.write(
                (",\n" if lines.tell() else "\n").encode() + text.encode(errors="backslashreplace")
            )
            if record["evaluations"] is not None:
                spent, searched = spent + record["evaluations"], searched + 1
            if record["traces"] and len(traced) < TRACED:
                traced.append(record)
        report = {
            "job": job,
            "run": run_record(model and model.config),
            "this_call": dict(this_call),
            "evaluations": search_effort(model, job["keep"], spent, searched)
            if model and searched
            else None,
            "skipped": skipped,
            **remarks._asdict(),
        }
        head = json.dumps(files.plain(report), indent=2, allow_nan=False).removesuffix("\n}")
        with files.replacing(output / "report.json") as file:
            file.write(f'{head},\n  "images": ['.encode(errors="backslashreplace"))
            lines.seek(0)
            shutil.copyfileobj(lines, file)
            file.write(b"\n  ]\n}\n")
    write_traces(output, remarks.weights, traced)
    return report


def weights_of_terms(
    model: Model | None, holes: np.ndarray | None, family: str
) -> tuple[dict[str, float], str]:
    """Return the mean weights of the terms of a search, and a remark on them.

    Args:
      model: the trained run; None if the method has none.
      holes: sample of the holes, ``[N, S, S, 1]``; None if images keep their own sizes and the
        model sees parts of them.
      family: hole family; empty if unknown.

    Returns:
      ``{term: weight}`` and a clause. Both are empty without a search, or if the weights depend on
      holes that the model sees only parts of.
    """
    if model is None or (holes is None and model.system.families):
        return {}, ""
    side = model.system.size or 0
    under = np.zeros((1, side, side, 1), bool) if holes is None else holes
    return model.mean_weights(under, family), model.remark(under, family)


def search_effort(model: Model, keep: int, spent: int, searched: int) -> dict[str, Any]:
    """Summarise loss evaluations over all images, and the share saved by early stops."""
    search = model.config.search
    searches = max(search.get("restarts", 1), keep) * search.get("scales", 1)
    budget = searched * searches * search.iterations
    return {
        "total": spent,
        "per_image": round(spent / searched, 1),
        "of_iterations": budget,
        "saved": round(max(0.0, 1 - spent / budget), 4),
    }


def write_traces(
    output: Path, weights: Mapping[str, float], records: Sequence[Mapping[str, Any]]
) -> None:
    """Draw ``traces.png`` with the given term weights, if the system searches."""
    if records and weights:
        names = [name for name in records[0]["traces"] if name != "evaluations"]
        traces = {
            name: stacked([np.array(record["traces"][name]) for record in records])
            for name in names
        }
        plots.plot_traces(
            output / "traces.png",
            traces,
            {**weights, "total": 1.0},
            every=records[0]["trace_every"],
        )
