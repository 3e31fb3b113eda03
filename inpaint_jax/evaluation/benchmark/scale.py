"""Expected rates on hardware that is not here, each from a formula: ``inpaint benchmark scale --output=scale.md``.

Operations and bytes are counted in the programs of the papers' configs; limits are those that the makers publish.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax

from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.benchmark.arithmetic import elements_moved, multiply_adds
from inpaint_jax.evaluation.benchmark.programs import programs
from inpaint_jax.optimization.state import count_parameters
from inpaint_jax.runs import configuration

ITERATIONS = 5  # of the search that is counted
DEVICES = (1, 8, 64, 512)
NODE = 8  # devices that NVLink joins
CPU = (("latent", 64, 665), ("dcgan", 64, 4100), ("context_encoder", 32, 1460))  # ms, configs/results/benchmark/cpu.md
CPU_PRODUCTS = 134e9  # FLOP/s of matrix products beside them
SYSTEMS = (
    "yeh:paper",
    "classifier_guided:paper",
    "context_encoder:paper,published",
    "desai_gan:paper",
    "desai_vae:paper",
    "l2_gan:paper",
    "lsgan:paper",
    "lsgan_autoencoder:paper",
    "neural_features:paper",
    "on_demand:paper",
)


class Limits(NamedTuple):
    """What the makers publish for one device, and what is assumed to be reached of it."""

    products: dict[str, float]  # FLOP/s, dense, by precision
    memory: float = 3.35e12  # bytes/s of HBM3
    nvlink: float = 450e9  # bytes/s in each direction
    network: float = 50e9  # bytes/s of a device's 400 Gb/s adapter
    share: float = 0.4  # of products; the aim of the issue, not a measurement
    streamed: float = 0.8  # of memory bandwidth
    price: float = 2.5  # per device and hour, in dollars; assumed


H100 = Limits({"bf16": 989e12, "tf32": 494e12})
BYTES = {"bf16": 2, "tf32": 4}


class Load(NamedTuple):
    """What a program costs, per call.

    Attributes:
      config: that it belongs to.
      name: "step of dcgan", "search".
      images: per call on a device.
      iterations: of a whole completion; 1 without a search.
      flop: of its products.
      elements: that its products read and write.
      parameters: whose gradients a step exchanges; 0 for a completion.
    """

    config: str
    name: str
    images: int
    iterations: int
    flop: float
    elements: float
    parameters: int

    def seconds(self, precision: str, limits: Limits = H100) -> float:
        """Of a call on one device: t = max(F / (0.4 P), Q / (0.8 W))."""
        return max(self.computing(precision, limits), self.moving(precision, limits))

    def computing(self, precision: str, limits: Limits = H100) -> float:
        """F / (0.4 P)."""
        return self.flop / (limits.share * limits.products[precision])

    def moving(self, precision: str, limits: Limits = H100) -> float:
        """Q / (0.8 W) with Q = elements x bytes of each."""
        return self.elements * BYTES[precision] / (limits.streamed * limits.memory)

    def exchanging(self, devices: int, limits: Limits = H100) -> float:
        """A ring's all-reduce of float32 gradients, not overlapped: 2 (n - 1) / n x 4 parameters / L."""
        link = limits.nvlink if devices <= NODE else limits.network
        return 2 * (devices - 1) / devices * 4 * self.parameters / link

    def rate(self, precision: str, devices: int) -> float:
        """Images per second: n B / (t + c), of whole completions n B / (iterations t)."""
        seconds = self.iterations * self.seconds(precision) + self.exchanging(devices)
        return devices * self.images / seconds


def loads(specs: Sequence[str] = SYSTEMS) -> Iterator[Load]:
    """Count the programs of configs; nothing is compiled or computed."""
    for spec in specs:
        config = configuration.load(spec)
        search, counted = config.get("search", {}).get("iterations", 1), 1
        if search > 1:
            counted = config.search.iterations = ITERATIONS
        for program in programs(config, completing=config.get("slots", 64)):
            jaxpr = program.trace().jaxpr
            state, batch = program.arguments[:2]
            trains = program.name.startswith("step")
            images = batch["image"].shape[0] if trains else config.get("slots", 64)
            once = counted if program.name == "search" else 1
            yield Load(
                spec,
                program.name,
                images,
                search if program.name == "search" else 1,
                2 * multiply_adds(jaxpr) / once,
                elements_moved(jaxpr) / once,
                count_parameters(state) if trains else 0,
            )


