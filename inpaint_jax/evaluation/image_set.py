"""Whole images under frozen holes: the data behind every number of an evaluation."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import checks, masks
from inpaint_jax.compositing import from_uint8
from inpaint_jax.data.sources import open_source
from inpaint_jax.data.views import Concatenated, Fitted
from inpaint_jax.errors import InputError, note, some_of
from inpaint_jax.runs.holes import Holes, at_model, is_drawn, open_holes, place_of
from inpaint_jax.runs.shares import Share


class ImageSet(NamedTuple):
    """N images, each with one hole of every family.

    Attributes:
      sources: the source specs of the images.
      names: ids of the images.
      truth: float32 ``[N, S, S, 3]`` in [-1, 1], on the 256 values of image files.
      digest: 16 hex digits, equal for two sets exactly if names and pixels are equal.
      holes: ``{family: [N, S, S, 1]}``, 1 = missing.
      hashes: hashes of the holes, ``{family: 16 hex digits}``.
      seed: random seed of the holes, and of the latents of completions.
      skipped: reasons for images that were left out, by id.
    """

    sources: tuple[str, ...]
    names: list[str]
    truth: np.ndarray
    digest: str
    holes: dict[str, np.ndarray]
    hashes: dict[str, str]
    seed: int
    skipped: dict[str, str] = {}


def under(image_set: ImageSet, families: Sequence[str]) -> ImageSet:
    """Restrict a set to some of its hole families; unknown families are ignored."""
    kept = [family for family in families if family in image_set.holes]
    holes, hashes = (
        {family: of[family] for family in kept} for of in (image_set.holes, image_set.hashes)
    )
    return image_set._replace(holes=holes, hashes=hashes)


def read_image_set(
    sources: Sequence[str],
    families: Sequence[str],
    *,
    size: int,
    fit: str,
    seed: int,
    at_most: int | None = None,
    skip_errors: bool = False,
    share: Share | None = None,
) -> ImageSet:
    """Read images into memory; draw their holes or read them from files.

    Args:
      sources: specs, see ``data.sources.open_source``.
      families: hole families, or files and folders of holes, see ``runs.holes.open_holes``.
      size: side of the images.
      fit: how images are fitted to the size, see ``data.fitting.Fit``.
      seed: random seed of the holes; together with an image's id it fixes the image's hole.
      at_most: largest number of images, from the first on; None: all.
      skip_errors: leave out images that cannot be read, or whose holes cannot be read.
      share: read only the images of this share, of which there may be none.

    Raises:
      InputError: bad images, families or hole files.
    """
    places = [place for place in map(place_of, families) if place]
    source = open_source(sources, size=size, fit=fit, holes=places)
    each = size**2 * (3 * (1 + 4) + 4 * len(families))  # bytes: uint8 image, truth and holes
    chosen = [i for i in range(len(source))[:at_most] if share is None or share.takes(source.id(i))]
    checks.memory(
        each * len(chosen),
        f"holding {len(chosen)} images",
        "choose a smaller --count, or more shares",
    )
    stored = {
        spec: stored_holes(spec, source, sources, seed=seed)
        for spec in families
        if not is_drawn(spec)
    }
    for holes in stored.values():
        if not skip_errors:
            holes.check()
    for text in [*source.notes, *(text for holes in stored.values() for text in holes.notes)]:
        note(text)
    names, images, skipped = [], [], {}
    read_holes: dict[str, list[np.ndarray]] = {spec: [] for spec in stored}
    for i in tqdm(chosen, "reading", unit="image", leave=False):
        name = source.id(i)
        try:
            image = source[i]["image"]
            found = {spec: hole_of(holes, source, i) for spec, holes in stored.items()}
        except InputError as error:
            if not skip_errors:
                raise
            skipped[name] = str(error)
            continue
        names.append(name)
        images.append(image)
        for spec, hole in found.items():
            read_holes[spec].append(hole)
    if skipped:
        first = next(iter(skipped.values()))
        note(f"left out {some_of(list(skipped), 'image')} of {len(skipped) + len(names)}: {first}")
    if not names and not share:
        raise InputError(f"no image is left to evaluate: {next(iter(skipped.values()))}")
    pixels = np.stack(images) if images else np.zeros((0, size, size, 3), np.uint8)
    holes = {
        spec: np.array(read_holes[spec], np.float32).reshape(-1, size, size, 1)
        if spec in stored
        else masks.evaluation_holes(spec, ids=names, size=size, seed=seed)
        for spec in families
    }
    return ImageSet(
        sources=tuple(sources),
        names=names,
        truth=from_uint8(pixels),
        digest=hashlib.sha256(
            "\n".join(names).encode(errors="surrogateescape") + pixels.tobytes()
        ).hexdigest()[:16],
        holes=holes,
        hashes={family: masks.holes_hash(drawn) for family, drawn in holes.items()},
        seed=seed,
        skipped=skipped,
    )


def stored_holes(
    spec: str, source: Fitted | Concatenated, sources: Sequence[str], *, seed: int
) -> Holes:
    """Open holes from files."""
    if not isinstance(source, Fitted):
        raise InputError("--images: holes from files need the same fit= for all sources")
    return open_holes(spec, source, seed=seed, images=sources)


def hole_of(holes: Holes, source: Fitted | Concatenated, i: int) -> np.ndarray:
    """Return the hole of image ``i`` at the model's size; raise InputError for an empty one."""
    assert isinstance(source, Fitted)
    name = source.id(i)
    hole = at_model(holes, name, source.images[i]["image"].shape)
    if not hole.any():
        raise InputError(
            f"the hole of image {name!r} has no missing pixel: leave this image "
            "out, or paint its hole"
        )
    return hole
