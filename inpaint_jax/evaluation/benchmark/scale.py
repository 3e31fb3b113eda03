"""Expected rates on absent hardware, each from a formula.

Operations and bytes are counted in the programs of the papers' configs. Limits are published by the
makers of the devices.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax

from inpaint_jax.evaluation.benchmark.arithmetic import elements_moved, multiply_adds
from inpaint_jax.evaluation.benchmark.limits import H100, Limits
from inpaint_jax.evaluation.benchmark.programs import programs
from inpaint_jax.optimization.state import TrainState, count_parameters
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config

ITERATIONS = 5  # iterations of the counted search
NODE = 8  # devices joined by NVLink
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
    "pluralistic:paper",
    "neural_patches:harmonic,paper",
)
BYTES = {"bf16": 2, "tf32": 4}


class Load(NamedTuple):
    """Cost of a program per call.

    Attributes:
      config: config of the program.
      name: "step of dcgan", "search".
      images: images per call on a device.
      iterations: iterations of a whole completion; 1 without a search.
      flop: operations of the products.
      elements: elements that the products read and write.
      parameters: parameters whose gradients a step exchanges, see ``exchanged``; 0 for a
        completion.
    """

    config: str
    name: str
    images: int
    iterations: int
    flop: float
    elements: float
    parameters: int

    def seconds(self, precision: str, limits: Limits = H100) -> float:
        """Compute the time of a call on one device: t = max(F / (0.4 P), Q / (0.8 W))."""
        return max(self.computing(precision, limits), self.moving(precision, limits))

    def computing(self, precision: str, limits: Limits = H100) -> float:
        """Compute the time of the products, F / (0.4 P)."""
        return self.flop / (limits.share * limits.products[precision])

    def moving(self, precision: str, limits: Limits = H100) -> float:
        """Compute the time of memory traffic, Q / (0.8 W), with Q = elements x bytes of each."""
        return self.elements * BYTES[precision] / (limits.streamed * limits.memory)

    def exchanging(self, devices: int, limits: Limits = H100) -> float:
        """Compute the time of a ring all-reduce of gradients: 2 (n - 1) / n x 4 parameters / L."""
        link = limits.nvlink if devices <= NODE else limits.network
        return 2 * (devices - 1) / devices * 4 * self.parameters / link

    def rate(self, precision: str, devices: int) -> float:
        """Compute images per second: n B / (t + c); for completions n B / (iterations t)."""
        seconds = self.iterations * self.seconds(precision) + self.exchanging(devices)
        return devices * self.images / seconds


def loads(specs: Sequence[str] = SYSTEMS) -> Iterator[Load]:
    """Count the programs of configs; nothing is compiled or computed."""
    for spec in specs:
        config = configuration.load(spec)
        if config.system == "neural_patches":
            yield patches(spec, config)
            continue
        search, counted = config.get("search", {}).get("iterations", 1), 1
        if search > 1:
            counted = config.search.iterations = ITERATIONS
        for program in programs(config, completing=config.get("slots", 64)):
            jaxpr = program.trace().jaxpr
            trains = program.name.startswith("step")
            once = counted if program.name == "search" else 1
            yield Load(
                spec,
                program.name,
                program.images,
                search if program.name == "search" else 1,
                2 * multiply_adds(jaxpr) / once,
                elements_moved(jaxpr) / once,
                exchanged(
                    program.arguments[0], config.stages[program.name.removeprefix("step of ")]
                )
                if trains
                else 0,
            )


def exchanged(state: TrainState, settings: Config) -> int:
    """Count the gradients that a step sends: those of a generator at each of its updates."""
    further = settings.get("generator_updates", 1) - 1
    again = jax.tree.leaves(state.networks["generator"].params) if further else []
    return count_parameters(state) + further * sum(leaf.size for leaf in again)


def patches(spec: str, config: Config) -> Load:
    """Count neural patches: an iteration at every scale, which are searched one after the other.

    Nothing is trained. The matches of the patches, found once for every scale, are left out, and
    the steps of a line search count once.
    """
    images, flop, elements = config.get("slots", 1), 0.0, 0.0
    for level in range(config.search.scales):
        one = config.copy_and_resolve_references()
        one.data.size, one.search.scales, one.search.iterations = (
            config.data.size >> level,
            1,
            ITERATIONS,
        )
        *_, search = programs(one, completing=images)
        jaxpr = search.trace().jaxpr
        flop += 2 * multiply_adds(jaxpr) / ITERATIONS
        elements += elements_moved(jaxpr) / ITERATIONS
    return Load(spec, "search", images, config.search.iterations, flop, elements, 0)
