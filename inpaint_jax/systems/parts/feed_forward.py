"""Systems without iterations: ``begin`` already completes the image."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.compositing import composite
from inpaint_jax.systems.interface import Completion, Stage, System
from inpaint_jax.types import Hole, Image


class Progress(NamedTuple):
    """Completed images."""

    images: jax.Array  # [B, K, H, W, C]
    losses: dict[str, jax.Array]  # {term: [B, K]}
    done: jax.Array  # [B]


def feed_forward(
    paint: Callable[..., jax.Array],
    *stages: Stage,
    size: int | None = None,
    supports: Callable[..., str | None] = lambda hole: None,
    losses: Callable[..., dict[str, jax.Array]] | None = None,
) -> System:
    """Build the system of a method that paints in one pass, once or several times.

    Args:
      paint: ``(states, images [B, H, W, C], hole [B, H, W, 1], keys [B], k) -> [B, K, H, W, C]``,
        best first unless there are ``losses``; only pixels inside the hole are used.
      stages: stages to train.
      size: side of the images; None: any size.
      supports: see ``System``.
      losses: ``(states, completed [B, K, H, W, C]) -> {term: [B, K]}``, "total" among them, which
        ranks the completions; None: they are ranked as they are painted.
    """

    def begin(states, images: Image, hole: Hole, keys, k):
        painted = paint(states, images, hole, keys, k)
        completed = jax.vmap(
            lambda prediction: composite(images, prediction, hole), in_axes=1, out_axes=1
        )(painted)
        done = jnp.ones(len(images), bool)
        if losses is None:
            return Progress(completed, {}, done)
        found = losses(states, completed)
        order = jnp.argsort(found["total"], axis=1)

        def ranked(values):
            return jax.vmap(lambda row, places: row[places])(values, order)

        return Progress(ranked(completed), jax.tree.map(ranked, found), done)

    def finish(states, progress):
        del states
        return Completion(progress.images, progress.losses, {})

    return System(size, stages, begin, None, finish, supports)


def single_pass(paint: Callable[..., Image], *stages: Stage, **restrictions) -> System:
    """Build ``feed_forward`` with one answer; ``(states, images, hole) -> [B, H, W, C]`` paints."""

    def once(states, images, hole, keys, k):
        del keys, k
        return paint(states, images, hole)[:, None]

    return feed_forward(once, *stages, **restrictions)._replace(most=1)
