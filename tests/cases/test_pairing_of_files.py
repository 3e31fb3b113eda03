"""Holes find their images by name: unmatched files are named, and nothing is paired by order."""

import json
import os

import numpy as np
import pytest

BOXES = {"a": (1, 1, 6, 6), "b": (10, 10, 16, 16), "c": (17, 17, 23, 23), "d": (2, 16, 8, 22)}


@pytest.mark.parametrize(
    ("images", "holes"),
    [
        (("a.png", "b.png"), ("a_mask.png", "b_mask.png")),
        (("a.png", "b.png"), ("mask_a.png", "mask_b.png")),
        (("a.jpg", "b.JPG"), ("a.jpg.png", "b.JPG.png")),
        (("a.webp", "b.bmp"), ("a-mask.PNG", "B.gif")),
        (("1.png", "10.png"), ("001.png", "010.png")),
        (("1.png", "10.png"), ("mask1.png", "mask10.png")),
        (("IMG_0001.png", "IMG_0010.png"), ("mask_1.png", "mask_10.png")),
        (("x/a.png", "y/a.png"), ("x/a.png", "y/a.png")),
        (("x/a.png", "y/b.png"), ("mask/a.png", "mask/b.png")),
        (("a/image.png", "b/image.png"), ("a/mask.png", "b/mask.png")),
        (("a.png", "b.png"), ("a_mask001.png", "b_mask001.png")),
    ],
)
def test_names_that_belong_together(case, images, holes):
    made = [case.image(name, seed) for seed, name in enumerate(images)]
    # Written in the opposite order, so that pairing by order or by time would be detected.
    missing = [
        case.hole(name, *BOXES[letter]) for letter, name in zip("ba", reversed(holes), strict=True)
    ][::-1]
    case.run()
    for name, before, hole in zip(images, made, missing, strict=True):
        stem = name.rpartition(".")[0]
        if name.lower().endswith(("jpg", "webp")):  # as it was read, not as it was made
            from PIL import Image

            before = Image.open(case.images / name)
        case.check(stem, before, hole)


def test_a_hole_without_image_and_an_image_without_hole_are_named(case):
    for seed, name in enumerate("abc"):
        case.image(f"{name}.png", seed)
    for name in "acd":
        case.hole(f"{name}_mask.png", *BOXES[name])
    message = case.refused()
    assert (
        "no hole for 1 image (b) of 3" in message
        and "1 hole file (d_mask.png) without an image" in message
    )
    assert not case.output.exists()
    case.run("--on-error=skip")
    report = json.loads((case.output / "report.json").read_text())
    assert list(report["skipped"]) == ["b"] and [image["id"] for image in report["images"]] == [
        "a",
        "c",
    ]


def test_names_that_have_nothing_in_common_are_not_paired(case):
    for seed, name in enumerate(("x.png", "y.png")):
        case.image(name, seed)
    for name in ("mask0.png", "mask1.png"):
        case.hole(name)
    assert "no hole for 2 images (x, y) of 2" in case.refused()


@pytest.mark.parametrize(
    "holes", [("a.png", "a_mask.png"), ("a.png", "a.jpg"), ("mask_a.png", "a_mask.png")]
)
def test_two_holes_for_one_image_are_named(case, holes):
    case.image()
    for name in holes:
        case.hole(name)
    message = case.refused()
    assert "could each be the hole of image 'a'" in message and all(
        repr(name) in message for name in holes
    )


def test_one_hole_for_two_images_is_named(case):
    for seed, name in enumerate(("x/a.png", "y/a.png")):
        case.image(name, seed)
    case.hole("a.png")
    assert "'a.png' could be the hole of 'x/a' or 'y/a'" in case.refused()


@pytest.mark.parametrize("name", ["mask.png", "hole.png"])
def test_one_hole_for_all(case, name):
    made = [case.image(f"{letter}.png", seed) for seed, letter in enumerate("ab")]
    hole = case.hole(name)
    for holes in (case.holes, case.holes / name):
        case.output = case.root / f"out-{holes.name}"
        case.run(holes=holes)
        for letter, before in zip("ab", made, strict=True):
            case.check(letter, before, hole)


@pytest.mark.parametrize("place", ["", "masks"])
def test_holes_beside_their_images(case, place):
    made = [case.image(f"{letter}.png", seed) for seed, letter in enumerate("ab")]
    case.holes = case.images / place
    holes = [case.hole(f"{letter}_mask.png", *BOXES[letter]) for letter in "ab"]
    case.run()
    assert sorted(file.name for file in (case.output / "images").iterdir()) == ["a.png", "b.png"]
    for letter, before, hole in zip("ab", made, holes, strict=True):
        case.check(letter, before, hole)
    case.output = case.root / "listed"
    case.run(images=sorted(case.images.glob("*.png")))
    assert sorted(file.name for file in (case.output / "images").iterdir()) == ["a.png", "b.png"]


def test_holes_beside_images_are_no_images_for_drawn_holes_either(case):
    case.image("a.png")
    case.holes = case.images
    case.hole("a_mask.png")
    lines = case.run(holes="center")
    assert [file.name for file in (case.output / "images").iterdir()] == ["a.png"]
    assert any(
        "1 file (a_mask.png), left out: hole of an image in the same folder" in line
        for line in lines
    )


def test_images_are_not_their_own_holes(case):
    case.image("a.png")
    message = case.refused(holes=case.images)
    assert "is the folder of the images" in message and "--holes=alpha" in message


def test_evaluate_pairs_as_complete_does(case):
    for seed, name in enumerate("abc"):
        case.image(f"{name}.png", seed)
        case.hole(f"{name}_mask.png", *BOXES[name])
    case.run("--size=24", holes=f"center,{case.holes}", command="evaluate")
    table = json.loads((case.output / "table.json").read_text())
    assert [row["holes"] for row in table["rows"]] == ["center", str(case.holes)]
    assert table["count"] == 3 and all(
        np.isfinite(row["psnr_hole"]["mean"]) for row in table["rows"]
    )
    os.remove(case.holes / "b_mask.png")
    assert "no hole for 1 image (b) of 3" in case.refused("--size=24", command="evaluate")
    lines = case.run("--size=24", "--on-error=skip", command="evaluate")
    assert any("left out 1 image (b) of 3" in line for line in lines)
    assert json.loads((case.output / "table.json").read_text())["count"] == 2
