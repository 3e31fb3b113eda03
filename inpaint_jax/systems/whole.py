"""A whole completion as one pure function, without slots and progress."""

from collections.abc import Mapping
from itertools import compress
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax.compositing import fill
from inpaint_jax.errors import InputError
from inpaint_jax.systems.interface import Completion, System, check_count
from inpaint_jax.systems.pruning import prune
from inpaint_jax.types import Hole, Image, Key, check_hole


def complete(
    system: System, states: Mapping[str, Any], images: Image, hole: Hole, keys: Key, *, k: int = 1
) -> Completion:
    """Complete images, from the first iteration to the last; jit it with ``system`` closed over.

    The system sees every image as a batch of one, under ``vmap``. No result depends on other
    images. Systems that count their batch in Python work with a symbolic number of images
    (``jax.export``). The search of all images runs until the last one is done. For many images, or
    to see progress, use a ``Driver``.

    Args:
      system: the method.
      states: trained stages by name; ``{}`` for a baseline without stages.
      images: ``[B, H, W, C]`` in [-1, 1]; values inside the holes are not used.
      hole: ``[B, H, W, 1]``, 1 = missing. A hole that ``system.supports`` refuses gives a
        meaningless completion, because the values of a traced array cannot be checked.
      keys: typed keys ``[B]``. ``seeds.example_keys(seed, ids, "search")`` makes the keys that
        ``inpaint_jax.complete`` uses.
      k: completions per image; a search makes at least as many restarts.

    Returns:
      ``images [B, k, H, W, C]`` in [-1, 1], best first, known pixels bit-identical to the input;
      ``losses {term: [B, k]}``; ``traces {term: [B, T]}`` and ``evaluations [B]`` of searches.

    Raises:
      InputError: at trace time: a shape or type that the system cannot take, or a number of
        completions that the system cannot give.
    """
    check_hole(hole, images, "images")
    if not jnp.issubdtype(keys.dtype, jax.dtypes.prng_key) or keys.shape != images.shape[:1]:
        wanted = "one typed key per image, as from jax.random.split"
        raise InputError(f"keys must be {wanted}, got {keys.dtype} {keys.shape}")
    if system.size and images.shape[1:3] != (system.size, system.size):
        got = images.shape[1:3]
        raise InputError(f"this system completes images of side {system.size}, got {got}")
    check_count(system, k)

    def begin(image, hole, key):
        return system.begin(states, image[None], hole[None], key[None], k)

    progress = jax.vmap(begin)(fill(images, hole), hole, keys)
    if step := system.advance:

        def advance(states, progress):
            return jax.vmap(lambda one: step(states, one))(progress)

        # JAX does not prune loops: it would count every argument as needed.
        run, needed = prune(advance, states, progress)
        progress = jax.lax.while_loop(
            lambda progress: ~progress.done.all(),
            lambda progress: run(*compress(jax.tree.leaves((states, progress)), needed)),
            progress,
        )
    completion = jax.vmap(lambda one: system.finish(states, one))(progress)
    completion = jax.tree.map(lambda leaf: leaf[:, 0], completion)  # drop the batch axis of one
    if completion.images.shape[1] < k:  # a custom system that does not state `most`
        raise InputError(f"this system gives fewer completions per image than {k}")
    best = {term: values[:, :k] for term, values in completion.losses.items()}
    return completion._replace(images=completion.images[:, :k], losses=best)
