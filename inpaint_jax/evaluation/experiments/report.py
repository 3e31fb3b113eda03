"""The report of an experiment: tables with captions, and figures."""

from collections.abc import Mapping
from pathlib import Path

from inpaint_jax.data import files
from inpaint_jax.evaluation.experiments import Experiment, html, overview
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.figures import find
from inpaint_jax.evaluation.experiments.summary import Summaries
from inpaint_jax.evaluation.image_set import ImageSet


def write(
    workdir: Path,
    spec: str,
    experiment: Experiment,
    sets: Mapping[str, ImageSet],
    summaries: Summaries,
    baselines: Summaries,
) -> None:
    """Write ``report.md``, ``report.html``, ``report.json`` and the figures; print the tables.

    Args:
      workdir: folder of the experiment.
      spec: spec of the experiment.
      experiment: arms, tables and figures.
      sets: the images by split.
      summaries: summary of every arm; None: not measured yet.
      baselines: summaries of every baseline; None: not measured yet.
    """
    context = Context(workdir, experiment.holes, sets, summaries, baselines)
    tables = [
        table
        for part in (*experiment.tables, *experiment.comparisons)
        for table in part.render(context)
    ]
    tables += overview.render(experiment, context)
    drawn = [file for figure in map(find, experiment.figures) for file in figure.draw(context)]
    parts = [f"# {spec}", *(f"## {title}\n\n{text}\n\n{source}" for title, text, source in tables)]
    parts += [f"## {title}\n\n![{title}]({file})" for title, file in drawn]
    files.write_text(workdir / "report.md", "\n\n".join(parts) + "\n")
    html.write_page(workdir / "report.html", "\n\n".join(parts), title=spec)
    record = {
        "experiment": spec,
        "tables": [
            {"title": title, "markdown": text, "caption": source} for title, text, source in tables
        ],
        "arms": summaries,
        "baselines": baselines,
    }
    files.write_json(workdir / "report.json", record)
    shown = [f"{title}\n\n{text}" for title, text, _ in tables]
    shown.append(f"look at {workdir}/: {', '.join(['report.html', *(file for _, file in drawn)])}")
    print("".join(f"\n{text}\n" for text in shown), flush=True)  # one write: others print too
