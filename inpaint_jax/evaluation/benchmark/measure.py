"""Measurement of speed: compile cold, warm up, run in alternating rounds."""

import functools
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
from inpaint_jax.networks.functional import PRECISIONS

ROUND = 0.5  # seconds; shortest length of a round
PAUSE = 0.1  # seconds between rounds: the threads of a library keep spinning after their work
SIDE = 4096  # side of the matrices in the measurement of the machine's limit


class Work(NamedTuple):
    """Repeatable work: ``start`` begins it, ``wait`` waits for the value of ``start``."""

    start: Callable[[], Any]
    wait: Callable[[Any], Any]


class Program:
    """A compiled case; the state passes through every call, and its memory is reused as in a run.

    Attributes:
      compile_seconds: seconds from the Python function to the executable, without caches.
      memory: total bytes of arguments, results and temporaries.
      gflop: arithmetic per call.
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
        """Wrap calls with the inputs of the case."""
        return Work(lambda: self(*case.inputs), jax.block_until_ready)


def memory_of(compiled: Any) -> int | None:
    """Return the bytes that an executable needs, if the platform reports them."""
    stats = compiled.memory_analysis()
    if stats is None:
        return None
    used = stats.argument_size_in_bytes + stats.output_size_in_bytes + stats.temp_size_in_bytes
    return used - stats.alias_size_in_bytes


def high_water() -> dict[str, int]:
    """Return the peak memory of this process and, if counted, of its device, in bytes."""
    scale = 1 if sys.platform == "darwin" else 1024
    device = jax.local_devices()[0].memory_stats() or {}
    return {"process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale} | (
        {"device": device["peak_bytes_in_use"]} if "peak_bytes_in_use" in device else {}
    )


def alternate(works: Mapping[str, Work], *, rounds: int, title: str = "") -> dict[str, list[float]]:
    """Measure seconds per call in alternating rounds, so that background load affects all equally.

    Args:
      works: works by name. Every work is called three times before the measurement.
      rounds: rounds per work; every second round runs in reverse order.
      title: title of the progress bar.

    Returns:
      ``{name: one mean per round}``.
    """
    calls = {
        name: max(1, math.ceil(ROUND / seconds(work, 2, warm=1))) for name, work in works.items()
    }
    measured: dict[str, list[float]] = {name: [] for name in works}
    with tqdm(total=rounds * len(works), desc=title, unit="round", leave=False) as bar:
        for number in range(rounds):
            for name in list(works)[:: -1 if number % 2 else 1]:
                time.sleep(PAUSE)
                measured[name].append(seconds(works[name], calls[name]))
                bar.update()
    return measured


def matrix_product(side: int, precision: str = "") -> float:
    """Measure GFLOP/s of products of ``side`` x ``side`` matrices: the machine's limit.

    The numbers are random: a GPU multiplies constant numbers with less power, and faster.

    Args:
      side: side of the matrices.
      precision: "bf16", or a precision of float32 products as in a config; "": the default.
    """
    a = jax.random.normal(
        jax.random.key(0), (side, side), jnp.bfloat16 if precision == "bf16" else jnp.float32
    )
    product = jax.jit(functools.partial(jnp.dot, precision=PRECISIONS[precision]))
    return rate(Work(lambda: product(a, a), jax.block_until_ready), 2 * side**3 / 1e9)


def rate(work: Work, gflop: float) -> float:
    """Measure GFLOP/s of some work, the median of five rounds."""
    return gflop / statistics.median(alternate({"": work}, rounds=5)[""])


def seconds(work: Work, calls: int, *, warm: int = 0) -> float:
    """Measure the mean seconds per call, after ``warm`` warm-up calls."""
    for _ in range(warm):
        work.wait(work.start())
    began, pending = time.perf_counter(), None
    for _ in range(calls):
        pending = work.start()
    work.wait(pending)
    return (time.perf_counter() - began) / calls
