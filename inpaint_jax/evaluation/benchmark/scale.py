"""Expected rates on hardware that is not here, each from a formula.

Operations and bytes are counted in the programs of the papers' configs; limits are those that the makers publish.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from inpaint_jax.evaluation.benchmark.arithmetic import elements_moved, multiply_adds
from inpaint_jax.evaluation.benchmark.limits import H100, Limits
from inpaint_jax.evaluation.benchmark.programs import programs
from inpaint_jax.optimization.state import count_parameters
from inpaint_jax.runs import configuration

ITERATIONS = 5  # of the search that is counted
NODE = 8  # devices that NVLink joins
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
            trains = program.name.startswith("step")
            once = counted if program.name == "search" else 1
            yield Load(
                spec,
                program.name,
                program.images,
                search if program.name == "search" else 1,
                2 * multiply_adds(jaxpr) / once,
                elements_moved(jaxpr) / once,
                count_parameters(program.arguments[0]) if trains else 0,
            )
