"""Moved training images: a run continues with them if they are the images that it began with.

``data.json`` of a stage describes the images that it began with: the source spec, the number of
images, a digest of their ids, and digests of a few images as the stage sees them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inpaint_jax.data import files
from inpaint_jax.data.json_files import read_json, write_json
from inpaint_jax.data.views import Source, ids
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.workdir import StageFolder, Workdir, names_images
from inpaint_jax.systems.interface import Stage

SAMPLE = 4  # number of compared images
RECORD = {"train": str, "count": int, "ids": str, "sample": [str]}


def write_record(folder: StageFolder, config: Config, source: Source) -> None:
    """Record the images that a stage begins with; an existing record stays."""
    if recorded(folder) is None:
        write_json(folder.images, {"train": config.data.train, **described(source)})


def recorded(folder: StageFolder) -> dict[str, Any] | None:
    """Read the record of a stage; None for a stage that has not begun, or began in version 0.1."""
    return read_json(
        folder.images, RECORD, remedy="delete it if the training images have not moved"
    )


def described(source: Source) -> dict[str, Any]:
    """Describe images by their number, their ids and the content of a few."""
    names = "\n".join(ids(source)).encode(errors="surrogateescape")
    chosen = range(0, len(source), max(1, len(source) // SAMPLE))[:SAMPLE]
    return {
        "count": len(source),
        "ids": files.digest(names),
        "sample": [content(source, i) for i in chosen],
    }


def content(source: Source, i: int) -> str:
    """Return the digest of an image; empty for an unreadable one."""
    try:
        return files.digest(np.ascontiguousarray(source[i]["image"]).tobytes())
    except InputError:
        return ""


def check(
    workdir: Workdir,
    stages: Sequence[Stage],
    config: Config,
    *,
    open_images: Callable[[Config, Config], Source],
) -> None:
    """Refuse a config whose training images differ from those that the workdir's stages began with.

    Args:
      workdir: folder of a run; it need not exist.
      stages: stages of the run.
      config: config with which the run continues.
      open_images: ``feed.training_source``, called with the config and the settings of a stage.

    Raises:
      InputError: the number, the ids or the content of the images differ, or no record of the
        earlier images exists.
    """
    if not workdir.holds_run():
        return
    before = workdir.config()
    if not [
        key
        for key in configuration.differing(before, configuration.to_plain(config))
        if names_images(key)
    ]:
        return
    for stage in stages:
        folder, settings = workdir.stage(stage.name), config.stages[stage.name]
        known = recorded(folder)
        if known is None and not folder.latest():
            continue
        where = f"{workdir} was trained on {before['data']['train']}"
        if known is None:
            raise InputError(f"{where}, and no record of its images exists: give another --workdir")
        if reason := difference(known, described(open_images(config, settings))):
            raise InputError(f"{where}; {config.data.train} has {reason}: give another --workdir")


def difference(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """Describe the difference between two sets of images; None if they are the same."""
    if before["count"] != now["count"]:
        return f"{now['count']} images instead of {before['count']}"
    if before["ids"] != now["ids"]:
        return "images of other names"
    pairs = zip(before["sample"], now["sample"], strict=False)
    return "other images of the same names" if any(a != b for a, b in pairs if a and b) else None


def as_begun(config: Config, folder: StageFolder) -> Config:
    """Return the config with the image source of the stage's start.

    That source enters the names of projection files.
    """
    known, plain = recorded(folder), configuration.to_plain(config)
    if known is None or known["train"] == plain["data"]["train"]:
        return config
    return configuration.from_plain({**plain, "data": {**plain["data"], "train": known["train"]}})
