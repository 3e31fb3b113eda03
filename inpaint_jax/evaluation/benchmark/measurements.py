"""Read files of ``inpaint benchmark programs`` for the page of expected rates."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax.data.files import read_bytes
from inpaint_jax.data.json_files import parse
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.benchmark.limits import DEFAULT

SAME = 0.05  # relative difference of operation counts up to which programs are the same


class Measured(NamedTuple):
    """One program on one device.

    Attributes:
      config: spec on the command line, "yeh:paper".
      program: name, "step of dcgan".
      batch: images per call.
      precision: "bf16", "tf32" or "float32".
      seconds: duration of a training step, search iteration or completion.
      flop: operations of the same.
      published: FLOP/s of the device; None: unknown.
      product: FLOP/s of a large matrix product on the device.
      bytes: memory of the program; None: unknown.
      device: name of the device in JAX.
      source: versions, commit and date.
    """

    config: str
    program: str
    batch: int
    precision: str
    seconds: float
    flop: float
    published: float | None
    product: float
    bytes: int | None
    device: str
    source: str

    def is_of(self, config: str, program: str, batch: int, flop: float) -> bool:
        """Return True for a program of the same name, batch and number of operations."""
        same = (self.config, self.program, self.batch) == (config, program, batch)
        return same and abs(self.flop - flop) <= SAME * flop


def read(paths: Sequence[str | Path]) -> list[Measured]:
    """Read files that ``inpaint benchmark programs --output=FILE`` wrote.

    Raises:
      InputError: no such file, or one of something else.
    """
    return [found for path in paths for found in _read(path)]


def read_compiled(paths: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Read files that ``inpaint benchmark compiled --output=FILE`` wrote.

    Raises:
      InputError: no such file, or one of something else.
    """
    reports: list[dict[str, Any]] = []
    for path in paths:
        try:
            report: Any = parse(read_bytes(path))
            if not (isinstance(report["compiled"], list) and report["record"]["versions"]["jax"]):
                raise ValueError("nothing compiled")
            reports.append(report)
        except (OSError, KeyError, TypeError, ValueError) as error:
            what = (
                error
                if isinstance(error, OSError)
                else "not written by inpaint benchmark compiled --output=FILE"
            )
            raise InputError(f"--compiled: {path}: {what}") from error
    return reports


def _read(path: str | Path) -> Iterator[Measured]:
    try:
        report: Any = parse(read_bytes(path))
        versions, record = report["record"]["versions"], report["record"]
        source = f"jax {versions['jax']}, commit {record['commit']}, {record['date'][:10]}"
        for found in report["programs"]:
            yield Measured(
                found["config"],
                found["program"],
                found["batch"],
                found["precision"] or ("float32" if report["platform"] == "cpu" else DEFAULT),
                found["seconds"],
                found["flop"],
                report["published_flops"],
                report["matrix_product"]["flops"],
                found["program_bytes"],
                report["device"],
                source,
            )
    except (OSError, KeyError, TypeError, ValueError) as error:
        what = (
            error
            if isinstance(error, OSError)
            else "not written by inpaint benchmark programs --output=FILE"
        )
        raise InputError(f"--measured: {path}: {what}") from error
