"""``inpaint evaluate``: whole pictures under frozen holes, a system and its baselines, measured side by side.

Several searches of one trained system are methods like any other; how fast their losses fell is compared as well.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import configuration, files, masks, metrics, search_speed, sheets, tables
from inpaint_jax.completion import Driver, Task, stacked
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


class Answer(NamedTuple):
    """What a method made of every picture under the holes of one family."""

    images: np.ndarray  # uint8 [N, H, W, C]
    seconds: float
    totals: np.ndarray  # [N, T], the search's loss per iteration, NaN after an early finish; T = 0: no search
    evaluations: np.ndarray  # [N, T], evaluations of it until then


def evaluate(
    model: Model,
    images: Sequence[str],
    holes: Sequence[str],
    against: Sequence[str],
    output: str | Path,
    *,
    searches: Mapping[str, Model] | None = None,
    seed: int = 0,
    slots: int | None = None,
) -> int:
    """Completes every picture under every hole family with every method, and writes the table and the grids.

    Completions are kept in ``output/completions``, so that an interrupted evaluation goes on with the next family.

    Args:
      model: a trained system.
      images: source specs of whole pictures.
      holes: families; each picture gets one hole of each.
      against: baselines by name, "floors", "opencv" or "none".
      output: for ``table.md``, ``table.json``, ``grid.png``, ``best.png``, ``worst.png``, and, of several searches,
        ``search.md`` and ``search.png``.
      searches: the model under several searches, by name, in place of its own; the first is what the others are
        compared to.
      seed: of the holes and latents.
      slots: pictures at once, as ``completion.Driver`` takes them; default the config's.

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
    searches = searches or {model.config.system: model}
    answers: dict[str, dict[str, Answer | None]] = {}
    with interruption() as stop:
        for method, driver, fingerprint in methods(searches, against, slots=slots):
            answers[method] = {}
            for family, gap in gaps.items():
                identity = {"method": fingerprint, "pictures": names, "holes": hashes[family], "seed": seed}
                file = output / "completions" / f"{method}-{family}-{configuration.fingerprint(identity)}.npz"
                if any(driver.system.supports(hole) for hole in gap):
                    answers[method][family] = None
                    continue
                if not file.is_file():
                    answer = run(driver, names, truth, gap, seed=seed, stop=stop, title=f"{method}, {family}")
                    if stop.signal:
                        print(f"stopped during {method}; the same command goes on from there", file=sys.stderr)
                        return 128 + stop.signal
                    files.write_arrays(file, {name: np.asarray(part) for name, part in answer._asdict().items()})
                answers[method][family] = Answer(**np.load(file))
    results = [
        {"holes": family, "holes_hash": hashes[family], "method": method, "seconds": answer and float(answer.seconds)}
        | measure(truth, answer and answer.images, gaps[family])
        for family in holes
        for method in answers
        for answer in [answers[method][family]]
    ]
    source_line = caption(searches, images, len(names), hashes)
    write_table(output, searches, images, len(names), results, source_line)
    write_grids(output, truth, gaps, answers, results)
    if len(comparable := same_loss(searches)) > 1:
        write_search_speed(output, {method: answers[method] for method in comparable}, source_line)
    print(f"look at {output}/grid.png, best.png and worst.png")
    return 0


def baseline_names(against: Sequence[str]) -> list[str]:
    """Groups written out; refuses a baseline that is unknown, or needs what is not installed, before any work."""
    names = [name for word in against for name in GROUPS.get(word, (word,))]
    for name in names:
        resolve(name, baselines.BASELINES, kind="baseline")()
    return names


def methods(
    searches: Mapping[str, Model], against: Sequence[str], *, slots: int | None
) -> Iterator[tuple[str, Driver, list[Any]]]:
    """The model's searches, then its baselines: ``(name, driver, what identifies its answers)``."""
    for name, model in searches.items():
        steps = {name: int(state.step) for name, state in model.states.items()}
        many = slots or model.config.search.slots
        yield (
            name,
            Driver(model.system, model.states, slots=many),
            [configuration.fingerprint(model.config), steps, many],
        )
    model = next(iter(searches.values()))
    for baseline in against:
        system, states = baselines.ready(baseline, gallery(model))
        driver = Driver(system, states, slots=slots or model.config.search.slots)
        yield baseline, driver, [baseline, model.config.data.train]


def gallery(model: Model) -> Iterator[dict[str, np.ndarray]]:
    """The first training pictures, for a baseline that looks at some."""
    data = model.config.data
    source = open_source(data.train.split(","), size=data.size, fit=data.fit)
    yield from examples(source, size=data.size, batch=BATCH, indices=range(min(GALLERY, len(source))))


