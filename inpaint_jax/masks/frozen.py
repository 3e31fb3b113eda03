"""Frozen sets of holes for evaluation: the same (set, seed) gives the same holes on any machine."""

import functools
import hashlib
from collections.abc import Sequence

import jax
import numpy as np

from inpaint_jax import seeds
from inpaint_jax.errors import InputError
from inpaint_jax.masks.families import parse

CHUNK = 64  # images per call: bounds memory, and one compilation serves any number of images


@functools.lru_cache  # compiled once per family and size
def _chunk_of(spec: str, size: int):
    draw = parse(spec)

    def one(key):
        hole = draw(key, size)
        return hole > 0.5, ((hole == 0) | (hole == 1)).all()

    return jax.jit(jax.vmap(one))


def evaluation_holes(spec: str, *, ids: Sequence[str], size: int, seed: int) -> np.ndarray:
    """Draw one hole per image from the image id and the seed.

    The CPU always draws the holes, even if an accelerator is present.

    Args:
      spec: the family, see ``parse``.
      ids: image ids.
      size: side of the images in pixels.
      seed: seed of the set.

    Returns:
      ``float32 [N, size, size, 1]``, 1 = missing. The hole of an image does not depend on the
      position in ``ids``.

    Raises:
      InputError: invalid spec, holes that do not fit the image, a custom family that draws values
        other than 0 and 1, or JAX without a CPU backend.
    """
    draw_chunk = _chunk_of(spec, size)
    try:
        cpu = jax.local_devices(backend="cpu")[0]
    except RuntimeError as error:
        raise InputError(
            "holes are drawn on the CPU: include it in JAX_PLATFORMS, as in cuda,cpu"
        ) from error
    holes = np.empty((len(ids), size, size, 1), np.float32)
    with jax.default_device(cpu):
        for first in range(0, len(ids), CHUNK):
            chunk = list(ids[first : first + CHUNK])
            keys = seeds.example_keys(seed, chunk + [""] * (CHUNK - len(chunk)), "hole")
            drawn, binary = draw_chunk(keys)
            if not binary.all():  # only a custom family can do this
                raise InputError(
                    f"the hole {spec!r} has values other than 0 (known) and 1 (missing)"
                )
            holes[first : first + CHUNK] = drawn[: len(chunk)]
    return holes


def holes_hash(holes: np.ndarray) -> str:
    """Fingerprint a set of holes; every result records it.

    Args:
      holes: ``[N, H, W, 1]``, values 0 and 1.

    Returns:
      The first 16 hexadecimal digits of the SHA-256 of shape and bits.
    """
    missing = np.asarray(holes) > 0.5
    return hashlib.sha256(str(missing.shape).encode() + np.packbits(missing).tobytes()).hexdigest()[
        :16
    ]
