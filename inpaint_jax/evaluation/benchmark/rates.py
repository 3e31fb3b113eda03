"""``inpaint benchmark programs``: time every program of a config on this device.

The measurement uses one device, real images and the initial weights of the config.
"""

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from inpaint_jax.data import files
from inpaint_jax.errors import InputError, note
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.benchmark import measure
from inpaint_jax.evaluation.benchmark.arithmetic import multiply_adds
from inpaint_jax.evaluation.benchmark.cases import centre, load_facades
from inpaint_jax.evaluation.benchmark.limits import published
from inpaint_jax.evaluation.benchmark.programs import Program, Source, programs
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.record import run_record

SIDES = {"cpu": 2048}  # side of the matrix product, by platform
SIDE = 8192
WARM = 3  # warm-up calls
ROUNDS = 10  # minimum number of rounds
ROUND = 0.1  # seconds per round of asynchronous calls
HEADER = (
    "program",
    "B",
    "ms",
    "ms, waiting",
    "images/s",
    "TFLOP/s",
    "of published",
    "of product",
    "compile s",
    "MiB",
)


def measured(
    config: Config,
    *,
    spec: str,
    precision: str = "",
    only: Sequence[str] = (),
    rounds: int = ROUNDS,
    batch: int | None = None,
    output: str | Path | None = None,
) -> dict[str, Any]:
    """Measure programs of a config, print a table, and write a JSON file.

    The file is written after every program, so that an interrupted measurement keeps its results.

    Args:
      config: config of any system.
      spec: spec of the config, for the file.
      precision: precision of the networks, see ``config.precision``; "": as in the config.
      only: words, one of which must occur in the name of a program; empty: all programs.
      rounds: number of rounds, at least ``ROUNDS``.
      batch: images per call; None: the batch size of each stage, and ``slots``.
      output: the JSON file.

    Returns:
      The report: the device, the rate of matrix products, and a result for every program.

    Raises:
      InputError: no program has such a name.
    """
    config = config.copy_and_resolve_references()
    if precision:
        configuration.override(config, [f"--config.precision={precision}"])
    precision = config.get("precision", "")
    device, rounds = jax.local_devices()[0], max(rounds, ROUNDS)
    side = SIDES.get(device.platform, SIDE)
    product = 1e9 * measure.matrix_product(side, precision)
    report = {
        "device": device.device_kind,
        "platform": device.platform,
        "precision": precision,
        "published_flops": published(device.device_kind, precision),
        "matrix_product": {"side": side, "flops": product},
        "programs": [],
        "record": run_record(config),
    }
    names = []
    for program in programs(
        config, images=batch, completing=batch or config.get("slots", 64), source=REAL
    ):
        names.append(program.name)
        if only and not any(word in program.name for word in only):
            continue
        try:
            found = rate(program, rounds)
        except (
            jax.errors.JaxRuntimeError
        ) as error:  # the device has too little memory for this program
            note(f"{program.name}: {str(error).splitlines()[0]}")
            continue
        report["programs"].append({"config": spec, "precision": precision, **found})
        report["high_water_bytes"] = measure.high_water()
        if output:
            files.write_json(output, report)
    if not report["programs"]:
        raise InputError(f"no program was measured; the programs of {spec} are: {', '.join(names)}")
    print(text(report))
    return report


