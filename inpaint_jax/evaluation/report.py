"""The report of an evaluation: the table, the grids, and the speed of the searches."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_jax import metrics
from inpaint_jax.compositing import from_uint8
from inpaint_jax.data import files, sheets
from inpaint_jax.data.image_files import write_image
from inpaint_jax.evaluation import search_speed, several, tables
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.metrics import AnyMetric
from inpaint_jax.runs import configuration
from inpaint_jax.runs.holes import labels
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.record import run_record

COLUMNS = ("psnr_hole", "psnr_full", "ssim_full", "l1_pct_hole", "l2_pct_hole")
ROWS = 8  # images in a grid


def caption(methods: Sequence[Method], image_set: ImageSet) -> str:
    """Write the caption that identifies every number of an evaluation."""
    record = run_record()
    known = [
        f"{m.name} config {configuration.fingerprint(m.model.config)}" for m in methods if m.model
    ]
    known.append(f"commit {record['commit']}")
    shown = labels(list(image_set.hashes))
    sets = ", ".join(f"{shown[family]} {digest}" for family, digest in image_set.hashes.items())
    return (
        f"{len(image_set.names)} images of {', '.join(image_set.sources)}; {', '.join(known)}; "
        f"{machine(record)}; {record['date']}. Hole sets: {sets}.{remarks(methods, image_set)}"
    )


def remarks(methods: Sequence[Method], image_set: ImageSet) -> str:
    """Collect the methods' notes on results under some families, each as a sentence."""
    shown = labels(list(image_set.holes))
    return "".join(
        f" {method.name} under {shown[family]}: {remark}."
        for method in methods
        for family, holes in image_set.holes.items()
        if method.model and (remark := method.model.remark(holes, family))
    )


def machine(record: Mapping[str, Any]) -> str:
    """Describe the hardware of a run record: processor, cores, accelerators."""
    hardware = record["hardware"]
    kinds = [kind for kind in hardware["devices"] if kind != "cpu"]
    accelerators = [f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds)]
    return ", ".join([hardware["processor"], f"{hardware['cores']} cores", *accelerators])


def protocols(names: Sequence[str]) -> str:
    """Describe the exact protocol of every metric."""
    return "; ".join(f"{name} = {protocol}" for name, protocol in metrics.protocols(names).items())


def write_table(
    output: Path,
    methods: Sequence[Method],
    image_set: ImageSet,
    results: Sequence[Mapping[str, Any]],
    source: str,
    measured: Mapping[str, AnyMetric],
) -> None:
    """Print the table; write ``table.md`` and, with all metrics and identities, ``table.json``."""
    chosen = [name for name in measured if name in COLUMNS or name not in metrics.DEFAULT]
    shown = labels(list(image_set.holes))
    differing = [several.DIVERSITY] if any(several.DIVERSITY in row for row in results) else []
    rows = [
        [
            shown[r["holes"]],
            r["method"],
            *(tables.mean(r.get(name)) for name in [*chosen, *differing]),
            "–" if r["seconds"] is None else f"{r['seconds']:.0f} s",
        ]
        for r in results
    ]
    text = tables.markdown(["holes", "method", *chosen, *differing, "time"], rows)
    print(f"\n{text}\n")
    diversity = f"; {several.DIVERSITY} = {several.PROTOCOL}" if differing else ""
    files.write_text(output / "table.md", f"{text}\n\n{source} {protocols(chosen)}{diversity}\n")
    table = {
        "images": list(image_set.sources),
        "count": len(image_set.names),
        "skipped": image_set.skipped,
        "rows": [
            {k: tables.summary(v) if k in measured or k in differing else v for k, v in r.items()}
            for r in results
        ],
        "run": run_record(next((m.model.config for m in methods if m.model), None)),
        "searches": {m.name: configuration.to_plain(m.model.config) for m in methods if m.model},
        "weights": {
            m.name: {
                family: m.model.mean_weights(holes, family)
                for family, holes in image_set.holes.items()
            }
            for m in methods
            if m.model
        },
    }
    files.write_json(output / "table.json", table)


def same_loss(methods: Sequence[Method]) -> list[str]:
    """Return the searches with the same loss function as the first search."""

    plain = {m.name: configuration.to_plain(m.model.config) for m in methods if m.model}
    seen = {
        name: (config["losses"], *(config["search"].get(key) for key in ("window", "batch_norm")))
        for name, config in plain.items()
        if {"losses", "search"} <= set(config)
    }
    return [name for name, how in seen.items() if how == next(iter(seen.values()))]


def write_search_speed(
    output: Path, curves: Mapping[str, Mapping[str, search_speed.SearchCurve]], source: str
) -> None:
    """Write ``search.md`` and ``search.png``: evaluations until the first search's final loss.

    Args:
      output: the folder.
      curves: ``{holes: {search: SearchCurve}}``.
      source: the caption.
    """
    text = search_speed.table(curves)
    print(f"{text}\n")
    files.write_text(output / "search.md", f"{text}\n\n{source}\n")
    search_speed.plot(output / "search.png", curves)


def write_grids(
    output: Path,
    image_set: ImageSet,
    completed: Mapping[str, Mapping[str, np.ndarray | None]],
    results: Sequence[Mapping[str, Any]],
) -> None:
    """Write grids of the first images per family, and of the model's best and worst ``psnr_hole``.

    Args:
      output: folder for ``grid.png``, ``best.png`` and ``worst.png``.
      image_set: the completed images; ties of the metric are broken by index.
      completed: ``{method: {family: uint8 [N, H, W, C]}}``, the model first; None if a method does
        not apply.
      results: with "holes", "method" and "psnr_hole", ``[N]`` or None.
    """
    truth, holes = image_set.truth, image_set.holes
    families, model = list(holes), next(iter(completed))
    shown = labels(families)

    def one_image(images: np.ndarray | None, i: int) -> np.ndarray:
        return np.zeros_like(truth[i]) if images is None else from_uint8(images[i])

    def sheet(pick: list[tuple[str, int]]):
        columns = {"damaged": np.stack([np.where(holes[f][i] > 0, 0, truth[i]) for f, i in pick])}
        for method, answer in completed.items():
            columns[method] = np.stack([one_image(answer[f], i) for f, i in pick])
        columns["truth"] = np.stack([truth[i] for _, i in pick])
        return sheets.contact_sheet(columns, row_labels=[shown[f] for f, _ in pick])

    score = {
        r["holes"]: r["psnr_hole"]
        for r in results
        if r["method"] == model and r["psnr_hole"] is not None
    }
    ranked = sorted(
        (float(s), f, i)
        for f, values in score.items()
        for i, s in enumerate(values)
        if np.isfinite(s)
    )
    per_family = max(1, ROWS // len(families))
    write_image(
        output / "grid.png",
        sheet([(f, i) for f in families for i in range(min(per_family, len(truth)))]),
    )
    if ranked:
        write_image(output / "worst.png", sheet([(f, i) for _, f, i in ranked[:ROWS]]))
        write_image(output / "best.png", sheet([(f, i) for _, f, i in ranked[::-1][:ROWS]]))
