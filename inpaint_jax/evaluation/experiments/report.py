"""What an experiment tells: published numbers and ours in tables, each with what identifies it, and the figures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from inpaint_jax.data import files
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.experiments import SPLITS, Experiment, Table, figures, measurements
from inpaint_jax.evaluation.experiments.comparisons import comparison_table, difference_table
from inpaint_jax.evaluation.experiments.figures import titled
from inpaint_jax.evaluation.experiments.summary import Summaries, score
from inpaint_jax.evaluation.picture_set import PictureSet
from inpaint_jax.evaluation.report import machine, protocols

PLUS_MINUS = "± is the standard error over pictures of one pair of trainings, the deviation over pairs of several"


def write(
    workdir: Path,
    spec: str,
    experiment: Experiment,
    sets: Mapping[str, PictureSet],
    summaries: Summaries,
    baselines: Summaries,
) -> None:
    """Writes ``report.md``, ``report.json`` and the figures; prints the tables, and what to look at.

    Args:
      workdir: of the experiment.
      spec: of the experiment.
      experiment: what is to be shown.
      sets: the pictures, by split.
      summaries: of every arm; None: not there yet.
      baselines: likewise.
    """
    told = list(all_tables(workdir, experiment, sets, summaries, baselines))
    drawn = list(figures.draw(workdir, experiment, sets["test"], summaries, baselines))
    parts = [f"# {spec}", *(f"## {title}\n\n{text}\n\n{source}" for title, text, source in told)]
    parts += [f"## {title}\n\n![{title}]({file})" for title, file in drawn]
    files.write_text(workdir / "report.md", "\n\n".join(parts) + "\n")
    record = {
        "experiment": spec,
        "tables": [{"title": title, "markdown": text, "caption": source} for title, text, source in told],
        "arms": summaries,
        "baselines": baselines,
    }
    files.write_json(workdir / "report.json", record)
    for title, text, _ in told:
        print(f"\n{title}\n\n{text}")
    print(f"\nlook at {workdir}/: {', '.join(['report.md', *(file for _, file in drawn)])}")


def all_tables(
    workdir: Path,
    experiment: Experiment,
    sets: Mapping[str, PictureSet],
    summaries: Summaries,
    baselines: Summaries,
) -> Iterator[tuple[str, str, str]]:
    """The paper's tables, the baselines', the gap between training and test pictures, the effort.

    Yields:
      ``(title, Markdown, caption)``.
    """
    shown = list(dict.fromkeys(metric for _, _, metric in measurements(experiment))) or ["psnr_hole"]
    its_holes = [table.holes or experiment.holes for table in experiment.tables]
    for family in experiment.holes:
        for table, families in zip(experiment.tables, its_holes, strict=True):
            if family not in families:
                continue
            its = {row.arm: summaries[row.arm] for row in table.rows if row.arm is not None}
            used = {split: sets[split] for split, _ in table.measured}
            names = list(dict.fromkeys(metric for _, metric in table.measured))
            text = paper_table(table, family, summaries)
            yield titled(table.title, family, families), text, caption(used, [family], names, its)
        if its_holes and not any(family in families for families in its_holes):
            continue
        if baselines:
            text, used = baseline_table(shown, family, baselines), {"test": sets["test"]}
            yield titled("Baselines", family, experiment.holes), text, caption(used, [family], shown, baselines)
        if "train" in sets:
            text, title = gap_table(shown, family, summaries), "Training and test pictures"
            yield titled(title, family, experiment.holes), text, caption(sets, [family], shown, summaries)
    known = {**baselines, **summaries}
    folders = {arm: workdir / arm for arm in summaries} | {name: workdir / "baselines" / name for name in baselines}
    for comparison in experiment.comparisons:
        families = comparison.holes or experiment.holes
        its = {arm: known[arm] for arms in comparison.rows.values() for arm in arms}
        text, used = comparison_table(comparison, families, known), {"test": sets["test"]}
        source = caption(used, families, [comparison.metric], its)
        yield comparison.title, text, source
        if comparison.paired is not None:
            text = difference_table(comparison, families, known, folders, sets["test"])
            yield f"{comparison.title}, difference to {comparison.paired!r}", text, f"{PLUS_MINUS}; {source}"
    if text := validation_table(summaries):
        yield "Stages, as they were last validated", text, "On data.validation where it is given, or as the stage says."
    yield "Effort", effort_table(experiment, summaries), "Seconds of training are summed over interruptions."


def paper_table(table: Table, family: str, summaries: Summaries) -> str:
    """A table of the paper, its published numbers beside ours."""
    rows = []
    for row in table.rows:
        its = summaries[row.arm] if row.arm is not None else None
        cells = [tables.cell(score(its, split, family, metric)) for split, metric in table.measured]
        rows.append([*row.labels, *row.published, *cells])
    return tables.markdown([*table.header, *(f"{metric} {split}" for split, metric in table.measured)], rows)


def baseline_table(shown: Sequence[str], family: str, baselines: Summaries) -> str:
    """The baselines on the test pictures."""
    rows = [
        [name, *(tables.cell(score(its, "test", family, metric)) for metric in shown)]
        for name, its in baselines.items()
    ]
    return tables.markdown(["baseline", *shown], rows)


def gap_table(shown: Sequence[str], family: str, summaries: Summaries) -> str:
    """Every arm on training and on test pictures, and how much they differ."""
    rows = []
    for name, summary in summaries.items():
        cells = [name]
        for metric in shown:
            seen, unseen = (score(summary, split, family, metric) for split in SPLITS)
            gap = "–"
            if seen and unseen and None not in (seen["mean"], unseen["mean"]):
                digits = 3 if abs(unseen["mean"]) < 1 else 2
                gap = f"{unseen['mean'] - seen['mean']:+.{digits}f}"
            cells += [tables.cell(seen), tables.cell(unseen), gap]
        rows.append(cells)
    return tables.markdown(["arm", *(f"{metric} {what}" for metric in shown for what in (*SPLITS, "gap"))], rows)


def validation_table(summaries: Summaries) -> str:
    """What was last measured of the stages while they were trained; empty where nothing was."""
    rows = [
        [arm, stage, metric, f"{value:.4g}"]
        for arm, summary in summaries.items()
        for stage, its in ((summary or {}).get("validated") or {}).items()
        for metric, value in its.items()
    ]
    return tables.markdown(["arm", "stage", "metric", "mean"], rows) if rows else ""


def effort_table(experiment: Experiment, summaries: Summaries) -> str:
    """Config, parameters and seconds of every arm."""
    rows = []
    for name, arm in experiment.arms.items():
        cells = ["–"] * 4
        if summary := summaries[name]:
            networks = [f"{net} {count:,}" for nets in summary["parameters"].values() for net, count in nets.items()]
            trained = sum(seconds or 0 for seconds in summary["training_seconds"].values())
            answers = [its for families in summary["measured"].values() for its in families.values() if its]
            completed = sum(its["seconds"] for its in answers)
            cells = [summary["run"]["config_hash"], ", ".join(networks), f"{trained:.0f} s", f"{completed:.0f} s"]
        changes = [override.removeprefix("--config.") for override in arm.overrides]
        rows.append([name, " ".join((arm.config, *changes)), *cells])
    return tables.markdown(["arm", "config", "hash", "parameters", "training", "completing"], rows)


def caption(sets: Mapping[str, PictureSet], families: Sequence[str], names: Sequence[str], summaries: Summaries) -> str:
    """What identifies the numbers of a table: pictures, holes, configs, commit, hardware, date, protocols."""
    pictures = [f"{len(its.names)} {split} pictures of {', '.join(its.sources)}" for split, its in sets.items()]
    holes = [
        f"{family} {', '.join(f'{its.hashes[family]} ({split})' for split, its in sets.items())}" for family in families
    ]
    seed = next(iter(sets.values())).seed
    there = {name: summary["run"] for name, summary in summaries.items() if summary}
    missing = [name for name in summaries if name not in there]
    return "; ".join(
        [
            *pictures,
            f"holes of seed {seed}: {', '.join(holes)}",
            *provenance(there),
            *([f"not there yet: {', '.join(missing)}"] if missing else []),
            protocols(names),
        ]
    )


def provenance(runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Configs, commits, machines and dates of run records by name; a baseline's has no config."""
    if not runs:
        return []
    configs = ", ".join(f"{name} {run['config_hash']}" for name, run in runs.items() if "config_hash" in run)
    commits = ", ".join(dict.fromkeys(str(run["commit"]) for run in runs.values()))
    dates = sorted(run["date"] for run in runs.values())
    machines = dict.fromkeys(map(machine, runs.values()))
    span = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    return [*([f"configs {configs}"] if configs else []), f"commit {commits}", *machines, span]
