"""Folder of images as a source; splits, labels and boxes come from the files of the data set."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from inpaint_jax.data.image_files import read_image
from inpaint_jax.data.listing import image_ids, list_images
from inpaint_jax.data.originals import Original, read_original
from inpaint_jax.errors import InputError

PARTITION_FILE = "list_eval_partition.txt"  # CelebA's file; a line reads "000001.jpg 0"
PARTITIONS = {"0": "train", "1": "val", "2": "test"}
TABLES = ("labels.csv", "index.csv")
SPLIT_FOLDERS = ("train", "val", "test")
LABEL_COLUMNS = ("label", "class", "class_1based", "class_name", "wnid")
BOX_COLUMNS = (
    ("x1", "y1", "x2", "y2"),
    ("x0", "y0", "x1", "y1"),
    ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"),
)


class Folder:
    """Source of the images below a folder, in path order; ids are paths without suffix.

    A table (CSV with a header) has the column ``path`` and these optional columns: ``split``; a
    label (``label`` or ``class`` from 0, ``class_1based``, or names in ``class_name`` or ``wnid``,
    numbered in sorted order); a box in pixels, right and bottom excluded (``x1,y1,x2,y2`` or
    ``x0,y0,x1,y1``), to which the image is cropped. A row applies to the image whose path ends with
    the row's path. With a table, images without a row are not part of the source.

    Without a table, the split comes from ``list_eval_partition.txt`` (0 train, 1 val, 2 test) or
    from the sub-folders train, val and test. The label is the sub-folder's number in sorted order,
    if there are several sub-folders.

    Args:
      path: the folder (or one image file).
      split: name of the split; None: all images.
      labels: the table, relative to the folder; None: labels.csv or index.csv if it exists.
      holes: hole files and folders, which are not listed as images; one may be the folder itself.

    Raises:
      InputError: no images; no such split (lists the known ones); a table without a matching image;
        a bad label or box (names the row).
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        split: str | None = None,
        labels: str | None = None,
        holes: Sequence[str | os.PathLike] = (),
    ):
        self.root = Path(path)
        known = {*TABLES, PARTITION_FILE, *([Path(labels).name] if labels else [])}
        listed = list_images(self.root, holes=holes, ignored=known)
        ids, self.notes = image_ids(self.root, listed.files), listed.notes
        table = _find_table(self.root, labels)
        if table:
            splits, self._labels, self._boxes = _read_table(table, self.root, ids)
            ids = {name: ids[name] for name in ids if name in splits}
        else:
            partition = self.root / PARTITION_FILE
            splits = (
                _read_partition(partition, self.root, ids)
                if partition.is_file()
                else _split_folders(ids)
            )
            self._labels, self._boxes = _folder_labels(ids), {}
        if split is not None:
            known = sorted({part for part in splits.values() if part})
            if split not in known:
                where = table or (
                    PARTITION_FILE if (self.root / PARTITION_FILE).is_file() else "its sub-folders"
                )
                raise InputError(
                    f"{self.root} has no split {split!r}; "
                    + (
                        f"known from {where}: {', '.join(known)}"
                        if known
                        else "it has no splits: leave split out"
                    )
                )
            ids = {name: file for name, file in ids.items() if splits.get(name) == split}
        # a Path has ten times the bytes
        self._ids, self._files = list(ids), [str(file) for file in ids.values()]

    def __len__(self) -> int:
        return len(self._ids)

    def id(self, i: int) -> str:
        return self._ids[i]

    def __getitem__(self, i: int) -> dict:
        name = self._ids[i]
        image = read_image(self._files[i])
        if name in self._boxes:
            image = crop_to_box(image, self._boxes[name], self._files[i])
        example: dict = {"image": image, "id": name}
        if name in self._labels:
            example["label"] = self._labels[name]
        return example

    def original(self, i: int) -> Original:
        """Read image ``i`` with everything that its file holds, cropped to its box."""
        name = self._ids[i]
        image = read_original(self._files[i], count_frames=True)
        if name in self._boxes:
            box = checked_box(image.pixels.shape, self._boxes[name], self._files[i])
            image = image.cut(*box)
        return image._replace(suffix=Path(self._files[i]).suffix)


def crop_to_box(image: np.ndarray, box: tuple[int, int, int, int], name: str) -> np.ndarray:
    """Cut ``(left, top, right, bottom)``, right and bottom excluded, out of ``[H, W, C]``.

    Raises:
      InputError: the box is empty, or reaches outside the image.
    """
    return image[checked_box(image.shape, box, name)]


def checked_box(
    shape: tuple[int, ...], box: tuple[int, int, int, int], name: str
) -> tuple[slice, slice]:
    """Return the rows and columns of a box; raise InputError unless the box lies in ``[H, W]``."""
    left, top, right, bottom = box
    if not (0 <= left < right <= shape[1] and 0 <= top < bottom <= shape[0]):
        raise InputError(
            f"{name}: the box {box} (left, top, right, bottom) reaches outside the image of "
            f"{shape[1]}x{shape[0]}; correct it in the table"
        )
    return slice(top, bottom), slice(left, right)


