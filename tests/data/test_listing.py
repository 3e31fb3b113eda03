"""A folder is listed in one order, each file once; every omission has a reason."""

import os

import pytest

from inpaint_jax.data.listing import image_ids, list_images
from inpaint_jax.errors import InputError


@pytest.fixture
def touch(tmp_path):
    def write(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return write


def listed(root, **options):
    return [file.relative_to(root).as_posix() for file in list_images(root, **options).files]


def test_listing_is_recursive_sorted_and_ignores_hidden_files(touch):
    root = touch(
        "b/2.PNG", "b/10.png", "a.jpg", ".hidden.png", ".cache/x.png", "b/._2.png", "Thumbs.db"
    )
    found = list_images(root)
    assert listed(root) == ["a.jpg", "b/10.png", "b/2.PNG"] and found.notes == []
    assert list(image_ids(root, found.files)) == ["a", "b/10", "b/2"]
    assert list(image_ids(root / "a.jpg", list_images(root / "a.jpg").files)) == ["a"]


def test_every_format_is_listed_and_the_rest_is_counted(touch):
    names = [
        f"a{i}.{suffix}"
        for i, suffix in enumerate("tif TIFF gif jfif avif ppm pgm bmp jp2 webp".split())
    ]
    root = touch(*names, "notes.txt", "x/film.mp4", "c.heic", "d.eps", "labels.csv")
    assert listed(root) == sorted(names)
    notes = list_images(root, ignored={"labels.csv"}).notes
    assert notes == [
        f"{root}: 4 files (c.heic, d.eps, notes.txt, ...), left out: suffix of no image format",
        f"{root}: 1 file (a2.gif), GIF: only the first frame is read",
    ]


def test_links_are_followed_once(touch, tmp_path_factory):
    root = touch("real/a.png", "real/b.png")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "c.png").touch()
    os.symlink(".", root / "loop")
    os.symlink("..", root / "real/up")
    os.symlink("real", root / "again")  # before "real" in the order of names
    os.symlink("real/a.png", root / "a link.png")
    os.symlink(elsewhere, root / "there")
    os.link(root / "real/b.png", root / "hard.png")
    assert listed(root) == ["hard.png", "real/a.png", "real/b.png", "there/c.png"]
    assert list_images(root).notes == [
        f"{root}: 1 file (a link.png), left out: link to a listed file"
    ]


def test_pipes_are_never_opened(touch):
    root = touch("a.png")
    os.mkfifo(root / "pipe.png")
    assert listed(root) == ["a.png"]
    assert list_images(root).notes == [f"{root}: 1 file (pipe.png), left out: pipe or device"]
    with pytest.raises(InputError, match="pipe.png is a pipe or a device"):
        list_images(root / "pipe.png")


@pytest.mark.parametrize(
    "name, text", [("job.json", '{"holes_hash": ""}'), ("config.json", '{"stages": {}}')]
)
def test_results_of_this_program_are_left_out(touch, name, text):
    root = touch(
        "a.png", "out/images/a.png", "out/contact_sheet.png", "other/b.png", "other/job.json"
    )
    (root / "out" / name).write_text(text)
    assert listed(root) == ["a.png", "other/b.png"]
    assert "1 file (out), left out: results folder of inpaint" in list_images(root).notes[-1]
    assert listed(root / "out") == ["contact_sheet.png", "images/a.png"]  # requested by name


def test_holes_are_no_images(touch):
    root = touch(
        "a.png", "a_mask.png", "b_mask.png", "masks/a.png", "mask.png", "x/c.png", "x/mask_c.png"
    )
    assert listed(root) == ["a.png", "b_mask.png", "mask.png", "masks/a.png", "x/c.png"]
    assert listed(root, holes=[root / "masks"]) == ["a.png", "b_mask.png", "mask.png", "x/c.png"]
    assert listed(root, holes=[root / "masks", root / "mask.png"]) == [
        "a.png",
        "b_mask.png",
        "x/c.png",
    ]
    assert listed(root, holes=[root]) == ["a.png", "x/c.png"]
    assert len(listed(root, masks=True)) == 7


def test_errors(touch, tmp_path):
    with pytest.raises(InputError, match="no such folder: .*missing"):
        list_images(tmp_path / "missing")
    with pytest.raises(InputError, match="no images in .*, sub-folders included$"):
        list_images(tmp_path)
    touch("a.txt")
    with pytest.raises(
        InputError, match=r"no images in .* .1 file .a.txt., left out: suffix of no image format.$"
    ):
        list_images(tmp_path)


def test_two_files_with_one_id_are_both_named(touch):
    root = touch("a.png", "a.jpg")
    with pytest.raises(InputError, match=r"a\.jpg and .*a\.png would both have the id 'a'"):
        image_ids(root, list_images(root).files)
