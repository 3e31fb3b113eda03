"""Splits, labels and boxes in the files of data sets."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.folder import Folder
from inpaint_jax.errors import InputError


@pytest.fixture
def make(tmp_path):
    """Write flat grey images of 6x4 (width x height), the k-th of value k, and text files.

    Returns the folder.
    """

    def write(*images, **texts):
        for level, name in enumerate(images):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 6, 3), level, np.uint8)).save(tmp_path / name)
        for name, text in texts.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        return tmp_path

    return write


def contents(source):
    return [
        (source.id(i), int(source[i]["image"][0, 0, 0]), source[i].get("label"))
        for i in range(len(source))
    ]


def test_flat_folder(make):
    source = Folder(make("b.png", "a.png"))
    assert contents(source) == [("a", 1, None), ("b", 0, None)]
    example = source[0]
    assert (
        example["id"] == "a"
        and example["image"].shape == (4, 6, 3)
        and example["image"].dtype == np.uint8
    )


def test_one_file(make):
    assert contents(Folder(make("a.png", "b.png") / "b.png")) == [("b", 1, None)]


def test_sub_folders_are_labels(make):
    source = Folder(make("dog/1.png", "cat/1.png", "cat/2.png"))
    assert contents(source) == [("cat/1", 1, 0), ("cat/2", 2, 0), ("dog/1", 0, 1)]
    # one folder is no label
    assert contents(Folder(source.root / "cat")) == [("1", 1, None), ("2", 2, None)]


def test_split_folders_number_their_classes_alike(make):
    root = make("train/cat/1.png", "train/eel/1.png", "test/dog/1.png", "test/eel/1.png")
    assert contents(Folder(root, split="train")) == [("train/cat/1", 0, 0), ("train/eel/1", 1, 2)]
    assert contents(Folder(root, split="test")) == [("test/dog/1", 2, 1), ("test/eel/1", 3, 2)]
    assert len(Folder(root)) == 4
    with pytest.raises(InputError, match="no split 'val'; known from its sub-folders: test, train"):
        Folder(root, split="val")


def test_no_splits_at_all(make):
    with pytest.raises(InputError, match="it has no splits: leave split out"):
        Folder(make("a.png"), split="test")


def test_celeba_partition(make):
    root = make(
        "img/1.jpg",
        "img/2.jpg",
        "img/3.jpg",
        list_eval_partition__txt="1.jpg 0\n2.jpg 1\n3.jpg 2\n4.jpg 2\n",
    )
    assert [contents(Folder(root, split=split)) for split in ("train", "val", "test")] == [
        [("img/1", 0, None)],
        [("img/2", 1, None)],
        [("img/3", 2, None)],
    ]
    with pytest.raises(InputError, match="known from list_eval_partition.txt: test, train, val"):
        Folder(root, split="validation")
    (root / "list_eval_partition.txt").write_text("1.jpg 0\n2.jpg train\n")
    with pytest.raises(InputError, match=r"list_eval_partition.txt line 2: expected"):
        Folder(root)


def test_table_of_miniplaces(make):
    table = "path,split,class,class_name\nimages/t/1.png,train,7,abbey\nimages/v/1.png,val,3,bar\n"
    root = make("images/t/1.png", "images/v/1.png", "images/v/2.png", labels__csv=table)
    assert contents(Folder(root, split="train")) == [("images/t/1", 0, 7)]
    # no row: left out
    assert contents(Folder(root)) == [("images/t/1", 0, 7), ("images/v/1", 1, 3)]
    with pytest.raises(InputError, match="labels.csv: train, val"):
        Folder(root, split="test")


def test_table_of_cars_counts_from_one(make):
    source = Folder(
        make("1.png", "2.png", labels__csv="path,class_1based,class_name\n1.png,196,Z\n2.png,1,A\n")
    )
    assert contents(source) == [("1", 0, 195), ("2", 1, 0)]


def test_names_are_numbered_in_sorted_order_over_all_splits(make):
    table = "path,split,class_name\na.png,train,zebra\nb.png,train,ant\nc.png,val,cow\n"
    root = make("a.png", "b.png", "c.png", my__csv=table)
    assert contents(Folder(root, split="train", labels="my.csv")) == [("a", 0, 2), ("b", 1, 0)]
    assert contents(Folder(root, labels="my.csv"))[2] == ("c", 2, 1)


def test_table_paths_may_begin_elsewhere(make):
    root = make(
        "images/cmp/1.png",
        "images/lab/1.png",
        index__csv="path,split\ncmp/1.png,train\nlab/1.png,val\n",
    )
    assert contents(Folder(root, split="val")) == [("images/lab/1", 1, None)]
    assert contents(Folder(root / "images", split="val", labels="../index.csv")) == [
        ("lab/1", 1, None)
    ]
    assert contents(Folder(root / "images" / "lab", split="val", labels="../../index.csv")) == [
        ("1", 1, None)
    ]


def test_ambiguous_table_path(make):
    root = make("a/1.png", "b/1.png", labels__csv="path,split\n1.png,train\n")
    with pytest.raises(InputError, match="line 2: '1.png' matches 'a/1' and 'b/1'"):
        Folder(root)


@pytest.mark.parametrize(
    "columns", ["x1,y1,x2,y2", "x0,y0,x1,y1", "bbox_x1,bbox_y1,bbox_x2,bbox_y2"]
)
def test_boxes_cut(make, columns):
    root = make("a.png", labels__csv=f"path,label,{columns}\na.png,5,1,0,4.0,3\n")
    pixels = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    Image.fromarray(pixels).save(root / "a.png")
    example = Folder(root)[0]
    np.testing.assert_array_equal(example["image"], pixels[0:3, 1:4])
    assert example["label"] == 5


def test_bad_boxes_and_labels(make):
    root = make("a.png", labels__csv="path,x1,y1,x2,y2\na.png,1,0,7,3\n")
    with pytest.raises(InputError, match=r"a.png: the box \(1, 0, 7, 3\).*6x4"):
        Folder(root)[0]
    (root / "labels.csv").write_text("path,class\na.png,cat\n")
    with pytest.raises(InputError, match="labels.csv line 2: .*'cat'"):
        Folder(root)


def test_bad_tables(make):
    root = make(
        "a.png", labels__csv="file,split\na.png,train\n", other__csv="path,split\nb.png,train\n"
    )
    with pytest.raises(InputError, match="no column 'path'"):
        Folder(root)
    with pytest.raises(InputError, match="names none of the images"):
        Folder(root, labels="other.csv")
    with pytest.raises(InputError, match="no such table"):
        Folder(root, labels="third.csv")
