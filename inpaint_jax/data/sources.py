"""Image sources named by one line of text: ``data`` in a config, ``--images`` of a command."""

import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from inpaint_jax.data.facades import Facades
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.folder import Folder
from inpaint_jax.data.marked_names import is_marked
from inpaint_jax.data.portraits import Portraits
from inpaint_jax.data.views import Concatenated, Fitted, ImageSource, Source, Subset, ids
from inpaint_jax.errors import InputError, users_code
from inpaint_jax.naming import hashed, resolve, split_options

DRAWN = 256  # side of a procedural image that keeps its full size
BUILT_IN = {"facades": Facades, "portraits": Portraits}
SHARED_OPTIONS = ("crop", "fit", "start", "count")


def open_source(
    spec: str | Sequence[str] | ImageSource,
    *,
    size: int | None,
    fit: str = "crop",
    holes: Sequence[str] = (),
    uncut: bool = False,
) -> Fitted | Concatenated:
    """Open the source that ``spec`` names, with images fitted to the model's side.

    ``portraits?split=train&count=5000``
      the built-in procedural portraits; ``facades`` likewise.
    ``/path/to/folder?split=test&crop=108``
      a folder (``data/folder.py``); also ``labels=FILE.csv``.
    ``tfds:celeb_a?split=train&crop=108``
      a prepared TFDS set (``data/tfds.py``); also ``data_dir=DIR``.
    ``my_data:cats``
      an object with ``__len__`` and ``__getitem__ -> {"image": uint8 [H, W, 3]}``, or a function
      or class that makes one, called without arguments.

    An existing file or folder is taken literally, with question marks and commas in its name.

    Options for every source: ``fit=crop``, ``fit=crop:SIDE`` (for short ``crop=SIDE``),
    ``fit=resize`` or ``fit=random_crop:SIDE`` (``data/fitting.py``), and ``start``, ``count`` (a
    range of images).

    Args:
      spec: one such line; several lines, whose images are concatenated; or an object as above.
      size: side S of the model; None: images keep their full sizes (``fit`` is then "whole").
      fit: default for sources whose line sets no fit.
      holes: hole files and folders; files there are not listed as images.
      uncut: images of a random crop are only scaled, ``[H, W, 3]``, and training cuts the windows.
        A note names each source whose own fit replaces a random crop in ``fit``.

    Returns:
      An image source of uint8 ``[S, S, 3]``: a ``Fitted``, whose ``.images`` have their full
      sizes, unless several sources are fitted differently.

    Raises:
      InputError: an unknown option (lists the known ones), a bad value, or no such source.
    """
    if isinstance(spec, str):
        return _open_one(spec, size, fit, holes, uncut)
    if isinstance(spec, Sequence):
        if not spec:
            raise InputError("no image source: give at least one, such as 'portraits'")
        images = [each for each in spec if not _is_hole(each, holes)] or spec
        opened = [_open_one(each, size, fit, holes, uncut) for each in images]
        if len({each.fit.how for each in opened}) > 1:
            return Concatenated(opened)
        if len(opened) == 1:
            return opened[0]
        merged = Concatenated([each.images for each in opened])
        fitted = Fitted(merged, opened[0].fit, uncut=uncut)
        fitted.notes = [note for each in opened for note in each.notes]
        return fitted
    return Fitted(spec, Fit(fit, size), uncut=uncut)


def holdout(source: Source, *, share: float = 0.0, count: int = 0, part: str) -> Source:
    """Hold out images for validation by a hash of ids, independent of order and of other images.

    Args:
      source: the training images.
      share: expected share to hold out, in [0, 1); each image is chosen by its id alone.
      count: exact number to hold out instead: the images with the smallest hashes.
      part: "train" (the remaining images) or "validation" (the held-out ones, in hash order).

    Raises:
      InputError: neither or both of ``share`` and ``count``, or a part without images.
    """
    if part not in ("train", "validation"):
        raise InputError(f"holdout has no part {part!r}; known: train, validation")
    if bool(share) == bool(count) or not 0 <= share < 1 or count < 0:
        raise InputError(
            f"holdout needs a share in (0, 1) or a count above 0, got share={share}, count={count}"
        )
    hashes = [hashed(name) for name in ids(source)]
    order = sorted(range(len(source)), key=lambda i: (hashes[i], i))
    held_out = order[:count] if count else [i for i in order if hashes[i] < share * 2**64]
    chosen = (
        held_out if part == "validation" else sorted(set(range(len(source))).difference(held_out))
    )
    if not chosen:
        raise InputError(
            f"holding out {count or share} of {len(source)} images leaves none for {part}"
        )
    return Subset(source, chosen)


