"""``inpaint holes``: the holes of an evaluation as files, for use by any other program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inpaint_jax.compositing import to_levels
from inpaint_jax.data import files
from inpaint_jax.data.pictures import write_picture
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import picture_set
from inpaint_jax.evaluation.picture_set import PictureSet
from inpaint_jax.runs.locks import locked, unoccupied
from inpaint_jax.runs.stored_results import family_folder


def write_holes(
    families: Sequence[str],
    images: Sequence[str],
    output: str | Path,
    *,
    size: int,
    fit: str = "crop",
    seed: int = 0,
) -> dict[str, Any]:
    """Write whole images and one hole of every family for each, as for ``inpaint evaluate``.

    Writes ``pictures/<id>.png``, ``holes/<family>/<id>.png`` (white = missing),
    ``damaged/<family>/<id>.png`` (grey inside the hole) and ``holes.json``. To measure completions
    in ``DIR/<family>/<id>.png``, run ``inpaint evaluate --method='pictures?folder=DIR'`` with the
    same images, size, fit and seed.

    Args:
      families: hole families.
      images: source specs of the images.
      output: output folder; created if missing, refused if not empty.
      size: side of the images.
      fit: how images are fitted to the size, see ``data.fitting.Fit``.
      seed: random seed of the holes.

    Returns:
      The content of ``holes.json``: sources, size, fit, seed, and the hash of every family's holes.

    Raises:
      InputError: bad images or families, or an output that is not empty.
    """
    output = Path(output)
    refuse_occupied(output)
    pictures = picture_set.read(images, families, size=size, fit=fit, seed=seed)
    with locked(output, "writing holes", option="--output"):
        refuse_occupied(output)  # another process may have written in the meantime
        return write_set(output, pictures, size=size, fit=fit)


def refuse_occupied(output: Path) -> None:
    """Raise InputError if an output is not empty."""
    if not unoccupied(output):
        raise InputError(f"{output} is not empty: give another --output")


def write_set(output: Path, pictures: PictureSet, *, size: int, fit: str) -> dict[str, Any]:
    """Write images and holes into a folder that this process has locked."""
    for i, name in enumerate(tqdm(pictures.names, desc="writing", unit="image")):
        write_picture(output / "pictures" / f"{name}.png", to_levels(pictures.truth[i]))
        for family, holes in pictures.holes.items():
            hole = (holes[i, ..., 0] * 255).astype(np.uint8)
            write_picture(output / "holes" / family_folder(family) / f"{name}.png", hole)
            damaged = to_levels(np.where(holes[i] > 0, 0, pictures.truth[i]))
            write_picture(output / "damaged" / family_folder(family) / f"{name}.png", damaged)
    about = {
        "images": list(pictures.sources),
        "count": len(pictures.names),
        "size": size,
        "fit": fit,
        "seed": pictures.seed,
        "pictures_hash": pictures.digest,
        "holes_hash": pictures.hashes,
    }
    files.write_json(output / "holes.json", about)
    return about
