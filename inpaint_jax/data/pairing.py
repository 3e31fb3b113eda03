"""Pairing of hole files with images: by name, never by order.

``a.png``, ``a.jpg.png``, ``a_mask.png``, ``mask-a.png`` and ``mask/a.png`` are holes of the image
``a.jpg``; ``001.png`` is a hole of ``1.jpg``, and ``mask2.png`` one of ``photo 2.jpg``. Names are
compared from strict to loose. A file that matches an image by a strict name is not considered for
other images. Two files for one image, or one file for two images, are reported as a problem, not
resolved by a choice.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple, TypeVar

from inpaint_jax.data.marked_names import (
    IMAGE,
    Key,
    any_number,
    bare,
    bare_stems,
    exact,
    folders_of,
    is_marked_stem,
    is_only_a_word,
    loose,
    only_number,
    stem_of,
)
from inpaint_jax.errors import some_of

Keys = Callable[[str], set[Key]]
File = TypeVar("File")


def _id(file: str) -> str:
    return PurePosixPath(file).with_suffix("").as_posix()


def _in_folders(name: str) -> set[Key]:
    return {(folders_of(name), stem_of(name))}


# Comparisons of a hole file with an image, from strict to loose.
STRICT: tuple[tuple[Keys, Keys], ...] = (
    (exact, exact),
    (bare, _in_folders),
    (bare, partial(bare, words=IMAGE)),
    (loose, partial(loose, words=IMAGE)),
)
# Comparisons for the remaining files, if no other image or file is a candidate.
LAST: tuple[tuple[Keys, Keys], ...] = (
    (partial(loose, folders=False), partial(loose, words=IMAGE, folders=False)),
    (only_number, any_number),
)


class Pairs(NamedTuple):
    """Result of pairing images with hole files.

    Attributes:
      files: the hole file of every image that has exactly one.
      problems: the reason why each other image has none.
      unused: hole files that belong to no image.
    """

    files: dict[str, str]
    problems: dict[str, str]
    unused: list[str]


def pair(images: Sequence[str], holes: Sequence[str]) -> Pairs:
    """Pair images with hole files.

    Args:
      images: ids of the images: paths without suffix.
      holes: paths of the hole files below their folder. A single file named only ``mask.png`` or
        the like serves all images.

    Returns:
      The pairs.
    """
    if len(holes) == 1 and is_only_a_word(name := _id(holes[0])) and name not in images:
        return Pairs(dict.fromkeys(images, holes[0]), {}, [])
    found: dict[str, list[str]] = {image: [] for image in images}
    problems: dict[str, str] = {}
    free = set(holes)
    for of_hole, of_image in STRICT:
        for file, claimants in _matches(images, free, of_hole, of_image).items():
            _claim(file, claimants, found, problems)
            free.discard(file)
    for of_hole, of_image in LAST:
        left = [image for image in images if not found[image] and image not in problems]
        matches = _matches(left, free, of_hole, of_image)
        by_image: dict[str, list[str]] = {}
        for file, claimants in matches.items():
            for image in claimants:
                by_image.setdefault(image, []).append(file)
        for image, rivals in by_image.items():
            if len(rivals) == 1 and len(matches[rivals[0]]) == 1:
                found[image].append(rivals[0])
                free.discard(rivals[0])
            else:
                problems[image] = _ambiguous(image, rivals, matches[rivals[0]])
    for image, files in found.items():
        if len(files) > 1:
            problems[image] = _ambiguous(image, sorted(files), [image])
        elif not files:
            problems.setdefault(image, f"image {image!r} has no hole file of its name")
    paired = {image: files[0] for image, files in found.items() if image not in problems}
    return Pairs(paired, problems, sorted(free))


def beside(names: Mapping[File, str]) -> Iterator[File]:
    """Yield files whose names mark them as the hole of another file in the same folder."""
    marked = {file: name for file, name in names.items() if is_marked_stem(stem_of(name))}
    plain: dict[str, set[str]] = {}
    for file, name in names.items():
        if file not in marked:
            plain.setdefault(name.rpartition("/")[0], set()).add(stem_of(name))
    for file, name in marked.items():
        stems = bare_stems(stem_of(name), numbered=True)
        if stems & plain.get(name.rpartition("/")[0], set()):
            yield file


def explain(pairs: Pairs) -> str:
    """Report the images that have no hole, and the hole files that belong to no image."""
    if ambiguous := [text for text in pairs.problems.values() if "could" in text]:
        return f"{ambiguous[0]}; keep one of the files, or rename them"
    strays = f", and {some_of(pairs.unused, 'hole file')} without an image" if pairs.unused else ""
    count = len(pairs.files) + len(pairs.problems)
    missing = f"no hole for {some_of(list(pairs.problems), 'image')} of {count}{strays}"
    return (
        f"{missing}; give images and holes the same names (a.png or a_mask.png for a.jpg), "
        "or one hole file for all"
    )


def _claim(
    file: str, claimants: Sequence[str], found: dict[str, list[str]], problems: dict[str, str]
) -> None:
    """Give a file to the only image that matches it; prefer images without a file."""
    wanting = [image for image in claimants if not found[image]] or claimants
    if len(wanting) == 1:
        found[wanting[0]].append(file)
    else:
        for image in wanting:
            problems[image] = _ambiguous(image, [file], wanting)


def _matches(
    images: Collection[str], holes: Collection[str], of_hole: Keys, of_image: Keys
) -> dict[str, list[str]]:
    """Return the images that each file may belong to, by a common key."""
    by_key: dict[Key, list[str]] = {}
    for image in images:
        for key in of_image(image):
            by_key.setdefault(key, []).append(image)
    matches = {}
    for file in sorted(holes):
        if claimants := {image for key in of_hole(_id(file)) for image in by_key.get(key, ())}:
            matches[file] = sorted(claimants)
    return matches


def _ambiguous(image: str, files: Sequence[str], claimants: Sequence[str]) -> str:
    if len(files) > 1:
        return f"{' and '.join(map(repr, files[:3]))} could each be the hole of image {image!r}"
    return f"{files[0]!r} could be the hole of {' or '.join(map(repr, claimants[:3]))}"
