"""How a number is measured: compiled from cold, warmed up, in rounds that take turns."""

import math
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from tqdm import tqdm

from inpaint_jax.evaluation.benchmark.arithmetic import multiply_adds
from inpaint_jax.evaluation.benchmark.cases import Case

ROUND = 0.5  # seconds that a round takes at least
PAUSE = 0.1  # seconds between rounds: a library's threads spin for a while after their work is done
SIDE = 4096  # of the matrices that the machine is measured by


class Work(NamedTuple):
    """Something that can be done again and again: ``start`` begins it, ``wait`` waits for what ``start`` returned."""

    start: Callable[[], Any]
    wait: Callable[[Any], Any]


class Program:
    """A case, compiled; its state goes through every call, its memory reused as in a run.

    Attributes:
      compile_seconds: from the Python function to the executable, nothing cached.
      memory: bytes of arguments, results and temporaries together.
      gflop: arithmetic of a call.
    """

    def __init__(self, case: Case):
        began = time.perf_counter()
        traced = jax.jit(case.function, donate_argnums=0).trace(case.state, *case.inputs)
        self._compiled = traced.lower().compile()
        self.compile_seconds = time.perf_counter() - began
        self.gflop = 2 * multiply_adds(traced.jaxpr) / 1e9
        self.memory = memory_of(self._compiled)
        self._state = case.state

    def __call__(self, *inputs: Any) -> Any:
        self._state, outputs = self._compiled(self._state, *inputs)
        return self._state, outputs

    def work(self, case: Case) -> Work:
        """Calls with the case's own inputs."""
        return Work(lambda: self(*case.inputs), jax.block_until_ready)


def memory_of(compiled: Any) -> int | None:
    """Bytes that an executable needs, where the platform says."""
    stats = compiled.memory_analysis()
    if stats is None:
        return None
    used = stats.argument_size_in_bytes + stats.output_size_in_bytes + stats.temp_size_in_bytes
    return used - stats.alias_size_in_bytes


def high_water() -> dict[str, int]:
    """The most memory that this process, and its device where it counts, have held so far, in bytes."""
    scale = 1 if sys.platform == "darwin" else 1024
    device = jax.local_devices()[0].memory_stats() or {}
    return {"process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale} | (
        {"device": device["peak_bytes_in_use"]} if "peak_bytes_in_use" in device else {}
    )


def alternate(works: Mapping[str, Work], *, rounds: int, title: str = "") -> dict[str, list[float]]:
    """Seconds per call of each, measured in turns, so that what else the machine does hits all alike.

    Args:
      works: by name. Each is called three times before anything is measured.
      rounds: of each; every other one in reverse order.
      title: of the progress bar.

    Returns:
      ``{name: one mean per round}``.
    """
    calls = {name: max(1, math.ceil(ROUND / seconds(work, 2, warm=1))) for name, work in works.items()}
    measured: dict[str, list[float]] = {name: [] for name in works}
    with tqdm(total=rounds * len(works), desc=title, unit="round", leave=False) as bar:
        for number in range(rounds):
            for name in list(works)[:: -1 if number % 2 else 1]:
                time.sleep(PAUSE)
                measured[name].append(seconds(works[name], calls[name]))
                bar.update()
    return measured


def matrix_product(side: int) -> float:
    """GFLOP/s of float32 matrix products of ``side`` x ``side``: what this machine can do at best."""
    a = jnp.ones((side, side))
    product = jax.jit(jnp.dot)
    return rate(Work(lambda: product(a, a), jax.block_until_ready), 2 * side**3 / 1e9)


def rate(work: Work, gflop: float) -> float:
    """GFLOP/s of a piece of work, the median of five rounds."""
    return gflop / statistics.median(alternate({"": work}, rounds=5)[""])


def seconds(work: Work, calls: int, *, warm: int = 0) -> float:
    """Mean seconds of a call, after calls that do not count."""
    for _ in range(warm):
        work.wait(work.start())
    began, pending = time.perf_counter(), None
    for _ in range(calls):
        pending = work.start()
    work.wait(pending)
    return (time.perf_counter() - began) / calls
