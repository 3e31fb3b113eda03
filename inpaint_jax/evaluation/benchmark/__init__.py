"""``inpaint benchmark``: the speed of our functions, against the machine's limit and PyTorch."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
from tqdm import tqdm

from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.benchmark import (
    cases,
    descent_times,
    descents,
    measure,
    measurements,
    reading,
    scale,
    scale_page,
)
from inpaint_jax.evaluation.benchmark.ahead_of_time import compiled
from inpaint_jax.evaluation.benchmark.cases import Case
from inpaint_jax.evaluation.benchmark.measure import Program, Work
from inpaint_jax.evaluation.benchmark.rates import measured as measured_programs
from inpaint_jax.evaluation.benchmark.report import machine, text
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.record import run_record

CASES: dict[str, Callable[[Config, int], Case]] = {
    "latent": cases.latent,
    "dcgan": cases.training,
    "context_encoder": lambda config, batch: cases.training(context_encoder(), batch),
    "poisson": lambda config, batch: cases.poisson(batch),
    "input": cases.training,  # with the input pipeline, against one constant batch
}
BATCHES = {
    "latent": (64, 1),
    "dcgan": (64,),
    "context_encoder": (32,),
    "poisson": (64,),
    "input": (64,),
}
PRECISIONS = {"float32": "float32", "tf32": "tensorfloat32"}


def benchmark(
    names: Sequence[str],
    config: Config,
    *,
    batches: Sequence[int] = (),
    against: str | None = None,
    precision: str | None = None,
    rounds: int = 5,
    output: str | Path | None = None,
    spec: str = "",
    measured: Sequence[str | Path] = (),
    search: Mapping[str, Any] = MappingProxyType({}),
    ahead: Sequence[str | Path] = (),
) -> dict[str, Any]:
    """Measure speed, print a table, and write every round to a file.

    Args:
      names: keys of ``CASES``; empty: all. "scale" alone writes the page of ``scale_page`` and
        measures nothing. "programs" measures the programs of any config; further words select some
        of them. "compiled" compiles them for four devices that need not be present; the targets
        follow. "search" alone measures whole searches of a trained run, see ``descents``.
      config: config of a Yeh system, for "latent", "dcgan" and "input"; of any system for
        "programs" and "compiled"; of the reference for "search".
      batches: batch sizes for every case; empty: the defaults of each case.
      against: "torch": the same computation in PyTorch, in rounds that alternate with ours.
      precision: precision of float32 products on a GPU, "float32" or "tf32", and for "programs"
        also "bf16"; None: the default of the platform.
      rounds: number of measurements.
      output: JSON file to write; for "scale" the page.
      spec: the name of the config, for the files of "programs" and "compiled".
      measured: files of "programs", for "scale".
      search: further arguments of ``descents.compare``, for "search".
      ahead: files of "compiled", for "scale".

    Returns:
      The report: limits, results and the record of this machine.

    Raises:
      InputError: an unknown case, numbers below 1, or PyTorch missing.
    """
    if (measured or ahead) and list(names) != ["scale"]:
        raise InputError("--measured and --compiled are for inpaint benchmark scale")
    if list(names) == ["scale"]:
        return expected(output, measurements.read(measured), measurements.read_compiled(ahead))
    if names and names[0] == "compiled":
        return compiled(config, names[1:], spec=spec, output=output)
    if min(rounds, *batches, 1) < 1:
        raise InputError(f"--rounds and --batch must be at least 1, got {min(rounds, *batches)}")
    if list(names) == ["search"]:
        return searched(config, search, batches=batches, against=against, output=output)
    if names and names[0] == "programs":
        if against or len(batches) > 1:
            raise InputError("benchmark programs: no --against, and one --batch at a time")
        chosen = {"spec": spec, "precision": precision or "", "only": names[1:]}
        return measured_programs(
            config, **chosen, rounds=rounds, batch=next(iter(batches), None), output=output
        )
    if unknown := [name for name in names if name not in CASES]:
        known = f"{', '.join(CASES)}, search, scale, programs, compiled"
        raise InputError(f"unknown benchmark {unknown[0]!r}; known: {known}")
    if precision and precision not in PRECISIONS:
        raise InputError(f"--precision={precision} is for inpaint benchmark programs")
    opponent = pytorch() if against else None
    with jax.default_matmul_precision(PRECISIONS[precision]) if precision else nullcontext():
        limits = {"jax": measure.matrix_product(measure.SIDE)}
        versions = {}
        if opponent:
            versions = {"torch": opponent.prepare(precision)}
            limits["torch"] = opponent.matrix_product(measure.SIDE)
        wanted = [(name, batch) for name in names or CASES for batch in batches or BATCHES[name]]
        results = []
        with tqdm(wanted, desc="benchmark", unit="case", leave=False) as bar:
            for name, batch in bar:
                bar.set_description(f"{name}, batch {batch}")
                results.append(
                    run(name, CASES[name](config, batch), config, opponent, rounds=rounds)
                )
    record = run_record(config) | versions
    report = {
        "matrix_product_gflops": limits,
        "precision": precision,
        "results": results,
        "record": record,
    }
    print(text(report))
    if output:
        files.write_json(output, report)
    return report


def expected(
    output: str | Path | None,
    measured: Sequence[measurements.Measured],
    ahead: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Print the page of ``scale``, and write it as Markdown."""
    counted = list(scale.loads())
    page = scale_page.text(counted, measured, ahead)
    print(page)
    if output:
        files.write_text(output, page)
    return {"loads": [load._asdict() for load in counted]}


