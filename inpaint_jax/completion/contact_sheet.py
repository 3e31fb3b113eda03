"""Contact sheet of a folder job: the first images, damaged and completed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from inpaint_jax.completion.examination import Entry
from inpaint_jax.completion.records import deviation_file, image_file, kept_file
from inpaint_jax.compositing import from_uint8
from inpaint_jax.data import sheets
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.image_files import read_image, write_image
from inpaint_jax.data.views import Fitted
from inpaint_jax.runs.holes import Holes

SHEET, TILE = 16, 128  # maximum number of images; side of a tile if images have several sizes


def write_contact_sheet(
    output: Path, source: Fitted, holes: Holes, entries: Sequence[Entry], *, keep: int
) -> None:
    """Write ``contact_sheet.png`` of the first images.

    Columns: the damaged image; the completion, or all kept completions and their deviation; and
    the truth if it is known.
    """
    tile = source.fit if source.fit.size else Fit("resize", TILE)

    def column(files: Iterable[Path]) -> np.ndarray:
        return np.stack([from_uint8(tile.to_model(read_image(file))) for file in files])

    pairs = [tile_of(source, holes, entry, tile) for entry in entries]
    images, missing = (np.stack(parts) for parts in zip(*pairs, strict=True))
    columns = {"damaged": np.where(missing > 0, 0, images)}
    if keep > 1:
        for rank in range(keep):
            columns[f"kept {rank + 1}"] = column(
                kept_file(output, e.id, rank, e.suffix) for e in entries
            )
        columns["deviation"] = column(deviation_file(output, e.id) for e in entries)
    else:
        columns["completed"] = column(image_file(output, e.id, e.suffix) for e in entries)
    if not holes.damaged:
        columns["truth"] = images
    write_image(output / "contact_sheet.png", sheets.contact_sheet(columns))


def tile_of(source: Fitted, holes: Holes, entry: Entry, tile: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Return an image in [-1, 1] and its hole at the size of a tile.

    The content of damaged images inside their holes is never shown.
    """
    image = source.images[entry.position]["image"]
    hole = holes.at_image(entry.id, image.shape)
    if tile is source.fit:
        seen = tile.to_model(image, hole if holes.damaged else None)
        return from_uint8(seen), holes.at_model(entry.id, image.shape).astype(np.float32)
    return from_uint8(tile.to_model(image, hole)), tile.hole_to_model(hole).astype(np.float32)
