"""Completed images of another program as a method: ``images?folder=DIR``.

``DIR/<family>/<id>.png`` is the completion of image ``<id>`` under the holes of a family
(``random:0.8`` has the folder ``random-0.8``). With one family the images may lie in ``DIR``.
``inpaint holes`` writes the holes to complete.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from inpaint_jax.compositing import from_uint8
from inpaint_jax.data.files import fingerprint
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.image_files import read_image
from inpaint_jax.data.listing import image_ids, list_images
from inpaint_jax.errors import InputError
from inpaint_jax.systems.driver import Result, Task


def family_folder(family: str) -> str:
    """Return the folder name of a hole family, or of hole files: the last part of the path."""
    return family.rstrip("/").rpartition("/")[2].replace(":", "-")


def reader(
    options: Mapping[str, str], *, size: int | None, fit: str
) -> tuple[Callable[..., Iterator[Result]], list[Any]]:
    """Return a method that reads completed images instead of computing them.

    Args:
      options: ``{"folder": DIR}``.
      size: side of the images; files of another size are fitted like the true images. None: sizes
        are not changed.
      fit: how files are fitted.

    Returns:
      ``run`` and ``identity`` of a ``Method``; a task's ``group`` is the hole family.

    Raises:
      InputError: no such folder, or other options; at the run, an image without a completion (names
        it).
    """
    if set(options) != {"folder"}:
        raise InputError("--method: name stored results as images?folder=DIR")
    folder = Path(options["folder"]).expanduser()
    if not folder.is_dir():
        raise InputError(f"--method: images?folder={folder}: no such folder")
    stamps = {
        str(file): [file.stat().st_size, file.stat().st_mtime_ns]
        for file in sorted(folder.rglob("*"))
    }

    def run(
        tasks: Iterable[Task], *, seed: int, stop: Any = False, bar: Any = None
    ) -> Iterator[Result]:
        del seed
        known: dict[str, dict[str, Path]] = {}
        for task in tasks:
            if stop:
                return
            place = folder / family_folder(task.group)
            place = place if task.group and place.is_dir() else folder
            if task.group not in known:
                known[task.group] = dict(image_ids(place, list_images(place, masks=True).files))
            if task.id not in known[task.group]:
                raise InputError(
                    f"{place} has no completion of image {task.id!r}; add {task.id}.png"
                )
            image = read_image(known[task.group][task.id])
            if image.shape != task.image.shape:
                image = Fit(fit, size or task.image.shape[0]).to_model(image)
            yield Result(task, from_uint8(image)[None], {}, {}, None)
            if bar is not None:
                bar.update()

    return run, ["stored", str(folder), fingerprint(stamps)]