def image_places(specs: Sequence[str]) -> list[str]:
    """Return the files and folders among the specs of sources."""
    names = [os.path.expanduser(split_options(spec)[0]) for spec in specs]
    return [name for name in names if os.path.exists(name)]


def _is_hole(spec: str, holes: Sequence[str]) -> bool:
    """Return whether a source is a marked file in a hole folder, such as ``photos/*.png`` gives."""
    name = os.path.expanduser(split_options(spec)[0])
    if not os.path.isfile(name) or not is_marked(os.path.splitext(os.path.basename(name))[0]):
        return False
    folder = os.path.realpath(os.path.dirname(name) or ".")
    return folder in [os.path.realpath(place) for place in holes]


def _open_one(
    spec: str, size: int | None, default_fit: str, holes: Sequence[str], uncut: bool
) -> Fitted:
    if not spec.strip():
        raise InputError("the name of an image source is empty; is a shell variable unset?")
    name, query = split_options(spec)
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)  # for train+test
    options = dict(pairs)
    if len(options) < len(pairs) or (query and not pairs):
        raise InputError(f"{spec!r}: write each option once, as name?option=value&option=value")

    def take(*known: str) -> dict[str, str]:
        unknown = set(options).difference(known, SHARED_OPTIONS)
        if unknown:
            raise InputError(
                f"{spec!r}: unknown option {min(unknown)!r}; known: "
                f"{', '.join((*known, *SHARED_OPTIONS))}"
            )
        return {key: options[key] for key in known if key in options}

    fit = Fit(_fit_option(spec, options, default_fit), size)
    start, count = (_integer(spec, options, key) for key in ("start", "count"))
    if count == 0:
        raise InputError(f"{spec!r}: count must be at least 1")
    if name in BUILT_IN:
        side = fit.windows[1] if fit.windows else size or DRAWN
        images: ImageSource = BUILT_IN[name](size=side, count=_reach(start, count), **take("split"))
    elif name.startswith("tfds:"):
        from inpaint_jax.data.tfds import Tfds

        images = Tfds(name.removeprefix("tfds:"), **take("split", "data_dir"))
    elif ":" in name and not os.path.exists(os.path.expanduser(name)):
        take()
        images = _made(resolve(name, {}, kind="image source"), name)
    else:
        images = Folder(os.path.expanduser(name), holes=holes, **take("split", "labels"))
    if start is not None or count is not None:
        wanted = range(len(images))[start or 0 :][:count]
        if len(wanted) == 0 or (count is not None and len(wanted) < count):
            raise InputError(f"{spec!r}: the source has only {len(images)} images")
        images = Subset(images, wanted)
    fitted = Fitted(images, fit, uncut=uncut)
    if uncut and fit.how != default_fit and default_fit.startswith("random_crop"):
        fitted.notes.append(
            f"{spec}: fit={fit.how} replaces the random windows of fit={default_fit}; "
            "leave fit and crop out of the source to train on windows"
        )
    return fitted


def _made(found: Any, name: str) -> ImageSource:
    """Return a user's source; call it first if it is a class or function."""
    is_source = hasattr(found, "__getitem__") and not isinstance(found, type)
    with users_code(f"image source {name!r}"):
        made: Any = found() if callable(found) and not is_source else found
        first = (
            made[0]
            if hasattr(made, "__getitem__") and hasattr(made, "__len__") and len(made)
            else None
        )
    if not (hasattr(made, "__len__") and hasattr(made, "__getitem__")):
        raise InputError(
            f"{name} is not an image source: {type(made).__name__} lacks __len__ or __getitem__"
        )
    if not (isinstance(first, Mapping) and "image" in first):
        got = "nothing" if first is None else type(first).__name__
        raise InputError(
            f"{name} is not an image source: its first item is {got}, not a dict with an 'image'"
        )
    return made


def _fit_option(spec: str, options: dict[str, str], default: str) -> str:
    if "crop" in options and "fit" in options:
        raise InputError(f"{spec!r}: give crop=SIDE or fit=..., not both")
    return f"crop:{options['crop']}" if "crop" in options else options.get("fit", default)


def _integer(spec: str, options: dict[str, str], key: str) -> int | None:
    if key not in options:
        return None
    if not options[key].isdecimal():
        raise InputError(f"{spec!r}: {key} must be a whole number, got {options[key]!r}")
    return int(options[key])


def _reach(start: int | None, count: int | None) -> int | None:
    return None if count is None else (start or 0) + count
