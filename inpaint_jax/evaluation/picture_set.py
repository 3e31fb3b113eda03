"""Whole pictures under frozen holes: what every number of an evaluation is measured on."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import masks
from inpaint_jax.compositing import from_levels
from inpaint_jax.data.sources import open_source


class PictureSet(NamedTuple):
    """N pictures, each with a hole of every family.

    Attributes:
      sources: the specs that they were read from.
      names: their ids.
      truth: float32 ``[N, S, S, 3]`` in [-1, 1], on the 256 levels of picture files.
      digest: 16 hex digits that two sets share exactly when their names and pixels are equal.
      holes: ``{family: [N, S, S, 1]}``, 1 = missing.
      hashes: of the holes, ``{family: 16 hex digits}``.
      seed: of the holes, and of the latents that complete them.
    """

    sources: tuple[str, ...]
    names: list[str]
    truth: np.ndarray
    digest: str
    holes: dict[str, np.ndarray]
    hashes: dict[str, str]
    seed: int


def under(pictures: PictureSet, families: Sequence[str]) -> PictureSet:
    """The same pictures with the holes of some of their families."""
    holes, hashes = ({family: of[family] for family in families} for of in (pictures.holes, pictures.hashes))
    return pictures._replace(holes=holes, hashes=hashes)


def read(
    sources: Sequence[str], families: Sequence[str], *, size: int, fit: str, seed: int, at_most: int | None = None
) -> PictureSet:
    """Reads pictures into memory and draws their holes.

    Args:
      sources: specs, as ``data.sources.open_source`` takes them.
      families: of holes.
      size: side of the pictures.
      fit: how they meet that size, see ``data.fitting.Fit``.
      seed: of the holes; with a picture's id it fixes the picture's hole.
      at_most: only the first so many; None: all.

    Raises:
      InputError: for bad pictures or families.
    """
    source = open_source(sources, size=size, fit=fit)
    chosen = range(len(source))[:at_most]
    names = [source.id(i) for i in chosen]
    levels = np.stack([source[i]["image"] for i in tqdm(chosen, "reading", unit="image", leave=False)])
    holes = {family: masks.evaluation_holes(family, ids=names, size=size, seed=seed) for family in families}
    return PictureSet(
        sources=tuple(sources),
        names=names,
        truth=from_levels(levels),
        digest=hashlib.sha256("\n".join(names).encode(errors="surrogateescape") + levels.tobytes()).hexdigest()[:16],
        holes=holes,
        hashes={family: masks.holes_hash(drawn) for family, drawn in holes.items()},
        seed=seed,
    )