def rate(program: Program, rounds: int) -> dict[str, Any]:
    """Measure a program: asynchronous calls, as in training, and synchronous calls."""
    began, carried = time.perf_counter(), program.carried
    donated = () if carried is None else carried
    traced = jax.jit(program.function, donate_argnums=donated).trace(*program.arguments)
    compiled = traced.lower().compile()
    compile_seconds = time.perf_counter() - began
    arguments = list(program.arguments)
    kept = None if carried is None else arguments[carried]
    if carried is not None:
        arguments[carried] = copied(kept)

    def call() -> Any:
        outputs = compiled(*arguments)
        if carried is not None:
            arguments[carried] = outputs[0] if program.name.startswith("step") else outputs
        return outputs

    work = measure.Work(call, jax.block_until_ready)
    before = iterations_done(arguments, carried)
    work.wait(work.start())
    iterations = iterations_done(arguments, carried) - before or 1
    single = measure.seconds(work, 1, warm=WARM - 1)
    in_a_row, waiting = [], []
    calls = max(1, math.ceil(ROUND / single))
    for _ in tqdm(range(rounds), desc=program.name, unit="round", leave=False):
        if (
            carried is not None
            and program.name == "search"
            and bool(np.all(arguments[carried].done))
        ):
            arguments[carried] = copied(kept)
        waiting.append(measure.seconds(work, 1))
        in_a_row.append(measure.seconds(work, calls) if calls > 1 else waiting[-1])
    flop = 2 * multiply_adds(traced.jaxpr)
    return {
        "program": program.name,
        "batch": program.images,
        "iterations_per_call": iterations,
        "seconds": statistics.median(in_a_row) / iterations,
        "seconds_waiting": statistics.median(waiting) / iterations,
        "flop": flop / iterations,
        "compile_seconds": compile_seconds,
        "program_bytes": measure.memory_of(compiled),
        "calls_per_round": calls,
        "rounds_seconds_per_call": {"in a row": in_a_row, "waiting": waiting},
    }


def iterations_done(arguments: Sequence[Any], carried: int | None) -> int:
    """Return the mean iterations of the searches in a progress so far; 0 without a search."""

    def is_search(node: Any) -> bool:
        return hasattr(node, "evaluations") and hasattr(node, "best_latent")

    progress = () if carried is None else arguments[carried]
    searches = [node for node in jax.tree.leaves(progress, is_leaf=is_search) if is_search(node)]
    return round(sum(float(jnp.mean(search.step)) for search in searches))


def copied(tree: Any) -> Any:
    """Copy every array, so that a call may use the memory of the copy."""
    return jax.tree.map(jnp.copy, tree)


def real_batch(count: int, side: int) -> dict[str, Any]:
    """Load built-in images with centre holes and all other inputs of a stage on the device."""
    images = jnp.asarray(load_facades(count, side))
    hole = jnp.asarray(centre(images, side // 2))
    return {
        "image": images,
        "projection": images,
        "hole": hole,
        "label": jnp.zeros(count, jnp.int32),
    }


REAL = Source(drawn_state, real_batch, lambda function, *arguments: jax.jit(function)(*arguments))


def text(report: dict[str, Any]) -> str:
    """Format the report for a terminal."""
    product, record = report["matrix_product"], report["record"]
    peak, limit = report["high_water_bytes"].get("device"), report["published_flops"]
    versions = ", ".join(f"{name} {record['versions'][name]}" for name in ("jax", "jaxlib"))
    lines = [
        tables.markdown(HEADER, list(rows(report))),
        "",
        "ms: of one training step, search iteration or completion of B images, median; calls "
        "follow each other as in training, or are waited for one by one.",
        f"Products of {product['side']} x {product['side']} matrices: "
        f"{product['flops'] / 1e12:.3g} TFLOP/s"
        + (f"; published: {limit / 1e12:.3g}" if limit else "")
        + f"; precision: {report['precision'] or 'the default'}.",
        f"One {report['device']}; {versions}; {record['commit']}; {record['date']}"
        + (f"; most memory of the device: {peak / 2**20:.0f} MiB" if peak else ""),
    ]
    return "\n".join(lines)


def rows(report: dict[str, Any]) -> Iterator[list[str]]:
    """Format the lines of the table."""
    limit, product = report["published_flops"], report["matrix_product"]["flops"]
    for found in report["programs"]:
        seconds, size = found["seconds"], found["program_bytes"]
        flops = found["flop"] / seconds
        yield [
            found["program"],
            str(found["batch"]),
            f"{1e3 * seconds:.3g}",
            f"{1e3 * found['seconds_waiting']:.3g}",
            f"{found['batch'] / seconds:,.0f}",
            f"{flops / 1e12:.3g}",
            f"{flops / limit:.0%}" if limit else "–",
            f"{flops / product:.0%}",
            f"{found['compile_seconds']:.1f}",
            f"{size / 2**20:.0f}" if size else "–",
        ]
