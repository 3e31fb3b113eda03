"""The interface of image sources, and views of sources: subsets, concatenations, fitted images."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.originals import Original
from inpaint_jax.errors import InputError


class ImageSource(Protocol):
    """Interface of a user's source: ``source[i]`` is a mapping with "image", uint8 ``[H, W, 3]``.

    The mapping may also have "label", an int. The source may have a method ``id(i) -> str`` that
    names its images; without it, indices are the names. Several threads read at once.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, i: int, /) -> Any: ...


class Source(ImageSource, Protocol):
    """Interface inside the package: ``source[i]`` is {"image", "id"} and, if known, "label".

    ``id(i)`` names an image without reading it. An image from which random windows are to be cut
    (``windows.cut_window``) also has "smallest".
    """

    def id(self, i: int) -> str: ...


def example(source: ImageSource, i: int) -> dict:
    """Read and check one image of a source.

    Returns:
      {"image": uint8 ``[H, W, 3]``, "id": str, and, if the source has them, "label": int and
      "smallest": int}.

    Raises:
      InputError: the image has another dtype or shape, or pixels that are not finite. The message
        names the id.
    """
    given = source[i]
    name = image_id(source, i)
    image = np.asarray(given["image"])
    if image.dtype != np.uint8:
        if np.issubdtype(image.dtype, np.floating) and not np.isfinite(image).all():
            raise InputError(
                f"image {name!r} has pixels that are not finite; sources must give uint8"
            )
        raise InputError(f"image {name!r} has dtype {image.dtype}; sources must give uint8")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise InputError(
            f"image {name!r} has the shape {image.shape}; sources must give [H, W, 3] (RGB)"
        )
    checked: dict = {"image": image, "id": name}
    if given.get("label") is not None:
        checked["label"] = int(given["label"])
    if "smallest" in given:
        checked["smallest"] = int(given["smallest"])
    return checked


def image_id(source: ImageSource, i: int) -> str:
    """Return the name of image ``i`` without reading it: the source's ``id(i)``, or the index."""
    name_of = getattr(source, "id", None)
    return str(name_of(i)) if callable(name_of) else str(i)


def original(source: ImageSource, i: int) -> Original:
    """Return image ``i`` as its file holds it, if the source can; otherwise its pixels alone."""
    if callable(read := getattr(source, "original", None)):
        found: Any = read(i)
        return found
    return Original(example(source, i)["image"])


def notes(source: ImageSource) -> list[str]:
    """Return notes for the user about a source, such as files left out; a line each."""
    return list(getattr(source, "notes", ()))


class Subset:
    """View of the images ``indices`` of a source, in that order."""

    def __init__(self, source: ImageSource, indices: Sequence[int]):
        self._source, self._indices = source, indices
        self.notes = notes(source)

    def __len__(self) -> int:
        return len(self._indices)

    def id(self, i: int) -> str:
        return image_id(self._source, self._indices[i])

    def __getitem__(self, i: int) -> dict:
        return example(self._source, self._indices[i])

    def original(self, i: int) -> Original:
        return original(self._source, self._indices[i])


class Concatenated:
    """Several sources one after another.

    If ids clash, all ids get the number of their source ("0/...", "1/..."). Images keep their
    labels only if every source has labels.
    """

    def __init__(self, sources: Sequence[ImageSource]):
        self._sources = tuple(sources)
        self.notes = [note for source in self._sources for note in notes(source)]
        self._ends = np.cumsum([len(source) for source in self._sources])
        names = [name for source in self._sources for name in ids(source)]
        self._prefixed = len(set(names)) < len(names)
        self._labelled = all(
            "label" in example(source, 0) for source in self._sources if len(source)
        )

    def __len__(self) -> int:
        return int(self._ends[-1])

    def _find(self, i: int) -> tuple[int, int]:
        i = range(len(self))[i]
        k = int(np.searchsorted(self._ends, i, side="right"))
        return k, i - (int(self._ends[k - 1]) if k else 0)

    def id(self, i: int) -> str:
        k, j = self._find(i)
        name = image_id(self._sources[k], j)
        return f"{k}/{name}" if self._prefixed else name

    def __getitem__(self, i: int) -> dict:
        k, j = self._find(i)
        read = example(self._sources[k], j) | {"id": self.id(i)}
        if not self._labelled:
            read.pop("label", None)
        return read

    def original(self, i: int) -> Original:
        k, j = self._find(i)
        return original(self._sources[k], j)


class Fitted:
    """View of a source with images fitted to the model's side: ``[S, S, 3]``.

    Args:
      images: the source at full size.
      fit: how images meet the model.
      uncut: images of a random crop are only scaled, ``[H, W, 3]``; the reader cuts the windows.

    Attributes:
      images, fit: the arguments.
      notes: notes for the user, initially those of ``images``.
    """

    def __init__(self, images: ImageSource, fit: Fit, *, uncut: bool = False):
        self.images, self.fit = images, fit
        self.notes = notes(images)
        self._windows = fit.windows if uncut else None

    def __len__(self) -> int:
        return len(self.images)

    def id(self, i: int) -> str:
        return image_id(self.images, i)

    def __getitem__(self, i: int) -> dict:
        read = example(self.images, i)
        if "smallest" in read:  # already scaled; the reader cuts it
            return read
        if self._windows:
            return read | {"image": self.fit.scale(read["image"]), "smallest": self._windows[0]}
        try:
            return read | {"image": self.fit.to_model(read["image"])}
        except InputError as error:
            raise InputError(f"image {read['id']!r}: {error}") from error


def ids(source: ImageSource) -> Iterator[str]:
    """Return the ids of all images, in order."""
    return (image_id(source, i) for i in range(len(source)))
