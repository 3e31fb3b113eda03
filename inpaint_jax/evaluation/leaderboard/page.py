"""A leaderboard as Markdown, JSON and a plot."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inpaint_jax.data import files
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.leaderboard.entries import Line
from inpaint_jax.evaluation.leaderboard.intervals import Interval
from inpaint_jax.runs import plots

TITLES = {
    "psnr_hole": "PSNR in the hole",
    "ssim_full": "SSIM",
    "lpips_alex": "LPIPS (AlexNet)",
    "kid_vgg16": "KID",
}
NOTE = (
    "In brackets: 95 % bootstrap intervals over the images, for one training of each method. "
    "Differences are paired over images. Seconds per image include the start of a method and its "
    "compilation."
)


def write(output: Path, lines: Sequence[Line], captions: Sequence[str], reference: str) -> None:
    """Write ``leaderboard.md``, ``leaderboard.json``, ``leaderboard.png``, and print the table."""
    text = table(lines, reference)
    print(f"\n{text}\n")
    source = "\n\n".join(captions)
    files.write_text(
        output / "leaderboard.md",
        f"{text}\n\n{NOTE}\n\n{source}\n\n![Quality against time](leaderboard.png)\n",
    )
    files.write_json(
        output / "leaderboard.json",
        {"lines": [plain(line) for line in lines], "captions": captions},
    )
    plots.plot_points(
        output / "leaderboard.png", points(lines), x="seconds per image", y=TITLES["psnr_hole"]
    )
    print(f"look at {output}/leaderboard.md and leaderboard.png")


def table(lines: Sequence[Line], reference: str) -> str:
    """Format the Markdown table, with a column for every metric in the lines."""
    metrics = list(dict.fromkeys(metric for line in lines for metric in line.scores))
    of_sets = list(dict.fromkeys(metric for line in lines for metric in line.set_scores))
    titles = [TITLES.get(metric, metric) for metric in (*metrics, *of_sets)]
    header = ["images", "holes", "method", titles[0], f"above {reference}", *titles[1:]]
    rows = []
    for line in lines:
        scores = [shown(line.scores.get(metric)) for metric in metrics]
        others = [tables.mean(line.set_scores.get(metric)) for metric in of_sets]
        cost = [count(line.entry.parameters), duration(line.entry.minutes), seconds(line.seconds)]
        above = "–" if line.above is None else shown(line.above, sign="+")
        rows.append(
            [
                line.images,
                line.holes,
                line.entry.name,
                scores[0],
                above,
                *scores[1:],
                *others,
                *cost,
            ]
        )
    return tables.markdown([*header, "parameters", "training", "s per image"], rows)


def points(lines: Sequence[Line]) -> dict[str, dict[str, tuple[float, float]]]:
    """Collect quality against time, ``{panel: {method: (seconds, PSNR)}}``, per set and family."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for line in lines:
        if line.seconds is not None:
            panel = found.setdefault(f"{line.images}, {line.holes}", {})
            panel[line.entry.name] = (max(line.seconds, 1e-4), line.scores["psnr_hole"].mean)
    return found


def plain(line: Line) -> dict[str, Any]:
    """Convert a line to JSON values; numbers that are not finite become None."""
    return {
        "images": line.images,
        "holes": line.holes,
        "method": line.entry.name,
        "scores": {metric: ends(interval) for metric, interval in line.scores.items()},
        "set_scores": {metric: tables.summary(score) for metric, score in line.set_scores.items()},
        "above_reference": line.above and ends(line.above),
        "parameters": line.entry.parameters,
        "training_minutes": line.entry.minutes,
        "seconds_per_image": line.seconds,
    }


def ends(interval: Interval) -> dict[str, float | None]:
    """Convert an interval to JSON values."""
    return {
        name: value if math.isfinite(value) else None for name, value in interval._asdict().items()
    }


def shown(interval: Interval | None, *, sign: str = "") -> str:
    """Format an interval as ``17.70 [17.21, 18.22]``; a dash if the metric was not measured."""
    if interval is None or math.isnan(interval.mean):
        return "–"
    digits = 3 if abs(interval.mean) < 1 and not sign else 2
    mean, low, high = (f"{end:{sign}.{digits}f}" for end in interval)
    return mean if math.isnan(interval.low) else f"{mean} [{low}, {high}]"


def count(parameters: int | None) -> str:
    """Format a number of parameters as ``1.2 M``."""
    if parameters is None:
        return "–"
    return f"{parameters / 1e6:.1f} M" if parameters >= 1e5 else f"{parameters:,}"


def duration(minutes: float | None) -> str:
    """Format a duration as ``12 min``."""
    return "–" if minutes is None else f"{minutes:.0f} min" if minutes >= 1 else "< 1 min"


def seconds(per_image: float | None) -> str:
    """Format seconds with two significant digits."""
    return "–" if per_image is None else f"{per_image:.2g}"
