"""``inpaint holes``: the holes of an evaluation as files, for use by any other program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inpaint_jax.compositing import to_uint8
from inpaint_jax.data import files
from inpaint_jax.data.image_files import write_image
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.image_set import ImageSet, read_image_set
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

    Writes ``images/<id>.png``, ``holes/<family>/<id>.png`` (white = missing),
    ``damaged/<family>/<id>.png`` (grey inside the hole) and ``holes.json``. To measure completions
    in ``DIR/<family>/<id>.png``, run ``inpaint evaluate --method='images?folder=DIR'`` with the
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
    image_set = read_image_set(images, families, size=size, fit=fit, seed=seed)
    with locked(output, "writing holes", option="--output"):
        refuse_occupied(output)  # another process may have written in the meantime
        return write_set(output, image_set, size=size, fit=fit)


def refuse_occupied(output: Path) -> None:
    """Raise InputError if an output is not empty."""
    if not unoccupied(output):
        raise InputError(f"{output} is not empty: give another --output")


def write_set(output: Path, image_set: ImageSet, *, size: int, fit: str) -> dict[str, Any]:
    """Write images and holes into a folder that this process has locked."""
    for i, name in enumerate(tqdm(image_set.names, desc="writing", unit="image")):
        write_image(output / "images" / f"{name}.png", to_uint8(image_set.truth[i]))
        for family, holes in image_set.holes.items():
            hole = (holes[i, ..., 0] * 255).astype(np.uint8)
            write_image(output / "holes" / family_folder(family) / f"{name}.png", hole)
            damaged = to_uint8(np.where(holes[i] > 0, 0, image_set.truth[i]))
            write_image(output / "damaged" / family_folder(family) / f"{name}.png", damaged)
    about = {
        "images": list(image_set.sources),
        "count": len(image_set.names),
        "size": size,
        "fit": fit,
        "seed": image_set.seed,
        "images_hash": image_set.digest,
        "holes_hash": image_set.hashes,
    }
    files.write_json(output / "holes.json", about)
    return about