def run(driver: Driver, names, truth, gap, *, seed, stop, title) -> Answer:
    """All pictures under one family."""
    images = np.empty(truth.shape, np.uint8)
    traces: list[dict[str, np.ndarray]] = [{}] * len(names)
    rows = {name: i for i, name in enumerate(names)}
    tasks = (Task(name, truth[i], gap[i]) for name, i in rows.items())
    began = time.perf_counter()
    with tqdm(total=len(names), desc=title, unit="image") as bar:
        for result in driver.run(tasks, seed=seed, stop=stop, on_chunk=lambda count: bar.set_postfix(chunk=count)):
            i = rows[result.task.id]
            images[i], traces[i] = sheets.to_uint8(result.images[0]), result.traces
            bar.update()
    return Answer(
        images,
        time.perf_counter() - began,
        *(stacked([trace.get(name, np.zeros(0)) for trace in traces]) for name in ("total", "evaluations")),
    )


def measure(truth: np.ndarray, answer: np.ndarray | None, gap: np.ndarray) -> dict[str, Any]:
    """Every metric per picture, ``{name: [N] or None}``; answers are uint8, so the truth is quantised too."""
    if answer is None:
        return dict.fromkeys(COLUMNS)
    parts = []
    for i in range(0, len(truth), BATCH):
        rows = slice(i, i + BATCH)
        parts.append(metrics.all_metrics(sheets.from_uint8(answer[rows]), truth[rows], gap[rows]))
    return {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in COLUMNS}


def caption(searches: Mapping[str, Model], images, count: int, hashes: Mapping[str, str]) -> str:
    """What identifies every number of an evaluation."""
    records = {name: run_record(model.config) for name, model in searches.items()}
    record = next(iter(records.values()))
    configs = ", ".join(f"{name} config {its['config_hash']}" for name, its in records.items())
    sets = ", ".join(f"{family} {digest}" for family, digest in hashes.items())
    return (
        f"{count} pictures of {', '.join(images)}; {configs}, commit {record['commit']}; "
        f"{record['hardware']['processor']}, {record['hardware']['cores']} cores; {record['date']}. Hole sets: {sets}."
    )


def write_table(output: Path, searches: Mapping[str, Model], images, count: int, results, source: str) -> None:
    """The table on the terminal, in ``table.md`` and, with everything that identifies it, in ``table.json``."""
    rows = [
        [
            r["holes"],
            r["method"],
            *(tables.mean(r[name]) for name in COLUMNS),
            "–" if r["seconds"] is None else f"{r['seconds']:.0f} s",
        ]
        for r in results
    ]
    text = tables.markdown(["holes", "method", *COLUMNS, "time"], rows)
    protocols = "; ".join(f"{name} = {metrics.PROTOCOLS[name]}" for name in COLUMNS)
    print(f"\n{text}\n")
    files.write_text(output / "table.md", f"{text}\n\n{source} {protocols}\n")
    table = {
        "images": list(images),
        "count": count,
        "rows": [{k: tables.summary(v) if k in COLUMNS else v for k, v in r.items()} for r in results],
        "run": run_record(next(iter(searches.values())).config),
        "searches": {name: configuration.to_plain(model.config) for name, model in searches.items()},
    }
    files.write_json(output / "table.json", table)


def same_loss(searches: Mapping[str, Model]) -> list[str]:
    """The searches that descend on the same function as the first: equal losses, seen in the same way."""

    def sight(model: Model):
        plain = configuration.to_plain(model.config)
        return plain["losses"], *(plain.get("search", {}).get(key) for key in ("window", "batch_norm"))

    first = sight(next(iter(searches.values())))
    return [name for name, model in searches.items() if "search" in model.config and sight(model) == first]


def write_search_speed(output: Path, answers: Mapping[str, Mapping[str, Answer | None]], source: str) -> None:
    """How many evaluations each search takes to where the first one ends: ``search.md`` and ``search.png``."""
    curves: dict[str, dict[str, search_speed.Curve]] = {}
    for method, families in answers.items():
        for family, answer in families.items():
            if answer is not None:
                curve = search_speed.Curve(answer.evaluations, answer.totals)
                curves.setdefault(family, {})[method] = curve
    text = search_speed.table(curves)
    print(f"{text}\n")
    files.write_text(output / "search.md", f"{text}\n\n{source}\n")
    search_speed.plot(output / "search.png", curves)


def write_grids(output: Path, truth, gaps, answers, results) -> None:
    """The first pictures under each family, and the best and worst of the model by ``psnr_hole``, ties by index."""
    families, model = list(gaps), next(iter(answers))

    def sheet(cases):
        pick = [(family, i) for family, i in cases]
        columns = {"damaged": np.stack([np.where(gaps[f][i] > 0, 0, truth[i]) for f, i in pick])}
        for method, answer in answers.items():
            blank = np.zeros_like(truth[0])
            columns[method] = np.stack(
                [blank if answer[f] is None else sheets.from_uint8(answer[f].images[i]) for f, i in pick]
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
