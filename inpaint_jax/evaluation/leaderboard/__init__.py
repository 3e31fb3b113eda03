"""One table of all methods: the same images, the same holes, with intervals, costs and a plot.

``leaderboard`` measures with ``evaluate``, which keeps every completion. A later call with more
methods, sets or holes computes only the missing completions.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.evaluate import evaluate
from inpaint_jax.evaluation.leaderboard import page
from inpaint_jax.evaluation.leaderboard.entries import Entry, Line, entries
from inpaint_jax.evaluation.leaderboard.intervals import bootstrap, difference
from inpaint_jax.runs.holes import labels

__all__ = ["Line", "leaderboard"]

USUAL = "harmonic"  # the reference unless another is named
SCORES = ("psnr_hole", "ssim_full", "lpips_alex")


def leaderboard(
    methods: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    holes: Sequence[str],
    output: str | Path,
    *,
    reference: str | None = None,
    **setting: Any,
) -> list[Line]:
    """Measure methods on several sets of images; write ``leaderboard.md``, ``.json`` and ``.png``.

    Args:
      methods: workdirs, exported files, baselines and groups, see ``runs.methods.open_methods``.
      sets: ``{name: source specs}`` of whole images.
      holes: families, files and folders of holes.
      output: folder for the table and the plot, and for one folder per set with the files of
        ``evaluate``.
      reference: reference method of the paired differences; None: "harmonic" if it is among the
        methods, otherwise the first.
      **setting: ``size``, ``fit``, ``train``, ``seed``, ``slots``, ``metrics`` and ``skip_errors``
        of ``evaluate``.

    Returns:
      A line per set, family and method that supports such holes. Sets and families keep the order
      of the arguments; methods are sorted from high to low PSNR in the hole.

    Raises:
      InputError: no set, two methods of the same name, or bad images, families or methods.
      Interrupted: a signal stopped the work; finished parts are kept.
    """
    if not sets:
        raise InputError("a leaderboard needs a set of images: --images=SPEC or --images=NAME=SPEC")
    if not methods:
        raise InputError("no method to measure: name trained runs, or give --method")
    opened = entries(list(methods))
    by_name = {entry.name: entry for entry in opened}
    if reference not in (None, *by_name):
        raise InputError(
            f"--reference: {reference!r} is not among the methods: {', '.join(by_name)}"
        )
    reference = reference or (USUAL if USUAL in by_name else opened[0].name)
    named, captions, lines = labels(list(holes)), [], []
    for name, images in sets.items():
        found = evaluate(
            [entry.method for entry in opened], images, holes, output=Path(output) / name, **setting
        )
        captions.append(f"{name}: {found.caption}")
        for family in holes:
            rows = {
                row["method"]: row
                for row in found.rows
                if row["holes"] == family and row["psnr_hole"] is not None
            }
            ranked = [
                line_of(name, named[family], by_name[m], row, rows.get(reference))
                for m, row in rows.items()
            ]
            lines += sorted(ranked, key=lambda line: -line.scores["psnr_hole"].mean)
    page.write(Path(output), lines, captions, reference)
    return lines


def line_of(
    images: str, holes: str, entry: Entry, row: Mapping[str, Any], other: Mapping[str, Any] | None
) -> Line:
    """Summarise a row of ``evaluate``, with the difference to the reference's row."""
    return Line(
        images,
        holes,
        entry,
        {metric: bootstrap(row[metric]) for metric in SCORES if metric in row},
        {metric: score for metric, score in row.items() if hasattr(score, "error")},
        None if other is None or other is row else difference(row["psnr_hole"], other["psnr_hole"]),
        None if row["seconds"] is None else row["seconds"] / len(row["psnr_hole"]),
    )
