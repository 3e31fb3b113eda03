"""First guess of a refining method: the completion by another method, possibly coarser."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.compositing import composite
from inpaint_jax.naming import resolve
from inpaint_jax.systems import context_encoder
from inpaint_jax.systems.baselines import floors, patchmatch
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts.reduced import reduced, reducing, resized
from inpaint_jax.types import Hole, Image, Key


class Content(NamedTuple):
    """The method that paints the first guess.

    Attributes:
      stages: stages to train.
      paint: ``(states, images, hole, keys [B]) -> images [B, H, W, C]``, known pixels unchanged.
      supports: see ``System``.
      trained: whether the method has stages to train.
    """

    stages: tuple[Stage, ...]
    paint: Callable[..., Image]
    supports: Callable[..., str | None]
    trained: bool


def build(described: Mapping[str, Any], *, size: int, stages: Mapping[str, Any]) -> Content:
    """Build the content method of a config.

    Args:
      described: ``system``: "harmonic" or "patchmatch", which need no training, "context_encoder",
        or a custom ``module:function``; ``size``: side to which images are reduced for it (0: not
        reduced); all other keys are the ``networks`` of the system.
      size: side of the images.
      stages: stages of the config.

    Returns:
      The content.

    Raises:
      InputError: unknown system, or settings that the system refuses.
    """
    side = described["size"] or size
    make = resolve(described["system"], CONTENTS, kind="networks.content.system")
    system: System = make(size=side, networks=described, stages=stages)

    def paint(states: Mapping[str, Any], images: Image, hole: Hole, keys: Key) -> Image:
        small = completed(system, states, *reduced(images, hole, (side, side)), keys)
        return composite(images, resized(small, images.shape[1:3]), hole)

    def supports(hole):
        missing = jnp.asarray(hole, jnp.float32)[None]
        small = reduced(jnp.zeros_like(missing), missing, (side, side))[1]
        return system.supports(np.asarray(small[0]))

    seen = tuple(stage if side == size else reducing(stage, side) for stage in system.stages)
    return Content(seen, paint, supports, bool(seen))


def completed(
    system: System, states: Mapping[str, Any], images: Image, hole: Hole, keys: Key
) -> Image:
    """Complete a batch with a system; return the best answers, ``[B, H, W, C]``."""
    progress = system.begin(states, images, hole, keys, 1)
    if step := system.advance:
        progress = jax.lax.while_loop(
            lambda now: ~now.done.all(), lambda now: step(states, now), progress
        )
    return system.finish(states, progress).images[:, 0]


def harmonic(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """Build harmonic filling."""
    del size, networks, stages
    return floors.harmonic()


def exemplar(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """Build PatchMatch."""
    del size, networks, stages
    return patchmatch.build()


CONTENTS: dict[str, Callable[..., System]] = {
    "harmonic": harmonic,
    "patchmatch": exemplar,
    "context_encoder": context_encoder.build,
}
