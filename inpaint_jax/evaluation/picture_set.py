"""Whole pictures under frozen holes: what every number of an evaluation is measured on."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import masks
from inpaint_jax.compositing import from_levels
from inpaint_jax.data.sources import open_source
from inpaint_jax.runs.configuration import Config


class PictureSet(NamedTuple):
    """N pictures, each with a hole of every family.

    Attributes:
      sources: the specs that they were read from.
      names: their ids.
      truth: float32 ``[N, S, S, 3]`` in [-1, 1], on the 256 levels of picture files.
      digest: 16 hex digits that two sets share exactly when their names and pixels are equal.
      gaps: ``{family: [N, S, S, 1]}``, 1 = missing.
      hashes: of the gaps, ``{family: 16 hex digits}``.
      seed: of the holes, and of the latents that complete them.
    """

    sources: tuple[str, ...]
    names: list[str]
    truth: np.ndarray
    digest: str
    gaps: dict[str, np.ndarray]
    hashes: dict[str, str]
    seed: int


def under(pictures: PictureSet, families: Sequence[str]) -> PictureSet:
    """The same pictures with the holes of some of their families."""
    gaps, hashes = ({family: of[family] for family in families} for of in (pictures.gaps, pictures.hashes))
    return pictures._replace(gaps=gaps, hashes=hashes)


def read(
    sources: Sequence[str], holes: Sequence[str], data: Config, *, seed: int, at_most: int | None = None
) -> PictureSet:
    """Reads pictures into memory and draws their holes.

    Args:
      sources: specs, as ``data.sources.open_source`` takes them.
      holes: families.
      data: that part of a config; its ``size`` and ``fit``.
      seed: of the holes; with a picture's id it fixes the picture's hole.
      at_most: only the first so many; None: all.

    Raises:
      InputError: for bad pictures or families.
    """
    source = open_source(sources, size=data.size, fit=data.fit)
    chosen = range(len(source))[:at_most]
    names = [source.id(i) for i in chosen]
    levels = np.stack([source[i]["image"] for i in tqdm(chosen, "reading", unit="image", leave=False)])
    gaps = {family: masks.evaluation_holes(family, ids=names, size=data.size, seed=seed) for family in holes}
    return PictureSet(
        sources=tuple(sources),
        names=names,
        truth=from_levels(levels),
        digest=hashlib.sha256("\n".join(names).encode() + levels.tobytes()).hexdigest()[:16],
        gaps=gaps,
        hashes={family: masks.holes_hash(gap) for family, gap in gaps.items()},
        seed=seed,
    )
