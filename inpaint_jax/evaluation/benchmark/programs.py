"""Programs without the machine that they are for: lowered for GPUs and TPUs, and what devices send each other."""

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.workdir import initial_state

Shape = jax.ShapeDtypeStruct
SENDING = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}


class Program(NamedTuple):
    """A function with the shapes of its arguments.

    Attributes:
      name: "step of dcgan", "search".
      function: pure; to be jitted.
      arguments: trees of ``jax.ShapeDtypeStruct``.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def trace(self) -> Any:
        """Trace the function; nothing is computed."""
        return jax.jit(self.function).trace(*self.arguments)


def programs(config: Config, *, images: int | None = None, completing: int = 4) -> Iterator[Program]:
    """Every training step of a config, and its completion: the search, or the forward pass.

    Args:
      config: of any system.
      images: per step; None: the batch size of each stage.
      completing: images under completion at once.

    Yields:
      The programs; their states have shapes only, so that no network is initialised.
    """
    system, states = configuration.build_system(config), {}
    side = system.size or config.data.size
    for stage in system.stages:
        state = jax.eval_shape(functools.partial(initial_state, stage, config), states)
        batch = examples(images or config.stages[stage.name].batch_size, side)
        wanted = {"image", *(["label"] if stage.classes else []), *(["projection", "hole"] if stage.projection else [])}
        chosen = {name: batch[name] for name in batch if name in wanted}
        yield Program(f"step of {stage.name}", stage.step, (state, chosen, dict(states)))
        states[stage.name] = state
    batch = examples(completing, side)

    def begin(states, images, hole):
        keys = jax.random.split(jax.random.key(0), completing)
        known = {"family": jnp.full(completing, -1, jnp.int32)} if system.families else {}
        return system.begin(states, images, hole, keys, 1, **known)

    progress = jax.eval_shape(begin, states, batch["image"], batch["hole"])
    if system.advance:
        yield Program("search", system.advance, (states, progress))
    else:

        def complete(states, images, hole):
            return system.finish(states, begin(states, images, hole)).images

        yield Program("completion", complete, (states, batch["image"], batch["hole"]))


def examples(count: int, side: int) -> dict[str, Shape]:
    """The shapes of a batch of images with everything that a stage may read."""
    image = Shape((count, side, side, 3), jnp.float32)
    return {
        "image": image,
        "projection": image,
        "hole": Shape((count, side, side, 1), jnp.float32),
        "label": Shape((count,), jnp.int32),
    }


def sent(compiled: str) -> Mapping[str, int]:
    """Count the bytes that a compiled program makes every device send, by the kind of exchange.

    Args:
      compiled: text of the compiled program of one device.

    Returns:
      ``{"all-reduce": bytes}``: sizes of the results. A loop's body counts once.
    """
    found: dict[str, int] = {}
    for shapes, kind in re.findall(rf"= (.*?) ({'|'.join(SENDING)})(?:-start)?\(", compiled):
        sizes = re.findall(r"(\w+)\[([\d,]*)\]", shapes)
        size = sum(_BYTES[dtype] * math.prod(map(int, filter(None, dims.split(",")))) for dtype, dims in sizes)
        found[kind] = found.get(kind, 0) + size
    return found
