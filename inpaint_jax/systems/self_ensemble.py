"""Self-ensemble: the mean of the completions of an image and of its mirror image.

Lim et al., "Enhanced deep residual networks for single image super-resolution" (2017), average over
eight flips and rotations. Natural images are upright, so only the left-right mirror is used here.
"""

from typing import Any, NamedTuple

import jax

from inpaint_jax.errors import InputError
from inpaint_jax.systems.interface import System


class Progress(NamedTuple):
    """Progress on the images and on their mirrors."""

    given: Any
    mirrored: Any
    done: jax.Array  # [B]


def self_ensemble(system: System) -> System:
    """Average the completions of every image and its mirror.

    The network should have seen mirrored images (``data.flip``) and mirrored holes in training.

    Args:
      system: a system that completes in one pass, with one completion per image.

    Returns:
      A system with the same stages. It completes a hole if ``system`` supports both the hole and
      its mirror. Completion takes twice as long.

    Raises:
      InputError: a search, or a system with several completions per image.
    """
    if system.advance or system.most != 1 or system.host:
        needed = "a network that gives one completion per image in one pass"
        raise InputError(f"config.self_ensemble needs {needed}; leave it out")

    def begin(states, images, hole, keys, k):
        given = system.begin(states, images, hole, keys, k)
        mirrored = system.begin(states, mirror(images), mirror(hole), keys, k)
        return Progress(given, mirrored, given.done)

    def finish(states, progress):
        given, mirrored = (
            system.finish(states, one) for one in (progress.given, progress.mirrored)
        )
        return given._replace(images=0.5 * (given.images + mirror(mirrored.images)))

    def supports(hole):
        return system.supports(hole) or system.supports(mirror(hole))

    return system._replace(begin=begin, finish=finish, supports=supports)


def mirror(images):
    """Mirror images or holes ``[..., H, W, C]`` from left to right."""
    return images[..., ::-1, :]