def _find_table(root: Path, labels: str | None) -> Path | None:
    if labels is None:
        return next((root / name for name in TABLES if (root / name).is_file()), None)
    if not (root / labels).is_file():
        raise InputError(f"no such table: {root / labels} (labels= is relative to the folder)")
    return root / labels


class _Matcher:
    """Finder of images by paths in tables: the path of an image ends with the table's path."""

    def __init__(self, root: Path, ids: dict[str, Path]):
        self._by_name: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        base = root if root.is_dir() else root.parent
        for name, file in ids.items():
            self._by_name.setdefault(file.name, []).append((file.relative_to(base).parts, name))

    def find(self, path: str, where: str) -> str | None:
        parts = tuple(part for part in Path(path).parts if part not in (".", ".."))
        candidates = self._by_name.get(parts[-1], []) if parts else []
        found = [
            name
            for known, name in candidates
            if known[-len(parts) :] == parts or parts[-len(known) :] == known
        ]
        if len(found) > 1:
            raise InputError(
                f"{where}: {path!r} matches {found[0]!r} and {found[1]!r}; write the full path"
            )
        return found[0] if found else None


def _read_partition(file: Path, root: Path, ids) -> dict[str, str]:
    matcher, splits = _Matcher(root, ids), {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in PARTITIONS:
            raise InputError(
                f"{file} line {number}: expected 'image 0', 1 or 2 (train, val, test), got {line!r}"
            )
        name = matcher.find(words[0], f"{file} line {number}")
        if name is not None:
            splits[name] = PARTITIONS[words[1]]
    if not splits:
        raise InputError(f"{file} names none of the images in {root}")
    return splits


def _split_folders(ids: Iterable[str]) -> dict[str, str]:
    tops = {name: name.split("/")[0] for name in ids if "/" in name}
    return {name: top for name, top in tops.items() if top in SPLIT_FOLDERS}


def _folder_labels(ids: Iterable[str]) -> dict[str, int]:
    folders = {}
    for name in ids:
        parts = name.split("/")[:-1]
        folders[name] = "/".join(parts[1:] if parts and parts[0] in SPLIT_FOLDERS else parts)
    classes = sorted(set(folders.values()))
    return (
        {name: classes.index(folder) for name, folder in folders.items()}
        if len(classes) > 1
        else {}
    )


def _rows(file: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV file, by column, without spaces around names and values.

    The file is UTF-8, or UTF-16 with a byte order mark.
    """
    try:
        data = file.read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        header, *lines = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)) or [
            []
        ]
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{file} is not a CSV file in UTF-8 or UTF-16 ({error}): save it as UTF-8"
        ) from error
    names = [name.strip() for name in header]
    if repeated := next((name for name in names if name and names.count(name) > 1), None):
        raise InputError(f"{file} has two columns {repeated!r}; rename one")
    rows = []
    for number, line in enumerate(lines, 2):
        if line:
            if len(line) < len(names):
                raise InputError(
                    f"{file} line {number} has {len(line)} values for {len(names)} columns"
                )
            rows.append(dict(zip(names, (value.strip() for value in line), strict=False)))
    return rows


def _read_table(
    file: Path, root: Path, ids
) -> tuple[dict[str, str | None], dict[str, int], dict[str, tuple]]:
    rows = _rows(file)
    columns = set(rows[0]) if rows else set()
    if "path" not in columns:
        raise InputError(
            f"{file} has no column 'path' (columns: {', '.join(sorted(columns)) or 'none'})"
        )
    matcher, splits, boxes, raw = _Matcher(root, ids), {}, {}, {}
    label_column = next((column for column in LABEL_COLUMNS if column in columns), None)
    box_columns = next((names for names in BOX_COLUMNS if columns.issuperset(names)), None)
    for number, row in enumerate(rows, 2):
        name = matcher.find(row["path"], f"{file} line {number}")
        if name is None:
            continue
        splits[name] = row.get("split")
        try:
            if label_column and not row[label_column]:
                raise ValueError(f"the column {label_column} is empty")
            if label_column:
                raw[name] = (
                    row[label_column]
                    if label_column in ("class_name", "wnid")
                    else int(row[label_column])
                )
            if box_columns:
                left, top, right, bottom = (round(float(row[column])) for column in box_columns)
                boxes[name] = (left, top, right, bottom)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{file} line {number}: {error}; labels are integers, boxes are numbers"
            ) from error
    if not splits:
        raise InputError(f"{file} names none of the images in {root}")
    if label_column == "class_1based":
        raw = {name: label - 1 for name, label in raw.items()}
    elif label_column in ("class_name", "wnid"):
        numbers = {text: i for i, text in enumerate(sorted(set(raw.values())))}
        raw = {name: numbers[text] for name, text in raw.items()}
    return splits, raw, boxes