def text(counted: Sequence[Load]) -> str:
    """The page, in Markdown."""
    training = [load for load in counted if load.parameters]
    completing = [load for load in counted if not load.name.startswith("step")]
    return "\n".join(
        (
            HEAD.format(jax=jax.__version__),
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
                [costs(load) for load in counted],
            ),
            TRAINING,
            tables.markdown(
                ["program", "4p, MB", "c(8), ms", "c(64), ms", *(f"images/s, n={n}" for n in DEVICES), "measured"],
                [trained(load) for load in training],
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
                [completed(load) for load in completing],
            ),
            CHECK,
            tables.markdown(["case", "F, GFLOP", "ms", "GFLOP/s", "of products"], list(checked(counted))),
            "",
        )
    )


def costs(load: Load) -> list[str]:
    """A program on one device."""
    both = [load.seconds(precision) for precision in BYTES]
    limit = "products" if load.computing("bf16") >= load.moving("bf16") else "memory"
    counts = (str(load.images), f"{load.flop / 1e9:.4g}", f"{load.elements * BYTES['bf16'] / 1e9:.3g}")
    return [label(load), *counts, *(f"{1e3 * t:.3g}" for t in both), limit, ""]


def trained(load: Load) -> list[str]:
    """A training step on many devices."""
    exchanges = [f"{1e3 * load.exchanging(n):.3g}" for n in (8, 64)]
    rates = [f"{load.rate('bf16', n):,.0f}" for n in DEVICES]
    return [label(load), f"{4 * load.parameters / 1e6:.4g}", *exchanges, *rates, ""]


def completed(load: Load) -> list[str]:
    """Whole completions on many devices."""
    hours = 1e9 / load.rate("bf16", 1) / 3600
    rates = [f"{load.rate('bf16', n):,.0f}" for n in DEVICES]
    return [label(load), str(load.iterations), *rates, f"{hours:,.1f}", f"{hours * H100.price:,.0f}", ""]


def label(load: Load) -> str:
    """``yeh, step of dcgan``."""
    return f"{load.config.partition(':')[0]}, {load.name}"


def checked(counted: Sequence[Load]) -> Iterator[list[str]]:
    """The counts beside what a CPU needed."""
    programs = {"latent": "yeh, search", "dcgan": "yeh, step of dcgan", "context_encoder": "context_encoder, step"}
    for case, images, milliseconds in CPU:
        for load in counted:
            if label(load).startswith(programs[case]) and load.images >= images:
                flop = load.flop * images / load.images
                rate = flop / milliseconds * 1e3
                shown = f"{flop / 1e9:.4g}", str(milliseconds), f"{rate / 1e9:.3g}"
                yield [f"{case}, {images} images", *shown, f"{rate / CPU_PRODUCTS:.0%}"]


HEAD = """# Expected rates on GPUs

```
inpaint benchmark scale --output=configs/results/scale.md
```

Nothing here was measured on a GPU; the last column of each table waits for that. Programs of the
configs at `paper`, traced with jax {jax}. F: 2 x multiplications of all matrix products and
convolutions of a call. Q: bytes that they read and write if all else is fused into them, a lower
bound. Limits published for one H100 SXM: P = 989 (bf16) and 494 (tf32) TFLOP/s, dense; W = 3.35
TB/s. Assumed: 40 % of P, which is the aim, and 80 % of W are reached.

t = max(F / (0.4 P), Q / (0.8 W)), of a call: one training step with batch B, one iteration of a
search of B images, or one completion of B images.
"""
TRAINING = """
## Training on n devices, bf16, batch B on each

A step sends every gradient once, in float32, and batch statistics, which are left out here: 4p
bytes for p parameters; `tests/evaluation/benchmark/test_programs.py` counts that in the program
of four devices. Nothing is overlapped: c(n) = 2 (n - 1) / n x 4p / L with L = 450 GB/s of NVLink
up to 8 devices, and 50 GB/s of a device's 400 Gb/s adapter beyond; images/s = n B / (t + c(n)).
Where c(64) exceeds t the network is the bottleneck: a larger B per device helps, because c does
not depend on it.
"""
COMPLETING = """
## Completions on n devices, bf16

Devices send each other nothing (same test), so n devices are n times as fast: images/s = n B /
(iterations x t). A billion completions: 10^9 / (images/s of one device) / 3600 device hours,
times an assumed 2.50 dollars. Poisson blending and the host are left out. Hosts decode and
encode: a core that needs h seconds for an image feeds 1 / h images/s, so one device needs h x
images/s cores; feed-forward systems are limited by the host, searches by the device.
"""
CHECK = """
## The same counts on a CPU

Measured milliseconds of [the benchmark](benchmark/cpu.md); GFLOP/s = F / time, beside 134 GFLOP/s
of matrix products there. Minimal filtering saves about a third of the multiplications of a CPU,
so that 100 % can be exceeded.
"""
