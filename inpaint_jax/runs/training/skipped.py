"""Unreadable training images: found before the first step, and left out at the user's request.

``skipped.json`` of a workdir lists them with the reasons. A run continues without them, whatever
happens to the files, because its batches depend on the set of images.
"""

from collections.abc import Sequence

from inpaint_jax.data import cache
from inpaint_jax.data.checking import unreadable
from inpaint_jax.data.json_files import read_json, write_json
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.views import Source
from inpaint_jax.errors import InputError, note, some_of
from inpaint_jax.naming import split_list
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.workdir import Workdir
from inpaint_jax.systems.interface import Stage

FILE = "skipped.json"


def find(
    stages: Sequence[Stage], config: Config, workdir: Workdir, *, skip_errors: bool
) -> dict[str, str]:
    """Find the images that a run leaves out.

    Images that are kept in memory are read before the first step anyway. A larger set is read once
    for this check when a stage begins, so that a bad image does not stop the training after hours.

    Args:
      stages: stages that have steps to take.
      config: config of the run.
      workdir: folder of the run.
      skip_errors: leave bad images out; all images are then read at every start.

    Returns:
      ``{id: reason}`` for the images left out, including those of earlier calls.

    Raises:
      InputError: bad images in a large set, and ``skip_errors`` is false.
    """
    before = read_json(workdir.path / FILE, dict, remedy="delete it") or {}
    found: dict[str, str] = {}
    for specs, new in wanted(stages, config, workdir).items():
        data = config.data
        source = open_source(split_list(specs), size=data.size, fit=data.fit, uncut=True)
        if skip_errors or (new and is_large(source, data.size)):
            found |= {
                name: reason for name, reason in unreadable(source).items() if name not in before
            }
    if found and not skip_errors:
        names, first = some_of(list(found), "image"), next(iter(found.values()))
        raise InputError(
            f"cannot train on {names}: {first}; --on-error=skip leaves such images out"
        )
    if everything := before | found:
        note(f"training without {some_of(list(everything), 'image')}; {workdir}/{FILE} says why")
    return everything


def write(workdir: Workdir, skipped: dict[str, str]) -> None:
    """Record the images that a run leaves out."""
    if skipped:
        write_json(workdir.path / FILE, skipped)


def wanted(stages: Sequence[Stage], config: Config, workdir: Workdir) -> dict[str, bool]:
    """Return the sources of images, and whether a stage begins with each."""
    specs: dict[str, bool] = {}
    for stage in stages:
        new = not workdir.stage(stage.name).latest()
        for text in (
            config.stages[stage.name].get("train", config.data.train),
            config.data.get("validation"),
        ):
            if text:
                specs[text] = specs.get(text, False) or new
    return specs


def is_large(source: Source, size: int) -> bool:
    """Return whether a source is too large for memory, see ``data.cache``."""
    try:
        each = source[0]["image"].nbytes
    except InputError:
        each = size * size * 3
    return len(source) * each > cache.LIMIT
