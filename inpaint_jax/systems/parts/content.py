"""The first guess of a method that refines: another method's completion, at a coarser scale or at the same one."""

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
    """What paints the first guess.

    Attributes:
      stages: that are trained for it.
      paint: ``(states, images, hole, keys [B]) -> images [B, H, W, C]``, known pixels as they are.
      supports: see ``System``.
      trained: whether it has anything to learn.
    """

    stages: tuple[Stage, ...]
    paint: Callable[..., Image]
    supports: Callable[..., str | None]
    trained: bool


def build(described: Mapping[str, Any], *, size: int, stages: Mapping[str, Any]) -> Content:
    """Build what a config describes.

    Args:
      described: ``system``, "harmonic" or "patchmatch", which need no training, "context_encoder", or a
        user's ``module:function``; ``size``, the side at which it completes, to which images are reduced
        (0: their own); the rest is what the system takes as ``networks``.
      size: side of the images.
      stages: of the config.

    Returns:
      The content.

    Raises:
      InputError: for an unknown system, or what that refuses.
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


def completed(system: System, states: Mapping[str, Any], images: Image, hole: Hole, keys: Key) -> Image:
    """Complete a batch by a system from beginning to end, ``[B, H, W, C]``; its best answer."""
    progress = system.begin(states, images, hole, keys, 1)
    if step := system.advance:
        progress = jax.lax.while_loop(lambda now: ~now.done.all(), lambda now: step(states, now), progress)
    return system.finish(states, progress).images[:, 0]


def harmonic(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """The smoothest surface through the border of the hole."""
    del size, networks, stages
    return floors.harmonic()


def exemplar(*, size: int, networks: Mapping[str, Any], stages: Mapping[str, Any]) -> System:
    """The image's own patches."""
    del size, networks, stages
    return patchmatch.build()


CONTENTS: dict[str, Callable[..., System]] = {
    "harmonic": harmonic,
    "patchmatch": exemplar,
    "context_encoder": context_encoder.build,
}
