"""Programs of a config, for measuring or for lowering without the target device."""

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.optimization import average
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.initial_state import average_decay, initial_state
from inpaint_jax.systems.interface import Stage

Shape = jax.ShapeDtypeStruct
SENDING = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_BYTES = {
    "pred": 1,
    "s8": 1,
    "u8": 1,
    "bf16": 2,
    "f16": 2,
    "s32": 4,
    "u32": 4,
    "f32": 4,
    "s64": 8,
    "u64": 8,
    "f64": 8,
}


class Program(NamedTuple):
    """A function with arguments, or with shapes of arguments.

    Attributes:
      name: "step of dcgan", "search".
      function: pure function to jit.
      arguments: trees of ``jax.ShapeDtypeStruct``, or of arrays.
      images: images per call.
      carried: position of the argument that a call returns updated, and whose memory it may reuse;
        None: no such argument.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    images: int
    carried: int | None = None

    def trace(self) -> Any:
        """Trace the function without computation."""
        return jax.jit(self.function).trace(*self.arguments)


class Source(NamedTuple):
    """Source of the arguments of programs.

    Attributes:
      state: ``(stage, config, earlier) -> TrainState``.
      batch: ``(count, side) -> {name: array}`` with everything that a stage may read.
      call: ``(function, *arguments) -> results``.
    """

    state: Callable[[Stage, Config, dict[str, Any]], Any]
    batch: Callable[[int, int], dict[str, Any]]
    call: Callable[..., Any]


def programs(
    config: Config, *, images: int | None = None, completing: int = 4, source: Source | None = None
) -> Iterator[Program]:
    """Yield every training step of a config, and the completion: search or forward pass.

    Args:
      config: config of any system.
      images: images per step; None: the batch size of each stage.
      completing: images completed at once.
      source: source of the arguments; None: only shapes, without initialising a network.

    Yields:
      The programs.
    """
    source = source or SHAPES
    system, states = configuration.build_system(config), {}
    side = system.size or config.data.size
    for stage in system.stages:
        state = source.state(stage, config, states)
        count = images or config.stages[stage.name].batch_size
        batch = source.batch(count, side)
        wanted = {
            "image",
            *(["label"] if stage.classes else []),
            *(["projection", "hole"] if stage.projection else []),
        }
        chosen = {name: batch[name] for name in batch if name in wanted}
        step = average.after(stage.step, average_decay(stage, config))
        yield Program(
            f"step of {stage.name}", step, (state, chosen, dict(states)), count, carried=0
        )
        states[stage.name] = state
    batch = source.batch(completing, side)

    def begin(states, images, hole):
        keys = jax.random.split(jax.random.key(0), completing)
        known = {"family": jnp.full(completing, -1, jnp.int32)} if system.families else {}
        return system.begin(states, images, hole, keys, 1, **known)

    arguments = states, batch["image"], batch["hole"]
    if system.advance:
        progress = source.call(begin, *arguments)
        yield Program("search", system.advance, (states, progress), completing, carried=1)
    else:

        def complete(states, images, hole):
            return system.finish(states, begin(states, images, hole)).images

        yield Program("completion", complete, arguments, completing)


def shaped_state(stage: Stage, config: Config, earlier: dict[str, Any]) -> Any:
    """Return the shapes of the initial state of a stage."""
    return jax.eval_shape(functools.partial(initial_state, stage, config), earlier)


def examples(count: int, side: int) -> dict[str, Shape]:
    """Return the shapes of a batch of images with all inputs of a stage."""
    image = Shape((count, side, side, 3), jnp.float32)
    return {
        "image": image,
        "projection": image,
        "hole": Shape((count, side, side, 1), jnp.float32),
        "label": Shape((count,), jnp.int32),
    }


SHAPES = Source(shaped_state, examples, jax.eval_shape)


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
        size = sum(
            _BYTES[dtype] * math.prod(map(int, filter(None, dims.split(","))))
            for dtype, dims in sizes
        )
        found[kind] = found.get(kind, 0) + size
    return found
