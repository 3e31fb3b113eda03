"""Training data of a stage: images, arrays that belong to them, held-out images, and batches."""

from collections.abc import Callable, Collection, Generator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from inpaint_jax import parallel
from inpaint_jax.compositing import from_uint8
from inpaint_jax.data.cache import Cached
from inpaint_jax.data.checking import leaving_out
from inpaint_jax.data.hole_folder import read_holes
from inpaint_jax.data.pipeline import training_batches
from inpaint_jax.data.sources import holdout, open_source
from inpaint_jax.data.views import Source, Subset
from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_list
from inpaint_jax.runs.configuration import Config, evaluation_fit
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.runs.training.moved import as_begun
from inpaint_jax.runs.training.projections import projections
from inpaint_jax.runs.workdir import StageFolder
from inpaint_jax.systems.interface import Stage


def training_source(
    config: Config, settings: Config, *, part: str = "train", without: Collection[str] = ()
) -> Source:
    """Open the images that a stage trains on, or ("validation") those that it holds out.

    Images with ids in ``without`` are left out. Training images are uncut if ``data.fit`` is a
    random crop, see ``open_source``.

    Raises:
      InputError: no such images, fewer than one batch, or a batch that the accelerators cannot
        share.
    """
    specs = settings.get("train", config.data.train)
    train = part == "train"
    fit = config.data.fit if train else evaluation_fit(config)
    source: Source = open_source(split_list(specs), size=config.data.size, fit=fit, uncut=train)
    source = leaving_out(source, without)
    if count := settings.get("images", 0):
        if len(source) < count:
            raise InputError(
                f"{specs}: {len(source)} images are fewer than the {count} that the stage needs"
            )
        source = Subset(source, range(count))
    if held_out := settings.get("holdout", 0):
        source = holdout(source, count=held_out, part=part)
    if train and len(source) < settings.batch_size:
        besides = f" besides the {held_out} held out" if held_out else ""
        raise InputError(
            f"{specs}: {len(source)} images{besides} are fewer than one batch "
            f"of {settings.batch_size}"
        )
    if settings.batch_size % (count := parallel.share_batch(settings.batch_size).size):
        raise InputError(
            f"{settings.batch_size} examples cannot be shared by {count} devices: choose a "
            f"batch_size that is a multiple of {count}"
        )
    return source


def check_labelled(stage: Stage, source: Source | None) -> None:
    """Refuse images without labels for a stage that needs labels."""
    if stage.classes and source is not None and "label" not in source[0]:
        raise InputError(
            f"stages.{stage.name}: {source[0]['id']} has no label; the stage needs labelled "
            "images, such as a folder with a labels.csv or with one sub-folder per class"
        )


def batch_shape(stage: Stage, config: Config) -> dict[str, jax.ShapeDtypeStruct]:
    """Return shapes and types of a batch of a stage."""
    side = (config.stages[stage.name].batch_size, config.data.size, config.data.size)
    names = {"image": 3, **({"projection": 3, "hole": 1} if stage.projection else {})}
    if config.stages[stage.name].get("hole_files"):
        names["hole"] = 1
    shapes = {
        name: jax.ShapeDtypeStruct((*side, channels), jnp.float32)
        for name, channels in names.items()
    }
    return {
        **shapes,
        **({"label": jax.ShapeDtypeStruct(side[:1], jnp.int32)} if stage.classes else {}),
    }


def stage_examples(
    stage: Stage,
    config: Config,
    folder: StageFolder,
    earlier: dict[str, Any],
    stop: StopRequest,
    *,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """Open the images that a stage trains on, the arrays that belong to them, and held-out images.

    Args:
      stage: the stage to train.
      config: config of the run.
      folder: folder of the stage; completed training images are kept there.
      earlier: finished states of the stages before this one.
      stop: when it becomes true, the work ends.
      without: ids of images that are left out.

    Returns:
      ``{"source", "arrays": {name: [N, ...]}, "held_out"}``. A stage that adapts is validated on
      ``held_out``, float32 ``[N, S, S, 3]`` in [-1, 1]; it is None for other stages.

    Raises:
      Interrupted: a signal stopped the work; completed images are kept.
    """
    settings = config.stages[stage.name]
    source, held_out = training_source(config, settings, without=without), None
    if stage.adapt:
        held = training_source(config, settings, part="validation", without=without)
        held_out = from_uint8(np.stack([held[i]["image"] for i in range(len(held))]))
    if stage.projection is None:
        return {"source": source, "arrays": {}, "held_out": held_out}
    if "smallest" in source[0]:
        raise InputError(
            f"stages.{stage.name} learns from completed images, which do not match random windows: "
            f"data.fit cannot be {config.data.fit!r} here"
        )
    arrays = projections(stage, source, as_begun(config, folder), folder.projections, earlier, stop)
    return {"source": source, "arrays": arrays, "held_out": held_out}


def batches(
    config: Config,
    settings: Config,
    start: int,
    mesh,
    *,
    source: Source,
    arrays: dict[str, np.ndarray],
    classes: int = 0,
) -> Generator[dict[str, jax.Array]]:
    """Yield batches on the devices; the next one is in transfer while one is used.

    ``data.workers`` processes prepare them, see ``training_batches``.

    Raises:
      InputError: a label outside the classes that a stage knows (0: it reads no labels).
    """

    def put(batch):
        if classes and not ((label := batch["label"]) < classes).all():
            raise InputError(
                f"label {label.max()} is outside the {classes} classes of the "
                f"network: 0 to {classes - 1}"
            )
        return parallel.put_batch(batch, mesh)

    cached = Cached(source, size=config.data.size)
    with tqdm(
        total=len(cached),
        desc="reading",
        unit="image",
        leave=False,
        disable=jax.process_index() > 0,
    ) as bar:
        for count in cached.fill():
            bar.update(count)
    host = training_batches(
        cached,
        size=config.data.size,
        batch_size=settings.batch_size,
        seed=config.seed,
        start_step=start,
        flip=config.data.flip and not arrays,  # such arrays would not be flipped with their images
        holes=read_holes(folder, size=config.data.size)
        if (folder := settings.get("hole_files"))
        else None,
        arrays=arrays,
        process_index=jax.process_index(),
        process_count=jax.process_count(),
        workers=config.data.get("workers", 0),
    )
    return on_devices(host, put)


def on_devices(host: Generator[Any], put: Callable[[Any], Any]) -> Generator[Any]:
    """Yield batches of a host on the devices, with one in transfer;
    the host's iterator is closed in the end.
    """
    try:
        upcoming = put(next(host))
        while True:
            batch, upcoming = upcoming, put(next(host))
            yield batch
    finally:
        host.close()