def searched(
    config: Config,
    search: Mapping[str, Any],
    *,
    batches: Sequence[int],
    against: str | None,
    output: str | Path | None,
) -> dict[str, Any]:
    """Measure searches until they reach the reference's final loss; print the table."""
    if len(batches) > 1:
        raise InputError("benchmark search: one --batch at a time")
    opponent = pytorch() if against else None
    versions = {"torch": opponent.prepare(None)} if opponent else {}
    [batch] = batches or [descents.BATCH]
    results = descents.compare(reference=config, batch=batch, opponent=opponent, **search)
    record = run_record(config) | versions
    report = {"search": {**search, "batch": batch}, "results": results, "record": record}
    print("\n".join((descent_times.text(results), machine(record))))
    if output:
        files.write_json(output, report)
    return report


def context_encoder() -> Config:
    """Load the released centre model, scored by the updated critic as in PyTorch."""
    released = "context_encoder:paper,published"
    return configuration.load(released, ["--config.stages.context_encoder.stale_critic=False"])


def pytorch() -> Any:
    """Import the module of the PyTorch cases.

    Raises:
      InputError: PyTorch is not installed.
    """
    try:
        from inpaint_jax.evaluation.benchmark import torch_cases
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise InputError("--against=torch needs PyTorch: pip install torch") from error
    return torch_cases


def run(name: str, case: Case, config: Config, opponent: Any, *, rounds: int) -> dict[str, Any]:
    """Measure one case and its opponents in alternating rounds."""
    others: dict[str, Work] = {}
    layout = batches = read = None
    if name == "input":
        fed = batches = cases.feed(config, case.batch)
        case = case._replace(inputs=(unlabelled(next(fed)),))
        program = Program(case)
        others["one constant batch"] = program.work(case)
        ours = Work(lambda: program(unlabelled(next(fed))), jax.block_until_ready)
    else:
        if opponent and name in opponent.CASES:
            others["torch"], layout = opponent.fastest(case)  # copies weights before we reuse them
        program = Program(case)
        ours = program.work(case)
    measured = measure.alternate({"ours": ours, **others}, rounds=rounds, title=name)
    per_iteration = {
        key: statistics.median(times) / case.iterations for key, times in measured.items()
    }
    rates = {key: case.batch / value for key, value in per_iteration.items()}
    if batches is not None:
        batches.close()
        constant = rates["one constant batch"]
        read = reading.rates(
            config,
            case.batch,
            lambda batch: program(unlabelled(batch))[1],
            rounds=rounds,
            constant=constant,
        )
    gflop = program.gflop / case.iterations
    return {
        "case": name,
        "batch": case.batch,
        "seconds": per_iteration,
        "images_per_second": rates,
        "ratio": {key: rates["ours"] / rates[key] for key in others},
        "gflop": gflop,
        "gflops": gflop / per_iteration["ours"],
        "compile_seconds": program.compile_seconds,
        "program_bytes": program.memory,
        "high_water_bytes": measure.high_water(),
        "torch_layout": layout,
        "reading": read,
        "iterations_per_call": case.iterations,
        "rounds_seconds_per_call": measured,
    }


def unlabelled(batch: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the images of a batch: some sources have labels, which the step does not read."""
    return {"image": batch["image"]}
