"""Progress report of a training stage: bar, log lines, images, and curves at the end."""

import time
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from clu import parameter_overview
from tqdm import tqdm

from inpaint_jax.data import files
from inpaint_jax.runs import metric_log, plots
from inpaint_jax.runs.training import writers
from inpaint_jax.runs.workdir import StageFolder


class TrainingReport:
    """Progress report of a training stage: bar, log lines, images, and curves at the end."""

    def __init__(self, folder: StageFolder, name: str, *, start: int, steps: int):
        self.folder, self.log = folder, writers.create(folder.path, start_step=start)
        self.bar = tqdm(
            total=steps, initial=start, desc=name, unit="step", disable=jax.process_index() > 0
        )
        self.recent: list[dict[str, jax.Array]] = []  # since the last log line, on the device
        self.since = time.perf_counter()

    def __enter__(self) -> "TrainingReport":
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.bar.close()
        self.log.close()
        if kind is None and jax.process_index() == 0:
            plots.plot_metrics(
                self.folder.path / "metrics.png", metric_log.read(self.folder.metrics)
            )

    def overview(self, state) -> None:
        """Write ``parameters.txt``: every array of every network, with shape and size."""
        networks = {name: network.params for name, network in state.networks.items()}
        files.write_text(
            self.folder.path / "parameters.txt", parameter_overview.get_parameter_overview(networks)
        )

    def note(self, metrics: dict[str, jax.Array]) -> None:
        """Note that a step was taken.

        Waits for the previous step: bar and stop stay accurate, and the device is never idle.
        """
        self.recent.append(metrics)
        jax.block_until_ready(self.recent[-2:][0])
        self.bar.update()

    def means(self) -> dict[str, float]:
        """Return the means since the last log line, fetched from the device at once."""
        fetched = jax.device_get(self.recent)
        return {name: float(np.mean([metrics[name] for metrics in fetched])) for name in fetched[0]}

    def write_line(self, number: int) -> None:
        """Write the means since the last log line, and the rate."""
        means, now = self.means(), time.perf_counter()
        self.bar.set_postfix({name: f"{value:.3g}" for name, value in means.items()})
        self.log.write_scalars(
            number, {**means, "steps_per_second": len(self.recent) / (now - self.since)}
        )
        self.log.flush()
        self.recent, self.since = [], now

    def write_weighted(self, number: int, losses: Mapping[str, Any]) -> None:
        """Log each term's contribution to the objective, mean times weight: ``weighted_<term>``.

        Args:
          number: number of the step.
          losses: losses of the stage's config, ``{term: {"weight", ...}}``; none if the stage has
            no such section.
        """
        means = self.means()
        sizes = {
            f"weighted_{term}": means[term] * settings["weight"]
            for term, settings in losses.items()
            if term in means
        }
        if sizes:
            self.log.write_scalars(number, sizes)

    def write_validation(self, number: int, scores: Mapping[str, Any], images: jax.Array) -> None:
        """Write the means of a stage's validation, and its images."""
        if scores:
            self.log.write_scalars(
                number, {f"validation_{n}": float(np.mean(s)) for n, s in scores.items()}
            )
        self.log.write_images(number, {"samples": np.asarray(images)})
