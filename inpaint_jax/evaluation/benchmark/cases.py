"""The benchmark cases: the package's own functions, as training and completion run them."""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax import parallel, seeds
from inpaint_jax.blending import poisson_blend
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.optimization.state import count_parameters
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.training.feed import batches, training_source

ITERATIONS = 5  # of the search per call; a real call has up to 50, which take a minute on a CPU


class Case(NamedTuple):
    """One function to measure.

    Attributes:
      name: name of the case.
      batch: number of images.
      iterations: training steps or search iterations per call.
      function: ``(state, *inputs) -> (state, outputs)``.
      state: passed from call to call; the first call donates the memory.
      inputs: inputs, equal in every call.
      config: the config of the case.
    """

    name: str
    batch: int
    iterations: int
    function: Callable
    state: Any
    inputs: tuple
    config: dict[str, Any]


def latent(config: Config, batch: int, *, iterations: int = ITERATIONS) -> Case:
    """Build Yeh's search under centre holes: loss, gradient in the latents, update, projection.

    Args:
      config: config of a Yeh system.
      batch: number of images.
      iterations: iterations of the search per call, at most 50.
    """
    config = config.copy_and_resolve_references()
    config.search.iterations = iterations
    system, (mesh, _) = configuration.build_system(config), parallel.share_slots(batch)
    states = parallel.replicate(
        {stage.name: drawn_state(stage, config, {}) for stage in system.stages}, mesh
    )
    images = load_facades(batch, config.data.size)
    keys = seeds.example_keys(config.seed, [str(i) for i in range(batch)], "search")
    begin = jax.jit(
        parallel.spread(lambda states, examples: system.begin(states, *examples, 1), mesh)
    )
    progress = begin(states, (images, centre(images, images.shape[1] // 2), keys))
    assert system.advance
    advance = parallel.spread(system.advance, mesh)

    def function(progress, states):
        return advance(states, progress), ()

    return Case(
        "latent", batch, iterations, function, progress, (states,), configuration.to_plain(config)
    )


def training(config: Config, batch: int) -> Case:
    """Build a training step of a system with one stage; with a critic, both networks are updated.

    Args:
      config: config of the system; the stage has the name of the case.
      batch: number of images.
    """
    [stage] = configuration.build_system(config).stages
    state = drawn_state(stage, config, {})
    mesh = parallel.share_batch(batch, parameters=count_parameters(state))
    step = parallel.per_device(stage.step, mesh)

    def function(state, batch):
        return step(state, batch, {})

    state = parallel.replicate(state, mesh)
    batches = (parallel.put_batch({"image": load_facades(batch, config.data.size)}, mesh),)
    return Case(stage.name, batch, 1, function, state, batches, configuration.to_plain(config))


def poisson(batch: int, *, size: int = 64) -> Case:
    """Build Poisson blending of other images into left halves, the slowest of the usual holes."""
    images = load_facades(batch, size)
    hole = np.zeros((*images.shape[:3], 1), np.float32)
    hole[:, :, : size // 2] = 1

    def function(nothing, image, guidance, hole):
        return nothing, poisson_blend(image, guidance, hole)

    return Case(
        "poisson", batch, 1, function, (), (images, images[::-1].copy(), hole), {"size": size}
    )


def feed(config: Config, batch: int) -> Generator[dict[str, jax.Array]]:
    """Yield batches of the config's training images on the device, as training reads them."""
    config = config.copy_and_resolve_references()
    settings = next(iter(config.stages.values()))
    settings.batch_size = batch
    source = training_source(config, settings)
    return batches(config, settings, 0, parallel.share_batch(batch), source=source, arrays={})


def load_facades(count: int, size: int) -> np.ndarray:
    """Load built-in facades, ``[count, size, size, 3]`` in [-1, 1]."""
    source = open_source(f"facades?split=test&count={count}", size=size)
    return next(examples(source, size=size, batch=count))["image"]


def centre(images: Any, side: int) -> jax.Array:
    """Make centred square holes of side ``side``, ``[B, H, W, 1]``."""
    low = (images.shape[1] - side) // 2
    one = jnp.zeros(images.shape[1:3]).at[low : low + side, low : low + side].set(1.0)
    return jnp.broadcast_to(one[None, :, :, None], (*images.shape[:3], 1))
