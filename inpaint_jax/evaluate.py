"""``inpaint evaluate``: whole pictures under frozen holes, a system and its baselines, measured side by side."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inpaint_jax import configuration, files, masks, metrics, sheets, tables
from inpaint_jax.completion import Driver, Task
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.interruption import interruption
from inpaint_jax.model import Model
from inpaint_jax.naming import resolve
from inpaint_jax.run_record import run_record
from inpaint_jax.systems import baselines

COLUMNS = ("psnr_hole", "psnr_full", "ssim_full", "l1_pct_hole", "l2_pct_hole")
GROUPS = {"floors": ("mean", "harmonic", "nearest"), "opencv": ("telea", "navier_stokes"), "none": ()}
ROWS = 8  # pictures in a grid
BATCH = 50  # pictures measured at once
GALLERY = 1000  # training pictures that the nearest neighbour is sought among


def evaluate(
    model: Model,
    images: Sequence[str],
    holes: Sequence[str],
    against: Sequence[str],
    output: str | Path,
    *,
    seed: int = 0,
    slots: int | None = None,
) -> int:
    """Completes every picture under every hole family with every method, and writes the table and the grids.

    Completions are kept in ``output/completions``, so that an interrupted evaluation goes on with the next method.

    Args:
      model: a trained system.
      images: source specs of whole pictures.
      holes: families; each picture gets one hole of each.
      against: baselines by name, "floors", "opencv" or "none".
      output: for ``table.md``, ``table.json``, ``grid.png``, ``best.png``, ``worst.png``.
      seed: of the holes and latents.
      slots: pictures at once per device; default the config's.

    Returns:
      The exit code.

    Raises:
      InputError: for bad pictures, families or baseline names.
    """
    output, size, against = Path(output), model.config.data.size, baseline_names(against)
    source = open_source(images, size=size, fit=model.config.data.fit)
    names = [source.id(i) for i in range(len(source))]
    truth = np.stack([sheets.from_uint8(source[i]["image"]) for i in tqdm(range(len(source)), "reading", leave=False)])
    gaps = {family: masks.evaluation_holes(family, ids=names, size=size, seed=seed) for family in holes}
    hashes = {family: masks.holes_hash(gap) for family, gap in gaps.items()}
    completed: dict[str, dict[str, np.ndarray | None]] = {}
    seconds: dict[str, float] = {}
    with interruption() as stop:
        for method, driver, fingerprint in methods(model, against, slots=slots or model.config.search.slots):
            identity = {"method": fingerprint, "pictures": names, "holes": hashes, "seed": seed}
            file = output / "completions" / f"{method}-{configuration.fingerprint(identity)}.npz"
            if not file.is_file():
                answer, took = run(driver, names, truth, gaps, seed=seed, stop=stop, title=method)
                if stop.signal:
                    print(f"stopped during {method}; the same command goes on from there", file=sys.stderr)
                    return 128 + stop.signal
                files.write_arrays(file, {"seconds": np.array(took), **answer})
            kept = np.load(file)
            completed[method] = {family: kept.get(family) for family in holes}
            seconds[method] = float(kept["seconds"])
    results = [
        {"holes": family, "holes_hash": hashes[family], "method": method}
        | {name: values for name, values in measure(truth, answer[family], gaps[family]).items()}
        for family in holes
        for method, answer in completed.items()
    ]
    write_table(output, model, images, len(names), results, seconds)
    write_grids(output, truth, gaps, completed, results)
    print(f"look at {output}/grid.png, best.png and worst.png")
    return 0


def baseline_names(against: Sequence[str]) -> list[str]:
    """Groups written out; refuses a baseline that is unknown, or needs what is not installed, before any work."""
    names = [name for word in against for name in GROUPS.get(word, (word,))]
    for name in names:
        resolve(name, baselines.BASELINES, kind="baseline")()
    return names


def methods(model: Model, against: Sequence[str], *, slots: int) -> Iterator[tuple[str, Driver, list[Any]]]:
    """The model, then its baselines: ``(name, driver, what identifies its answers)``."""
    steps = {name: int(state.step) for name, state in model.states.items()}
    identity = [configuration.fingerprint(model.config), steps, slots]
    yield model.config.system, Driver(model.system, model.states, slots=slots), identity
    for baseline in against:
        system, states = baselines.ready(baseline, gallery(model))
        yield baseline, Driver(system, states, slots=slots), [baseline, model.config.data.train]


def gallery(model: Model) -> Iterator[dict[str, np.ndarray]]:
    """The first training pictures, for a baseline that looks at some."""
    data = model.config.data
    source = open_source(data.train.split(","), size=data.size, fit=data.fit)
    yield from examples(source, size=data.size, batch=BATCH, indices=range(min(GALLERY, len(source))))


def run(driver: Driver, names, truth, gaps, *, seed, stop, title) -> tuple[dict[str, np.ndarray], float]:
    """All pictures under all families through one set of slots; unsupported families are left out."""
    supported = {f: gap for f, gap in gaps.items() if not any(driver.system.supports(hole) for hole in gap)}
    answer = {family: np.empty(truth.shape, np.uint8) for family in supported}
    rows = {name: i for i, name in enumerate(names)}
    tasks = (
        Task(name, truth[i], supported[family][i], group=family) for family in supported for name, i in rows.items()
    )
    began = time.perf_counter()
    total = len(names) * len(supported)
    with tqdm(total=total, desc=title, unit="image") as bar:
        for result in driver.run(tasks, seed=seed, stop=stop, on_chunk=lambda count: bar.set_postfix(chunk=count)):
            answer[result.task.group][rows[result.task.id]] = sheets.to_uint8(result.images[0])
            bar.update()
    return answer, time.perf_counter() - began


def measure(truth: np.ndarray, answer: np.ndarray | None, gap: np.ndarray) -> dict[str, Any]:
    """Every metric per picture, ``{name: [N] or None}``; answers are uint8, so the truth is quantised too."""
    if answer is None:
        return dict.fromkeys(COLUMNS)
    parts = []
    for i in range(0, len(truth), BATCH):
        rows = slice(i, i + BATCH)
        parts.append(metrics.all_metrics(sheets.from_uint8(answer[rows]), truth[rows], gap[rows]))
    return {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in COLUMNS}


def write_table(output: Path, model: Model, images, count: int, results, seconds) -> None:
    """The table on the terminal, in ``table.md`` and, with everything that identifies it, in ``table.json``."""
    rows = [
        [
            r["holes"],
            r["method"],
            *(tables.mean(r[name]) for name in COLUMNS),
            f"{seconds[r['method']]:.0f} s",
        ]
        for r in results
    ]
    text = tables.markdown(["holes", "method", *COLUMNS, "time, all holes"], rows)
    record = run_record(model.config)
    hashes = dict.fromkeys(f"{r['holes']} {r['holes_hash']}" for r in results)
    caption = (
        f"{count} pictures of {', '.join(images)}; {model.config.system}, config {record['config_hash']}, "
        f"commit {record['commit']}; {record['hardware']['processor']}, {record['hardware']['cores']} cores; "
        f"{record['date']}. Hole sets: {', '.join(hashes)}. "
        + "; ".join(f"{name} = {metrics.PROTOCOLS[name]}" for name in COLUMNS)
    )
    print(f"\n{text}\n")
    files.write_text(output / "table.md", f"{text}\n\n{caption}\n")
    plain = [
        {k: tables.summary(v) if k in COLUMNS else v for k, v in r.items()} | {"seconds": seconds[r["method"]]}
        for r in results
    ]
    files.write_json(output / "table.json", {"images": list(images), "count": count, "rows": plain, "run": record})


def write_grids(output: Path, truth, gaps, completed, results) -> None:
    """The first pictures under each family, and the best and worst of the model by ``psnr_hole``, ties by index."""
    families, model = list(gaps), next(iter(completed))

    def sheet(cases):
        pick = [(family, i) for family, i in cases]
        columns = {"damaged": np.stack([np.where(gaps[f][i] > 0, 0, truth[i]) for f, i in pick])}
        for method, answer in completed.items():
            blank = np.zeros_like(truth[0])
            columns[method] = np.stack(
                [blank if answer[f] is None else sheets.from_uint8(answer[f][i]) for f, i in pick]
            )
        columns["truth"] = np.stack([truth[i] for _, i in pick])
        return sheets.contact_sheet(columns, row_labels=[f for f, _ in pick])

    score = {r["holes"]: r["psnr_hole"] for r in results if r["method"] == model and r["psnr_hole"] is not None}
    ranked = sorted((float(s), f, i) for f, values in score.items() for i, s in enumerate(values) if np.isfinite(s))
    per_family = max(1, ROWS // len(families))
    sheets.save_png(output / "grid.png", sheet([(f, i) for f in families for i in range(min(per_family, len(truth)))]))
    if ranked:
        sheets.save_png(output / "worst.png", sheet([(f, i) for _, f, i in ranked[:ROWS]]))
        sheets.save_png(output / "best.png", sheet([(f, i) for _, f, i in ranked[::-1][:ROWS]]))
