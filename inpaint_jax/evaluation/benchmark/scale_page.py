"""Page of expected and measured rates: ``inpaint benchmark scale --output=scale.md``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax

from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.benchmark import ahead_of_time
from inpaint_jax.evaluation.benchmark.limits import H100
from inpaint_jax.evaluation.benchmark.measurements import Measured
from inpaint_jax.evaluation.benchmark.scale import BYTES, Load

DEVICES = (1, 8, 64, 512)
# ms, configs/results/benchmark/cpu.md
CPU = (("latent", 64, 665), ("dcgan", 64, 4100), ("context_encoder", 32, 1460))
CPU_PRODUCTS = 134e9  # FLOP/s of matrix products beside them


def text(
    counted: Sequence[Load],
    measured: Sequence[Measured] = (),
    ahead: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Format the page as Markdown.

    Args:
      counted: cost of every program.
      measured: programs on devices; programs of this page fill the last column of the tables.
      ahead: reports of programs compiled for absent devices.
    """
    training = [load for load in counted if load.parameters]
    completing = [load for load in counted if not load.name.startswith("step")]
    return "\n".join(
        (
            HEAD.format(
                inputs=" --measured FILE..." * bool(measured) + " --compiled FILE..." * bool(ahead),
                jax=jax.__version__,
                measured=ORIGIN if measured else NOWHERE,
            ),
            tables.markdown(
                [
                    "program",
                    "B",
                    "F, GFLOP",
                    "Q, GB (bf16)",
                    "t bf16, ms",
                    "t tf32, ms",
                    "limit (bf16)",
                    "measured, ms",
                ],
                [costs(load, measured) for load in counted],
            ),
            TRAINING,
            tables.markdown(
                [
                    "program",
                    "4p, MB",
                    "c(8), ms",
                    "c(64), ms",
                    *(f"images/s, n={n}" for n in DEVICES),
                    "measured",
                ],
                [trained(load, measured) for load in training],
            ),
            COMPLETING,
            tables.markdown(
                [
                    "program",
                    "iterations",
                    *(f"images/s, n={n}" for n in DEVICES),
                    "10^9: device hours",
                    "dollars",
                    "measured",
                ],
                [completed(load, measured) for load in completing],
            ),
            CHECK,
            tables.markdown(
                ["case", "F, GFLOP", "ms", "GFLOP/s", "of products"], list(checked(counted))
            ),
            *(
                [MEASURED, tables.markdown(MEASURED_HEADER, list(rows(measured)))]
                if measured
                else []
            ),
            *(
                [COMPILED.format(versions=versions(ahead)), ahead_of_time.text(ahead)]
                if ahead
                else []
            ),
            "",
        )
    )


def versions(reports: Sequence[Mapping[str, Any]]) -> str:
    """List the versions of JAX in the reports."""
    return ", ".join(sorted({report["record"]["versions"]["jax"] for report in reports}))


def costs(load: Load, measured: Sequence[Measured]) -> list[str]:
    """Format the line of a program on one device."""
    both = [load.seconds(precision) for precision in BYTES]
    limit = "products" if load.computing("bf16") >= load.moving("bf16") else "memory"
    counts = (
        str(load.images),
        f"{load.flop / 1e9:.4g}",
        f"{load.elements * BYTES['bf16'] / 1e9:.3g}",
    )
    return [label(load), *counts, *map(milliseconds, both), limit, of(load, measured, milliseconds)]


def milliseconds(seconds: float) -> str:
    """Format milliseconds with three digits."""
    return f"{1e3 * seconds:.3g}"


def trained(load: Load, measured: Sequence[Measured]) -> list[str]:
    """Format the line of a training step on many devices."""
    exchanges = [f"{1e3 * load.exchanging(n):.3g}" for n in (8, 64)]
    rates = [f"{load.rate('bf16', n):,.0f}" for n in DEVICES]
    return [
        label(load),
        f"{4 * load.parameters / 1e6:.4g}",
        *exchanges,
        *rates,
        of(load, measured, per_second(load)),
    ]


def completed(load: Load, measured: Sequence[Measured]) -> list[str]:
    """Format the line of completions on many devices."""
    hours = 1e9 / load.rate("bf16", 1) / 3600
    rates = [f"{load.rate('bf16', n):,.0f}" for n in DEVICES]
    price = f"{hours:,.1f}", f"{hours * H100.price:,.0f}"
    return [label(load), str(load.iterations), *rates, *price, of(load, measured, per_second(load))]


def per_second(load: Load) -> Callable[[float], str]:
    """Return a function from measured seconds to images per second of one device."""
    return lambda seconds: f"{load.images / (load.iterations * seconds):,.0f}"


def of(load: Load, measured: Sequence[Measured], show: Callable[[float], str]) -> str:
    """Format the measurements of a program, with precision and, if several, device."""
    several = len({found.device for found in measured}) > 1
    return "; ".join(
        f"{show(found.seconds)} {found.precision}" + (f" ({found.device})" if several else "")
        for found in measured
        if found.is_of(load.config, load.name, load.images, load.flop)
    )


def rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """Format all measurements, including other batch sizes and configs."""
    for found in measured:
        flops = found.flop / found.seconds
        yield [
            f"{found.config}, {found.program}",
            str(found.batch),
            found.precision,
            milliseconds(found.seconds),
            f"{found.batch / found.seconds:,.0f}",
            f"{flops / 1e12:.3g}",
            f"{flops / found.published:.0%}" if found.published else "",
            f"{flops / found.product:.0%}",
            f"{found.bytes / 2**20:,.0f}" if found.bytes else "",
            found.device,
            found.source,
        ]


def label(load: Load) -> str:
    """Format a label such as ``yeh, step of dcgan``."""
    return f"{load.config.partition(':')[0]}, {load.name}"


def checked(counted: Sequence[Load]) -> Iterator[list[str]]:
    """Format the counts beside the measured times of a CPU."""
    programs = {
        "latent": "yeh, search",
        "dcgan": "yeh, step of dcgan",
        "context_encoder": "context_encoder, step",
    }
    for case, images, milliseconds in CPU:
        for load in counted:
            if label(load).startswith(programs[case]) and load.images >= images:
                flop = load.flop * images / load.images
                rate = flop / milliseconds * 1e3
                shown = f"{flop / 1e9:.4g}", str(milliseconds), f"{rate / 1e9:.3g}"
                yield [f"{case}, {images} images", *shown, f"{rate / CPU_PRODUCTS:.0%}"]


HEAD = """# Expected rates on GPUs

```
inpaint benchmark scale{inputs} --output=configs/results/scale.md
```

{measured} Programs of the
configs at scale `paper`, traced with jax {jax}. F: 2 x multiplications in all matrix products and
convolutions of a call. Q: bytes that these operations read and write if everything else is fused
into them, a lower bound. Published limits of one H100 SXM: P = 989 (bf16) and 494 (tf32) TFLOP/s,
dense; W = 3.35 TB/s. We assume 40 % of P, the goal, and 80 % of W.

A call takes t = max(F / (0.4 P), Q / (0.8 W)). A call is one training step with batch B, one search
iteration for B images, or one completion of B images. A loop of variable length counts once, so F
and t are lower bounds for the step of `balance`, which searches. For neural patches, an iteration
covers one iteration at each of three scales. The steps of a line search count once; the patch
matches, which are found once per scale, are not counted.
"""
NOWHERE = "Nothing here was measured on a GPU; the last column of each table is empty."
ORIGIN = """The last columns and the last table were measured on one device each; everything else is
computed. In tables for several devices, compare them with column n = 1 only."""
MEASURED = """
## Measured

```
inpaint benchmark programs --config=CONFIG --precision=PRECISION --output=FILE
```

ms: one training step, search iteration or completion of B images, median over rounds of consecutive
calls. images/s: B / ms; for a search, per iteration. TFLOP/s = F / ms. Published: P of that device
and precision. Product: the rate of a large matrix product, measured in the same run. MiB: memory of
the arguments, results and temporary arrays of the compiled program.
"""
MEASURED_HEADER = (
    "program",
    "B",
    "precision",
    "ms",
    "images/s",
    "TFLOP/s",
    "of published",
    "of product",
    "MiB",
    "device",
    "source",
)
COMPILED = """
## Compiled for absent devices

```
inpaint benchmark compiled h100 v5e --config=CONFIG --output=FILE
```

Four devices, jax {versions}; all figures are for one device with batch B. GFLOP, GB: XLA's cost
analysis of the compiled program. It counts the body of a loop once, so one iteration of a search;
the CUDA compiler provides none. MiB: XLA's memory analysis of arguments, results and temporary
arrays. All-reduce: result sizes of these operations in the text of the compiled program. CUDA
kernels are not tuned, because tuning needs the device.
"""
TRAINING = """
## Training on n devices, bf16, batch B on each

A step sends every gradient in float32: 4p bytes for p parameters. A generator sends them at each
update (`generator_updates`, 2 in `yeh`). Batch statistics are not counted.
`tests/evaluation/benchmark/test_programs.py` counts the bytes in the program of four devices.
Without overlap, c(n) = 2 (n - 1) / n x 4p / L with L = 450 GB/s for NVLink up to 8 devices, and 50
GB/s for a 400 Gb/s adapter per device beyond; images/s = n B / (t + c(n)). Where c(64) exceeds t,
the interconnect is the bottleneck: a larger B per device helps, because c does not depend on B.
"""
COMPLETING = """
## Completions on n devices, bf16

Devices do not communicate (same test), so n devices are n times as fast: images/s = n B /
(iterations x t). A billion completions take 10^9 / (images/s of one device) / 3600 device hours, at
an assumed 2.50 dollars each. Poisson blending and the host are not counted. Hosts decode and encode
images. A core that needs h seconds per image handles 1 / h images/s, so one device needs h x
images/s cores. The host limits feed-forward systems; the device limits searches.
"""
CHECK = """
## The same counts on a CPU

Milliseconds measured in [the benchmark](benchmark/cpu.md); GFLOP/s = F / time, compared with
134 GFLOP/s of matrix products there. On a CPU, minimal filtering saves about a third of the
multiplications, so values above 100 % are possible.
"""
