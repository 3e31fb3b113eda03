"""Image files below a folder: each listed once, with a reason for every file left out."""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from inpaint_jax.data.formats import suffixes
from inpaint_jax.data.marked_names import is_marked
from inpaint_jax.data.pairing import beside
from inpaint_jax.errors import InputError, some_of

# Folders that this program writes, and the keys that mark their files.
OUTPUTS = {
    "job.json": b'"holes_hash"',
    "holes.json": b'"holes_hash"',
    "table.json": b'"holes_hash"',
    "config.json": b'"stages"',
}
JUNK = frozenset({"thumbs.db", "desktop.ini"})  # file managers write these


class Listing(NamedTuple):
    """The image files below a folder.

    Attributes:
      files: paths, sorted by their parts.
      notes: reasons why files were left out, a line each.
    """

    files: list[Path]
    notes: list[str]


class _File(NamedTuple):
    path: Path
    real: str  # path with all links resolved
    mode: int | None  # mode from os.stat; None: a broken link


def list_images(
    path: str | os.PathLike,
    *,
    holes: Collection[str | os.PathLike] = (),
    ignored: Collection[str] = (),
    masks: bool = False,
) -> Listing:
    """List the image files of a folder and its sub-folders.

    Links are followed, and each file is listed once: a link to a listed file is left out, and a
    hard link counts as a separate file. Folders that this program wrote are left out, so that
    results inside the folder of images never become inputs. Pipes and devices are left out and
    never opened. Hole files beside their images (``a_mask.png`` beside ``a.png``) are left out too.
    Hidden files do not count.

    Args:
      path: a folder, or one image file.
      holes: hole files and folders, which may lie below the folder or be the folder.
      ignored: names of files that are known not to be images, such as tables.
      masks: list hole files, too.

    Returns:
      The files and notes.

    Raises:
      InputError: no such folder, no image in it, or a pipe or device.
    """
    root = Path(path)
    if not root.is_dir():
        return Listing([_one_file(root)], [])
    images, others, special, linked, seen = [], [], [], [], set()
    places = {os.path.realpath(place) for place in holes}
    outputs: list[Path] = []
    found = [f for f in _walk(root, places, outputs) if f.path.name not in ignored]
    for file in sorted(found, key=lambda f: (f.path.is_symlink(), f.path.relative_to(root).parts)):
        if file.path.suffix.lower() not in suffixes():
            others.append(file.path)
        elif file.mode is not None and not stat.S_ISREG(file.mode):
            special.append(file.path)
        elif file.real in seen:
            linked.append(file.path)
        else:
            seen.add(file.real)
            images.append(file.path)
    images.sort(key=lambda file: file.relative_to(root).parts)
    ids = {file: file.relative_to(root).with_suffix("").as_posix() for file in images}
    holds_holes = os.path.realpath(root) in places  # then holes beside their images need no note
    paired = (
        [] if masks else [f for f in images if is_marked(ids[f])] if holds_holes else beside(ids)
    )
    hidden = set(paired)
    images = [file for file in images if file not in hidden]
    parts = (
        (others, "left out: suffix of no image format"),
        (special, "left out: pipe or device"),
        (linked, "left out: link to a listed file"),
        ([] if holds_holes else sorted(hidden), "left out: hole of an image in the same folder"),
        (outputs, "left out: results folder of inpaint"),
        ([f for f in images if f.suffix.lower() == ".gif"], "GIF: only the first frame is read"),
    )
    notes = [
        f"{root}: {some_of([f.relative_to(root).as_posix() for f in files], 'file')}, {words}"
        for files, words in parts
        if files
    ]
    if not images:
        reasons = "; ".join(note.removeprefix(f"{root}: ") for note in notes)
        raise InputError(f"no images in {root}, sub-folders included{reasons and f' ({reasons})'}")
    return Listing(images, notes)


def image_ids(root: str | os.PathLike, paths: list[Path]) -> Mapping[str, Path]:
    """Name images by their path below ``root`` without suffix ("a/b.jpg" -> "a/b"), in order.

    Raises:
      InputError: two files would get the same id (names both).
    """
    base = Path(root) if Path(root).is_dir() else Path(root).parent
    named: dict[str, Path] = {}
    for file in paths:
        name = file.relative_to(base).with_suffix("").as_posix()
        if name in named:
            raise InputError(
                f"{named[name]} and {file} would both have the id {name!r}; rename or remove one"
            )
        named[name] = file
    return named


def _one_file(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise InputError(f"no such folder: {path}") from error
    except OSError as error:
        raise InputError(f"cannot open {path}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is a pipe or a device; give a file or a folder")
    return path


def _walk(root: Path, without: set[str], outputs: list[Path]) -> Iterator[_File]:
    """Yield every file that is not hidden; visit each folder once, and linked folders last."""

    def refuse(error: OSError) -> None:
        raise InputError(f"cannot open the folder {error.filename}: {error.strerror}") from error

    seen, waiting = {os.path.realpath(root)}, [str(root)]
    while waiting:
        top, linked = waiting.pop(0), []
        for folder, subfolders, names in os.walk(top, onerror=refuse):
            here, kept = os.path.realpath(folder), []
            for name in sorted(subfolders):
                path = os.path.join(folder, name)
                if name.startswith("."):
                    continue
                if os.path.islink(path):
                    linked.append(path)
                elif (real := os.path.join(here, name)) not in seen | without:
                    seen.add(real)
                    if _is_output(path):
                        outputs.append(Path(path))
                    else:
                        kept.append(name)
            subfolders[:] = kept
            for name in names:
                if name.startswith(".") or name.lower() in JUNK:
                    continue
                path, real = os.path.join(folder, name), os.path.join(here, name)
                mode: int | None = os.lstat(path).st_mode
                if stat.S_ISLNK(mode):
                    real = os.path.realpath(path)
                    mode = os.stat(path).st_mode if os.path.exists(path) else None
                if real not in without:
                    yield _File(Path(path), real, mode)
        for path in sorted(linked):
            real = os.path.realpath(path)
            if real not in seen | without and not _is_output(path):
                seen.add(real)
                waiting.append(path)


def _is_output(folder: str) -> bool:
    """Return whether this program wrote a folder."""
    for name, word in OUTPUTS.items():
        file = os.path.join(folder, name)
        if os.path.isfile(file):
            with open(file, "rb") as opened:
                if word in opened.read(1 << 16):
                    return True
    return False
