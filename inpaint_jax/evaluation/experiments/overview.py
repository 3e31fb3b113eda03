"""Tables of every experiment: baselines, training against test images, validation, effort."""

from collections.abc import Iterator, Sequence

from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.experiments import Experiment
from inpaint_jax.evaluation.experiments.captions import caption
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.summary import Summaries
from inpaint_jax.evaluation.experiments.titles import with_family


def render(experiment: Experiment, context: Context) -> Iterator[tuple[str, str, str]]:
    """Render the tables that every experiment has, with all metrics of the experiment.

    Baselines and training images appear under the families of the paper's tables, or under all
    families if there are no tables.

    Yields:
      ``(title, Markdown, caption)``.
    """
    shown = [metric for part in experiment.parts() for _, metric in part.metrics()]
    metrics = list(dict.fromkeys(shown)) or ["psnr_hole"]
    of_tables = {
        family for table in experiment.tables for family in table.holes or experiment.holes
    }
    families = [
        family for family in experiment.holes if family in of_tables or not experiment.tables
    ]
    for family in families if context.baselines else ():
        title = with_family("Baselines", family, experiment.holes)
        source = caption(context, context.baselines, [family], metrics)
        yield title, baseline_table(context, family, metrics), source
    for family in families if "train" in context.sets else ():
        title = with_family("Training and test images", family, experiment.holes)
        source = caption(context, context.summaries, [family], metrics, splits=list(context.sets))
        yield title, gap_table(context, family, metrics), source
    if text := validation_table(context.summaries):
        yield (
            "Latest validation of the stages",
            text,
            "On data.validation if given, otherwise as defined by the stage.",
        )
    yield (
        "Effort",
        effort_table(experiment, context),
        "Training seconds are summed over interruptions.",
    )


def baseline_table(context: Context, family: str, metrics: Sequence[str]) -> str:
    """Tabulate the baselines on the test images."""
    rows = [
        [name, *(tables.cell(context.score(name, family, metric)) for metric in metrics)]
        for name in context.baselines
    ]
    return tables.markdown(["baseline", *metrics], rows)


def gap_table(context: Context, family: str, metrics: Sequence[str]) -> str:
    """Tabulate every arm on training and test images, with the difference."""
    rows = []
    for arm in context.summaries:
        cells = [arm]
        for metric in metrics:
            seen, unseen = (
                context.score(arm, family, metric, split=split) for split in ("train", "test")
            )
            gap = "–"
            if seen and unseen and None not in (seen["mean"], unseen["mean"]):
                digits = 3 if abs(unseen["mean"]) < 1 else 2
                gap = f"{unseen['mean'] - seen['mean']:+.{digits}f}"
            cells += [tables.cell(seen), tables.cell(unseen), gap]
        rows.append(cells)
    header = [f"{metric} {what}" for metric in metrics for what in ("train", "test", "gap")]
    return tables.markdown(["arm", *header], rows)


def validation_table(summaries: Summaries) -> str:
    """Tabulate the last validation metrics of every stage; empty if there are none."""
    rows = [
        [arm, stage, metric, f"{value:.4g}"]
        for arm, summary in summaries.items()
        for stage, metrics in ((summary or {}).get("validated") or {}).items()
        for metric, value in metrics.items()
    ]
    return tables.markdown(["arm", "stage", "metric", "mean"], rows) if rows else ""


def effort_table(experiment: Experiment, context: Context) -> str:
    """Tabulate config, parameters and seconds of every arm."""
    rows = []
    for name, arm in experiment.arms.items():
        cells = ["–"] * 4
        if summary := context.summary(name):
            networks = [
                f"{net} {count:,}"
                for nets in summary["parameters"].values()
                for net, count in nets.items()
            ]
            trained = sum(seconds or 0 for seconds in summary["training_seconds"].values())
            answers = [
                answer
                for families in summary["measured"].values()
                for answer in families.values()
                if answer
            ]
            completed = sum(answer["seconds"] for answer in answers)
            cells = [
                summary["run"]["config_hash"],
                ", ".join(networks),
                f"{trained:.0f} s",
                f"{completed:.0f} s",
            ]
        changes = [override.removeprefix("--config.") for override in arm.overrides]
        rows.append([name, " ".join((arm.config, *changes)), *cells])
    return tables.markdown(["arm", "config", "hash", "parameters", "training", "completing"], rows)
