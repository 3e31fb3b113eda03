"""Painted hole files: read as intended, or refused in one line that describes the file."""

import json

import numpy as np
import pytest
from PIL import Image

NOISE = np.random.default_rng(0).integers(40, 200, (24, 24)).astype(np.uint8)
BOX = (slice(9, 15), slice(9, 15))


def of_levels(*levels):
    """Make a hole file with vertical stripes of 6 pixels in these grey values or colours."""
    return Image.fromarray(np.repeat(np.uint8([levels] * 24), 6, axis=1))


def strokes(colour, background):
    image = Image.new("RGBA", (24, 24), background)
    image.paste(colour, (9, 9, 15, 15))
    return image


def painted(case, image, name="a.png"):
    case.image()
    case.save(image, case.holes / name)


@pytest.mark.parametrize(
    "hole",
    [
        Image.fromarray(np.pad(np.ones((6, 6), np.uint8), 9)),  # 0 and 1
        Image.fromarray(np.pad(np.full((6, 6), 65535, np.uint16), 9)),
        Image.fromarray(np.pad(np.ones((6, 6), bool), 9)),
        Image.fromarray(np.pad(np.full((6, 6), 128, np.uint8), 9)),  # one grey
        strokes((0, 0, 0, 255), (0, 0, 0, 0)),
        strokes((255, 0, 0, 255), (0, 0, 0, 0)),
        strokes((255, 255, 255, 255), (0, 0, 0, 255)),
        Image.fromarray(np.pad(np.full((6, 6), 255, np.uint8), 9)).convert("P"),
    ],
    ids=[
        "0 and 1",
        "16 bits",
        "1 bit",
        "grey",
        "black strokes",
        "red strokes",
        "opaque",
        "palette",
    ],
)
def test_holes_that_are_read(case, hole):
    painted(case, hole)
    assert case.run() == []
    missing = np.zeros((24, 24), bool)
    missing[BOX] = True
    case.check("a", Image.open(case.images / "a.png"), missing)


def test_holes_as_jpeg(case):
    case.image()
    missing = case.hole("a.jpg", quality=40)
    case.run()
    # JPEG moves an edge by a pixel at most
    near = np.asarray(Image.fromarray(missing).resize((24, 24)))
    case.check("a", Image.open(case.images / "a.png"), np.pad(near[1:-1, 1:-1], 1) | missing)


@pytest.mark.parametrize(
    ("hole", "words"),
    [
        (
            strokes((255, 0, 0), (0, 0, 0)).convert("RGB"),
            ("6% of its pixels are coloured, such as (255, 0, 0)", "above=0"),
        ),
        (
            strokes((255, 0, 0), (255, 255, 255)).convert("RGB"),
            ("coloured", "--holes-above=127 --invert-holes"),
        ),
        (
            of_levels(0, 1, 2, 3),
            ("no grey value above 127, found grey values 0, 1, 2, 3", "--holes-above=0"),
        ),
        (
            of_levels(0, 85, 170, 255),
            ("map of classes: it has grey values 0, 85, 170, 255", "--holes-above=0"),
        ),
        (
            of_levels(0, 1, 0, 255),
            ("map of classes: it has grey values 0, 1, 255", "--holes-above=0"),
        ),
        (
            of_levels(0, 100),
            ("no grey value above 127, found grey values 0, 100", "--holes-above=0"),
        ),
        (of_levels(255), ("no known pixel", "--invert-holes")),
        (
            Image.fromarray(np.random.default_rng(0).integers(40, 200, (24, 24)).astype(np.uint8)),
            ("neither black nor",),
        ),
    ],
    ids=[
        "red on black",
        "red on white",
        "classes",
        "grey classes",
        "classes and void",
        "dark",
        "full",
        "photograph",
    ],
)
def test_files_that_are_no_holes(case, hole, words):
    size = hole.size if hole.width == 24 else (hole.width, 24)
    case.save(Image.new("RGB", size, (90, 120, 150)), case.images / "a.png")
    case.save(hole, case.holes / "a.png")
    message = case.refused()
    assert "a.png" in message and all(word in message for word in words), message


@pytest.mark.parametrize(
    ("hole", "option"),
    [
        (strokes((255, 0, 0), (0, 0, 0)).convert("RGB"), "--holes-above=0"),
        (strokes((255, 0, 0), (255, 255, 255)).convert("RGB"), "--holes-above=127 --invert-holes"),
        (Image.fromarray(np.pad(np.full((6, 6), 3, np.uint8), 9)), "--holes-above=0"),
        (Image.fromarray(255 - np.pad(np.full((6, 6), 255, np.uint8), 9)), "--invert-holes"),
    ],
    ids=["red on black", "red on white", "class 3", "inverted"],
)
def test_options_that_help(case, hole, option):
    painted(case, hole)
    case.run(*option.split())
    missing = np.zeros((24, 24), bool)
    missing[BOX] = True
    case.check("a", Image.open(case.images / "a.png"), missing)


def test_inverted_holes_are_suspected(case):
    painted(case, Image.fromarray(255 - np.pad(np.full((6, 6), 255, np.uint8), 9)))
    (message,) = case.run()
    assert (
        "more than 80% is missing in 1 image (a) of 1: are the holes inverted?" in message
        and "--invert-holes" in message
    )


def test_the_rim_of_a_smooth_hole(case):
    levels = np.zeros((24, 24), np.uint8)
    levels[8:16, 8:16], levels[BOX] = 90, 255  # a rim of one pixel, half covered
    painted(case, Image.fromarray(levels))
    before = np.asarray(Image.open(case.images / "a.png"))
    for option, missing in (
        ("--grow=0", levels > 127),
        ("--grow=1", levels > 0),
        ("--holes-above=0", levels > 0),
    ):
        case.output = case.root / option
        case.run(option)
        np.testing.assert_array_equal(case.rgb()[~missing], before[~missing])
        rim = (levels == 90) & missing
        assert not rim.any() or (case.rgb() != before).any(axis=-1)[rim].mean() > 0.9
    assert (
        "options of hole files, such as --grow, need hole files or alpha: center is a hole family"
        in case.refused("--grow=2", holes="center")
    )
    assert "grow must be a whole number from 0 to 1000, got '-1'" in case.refused("--grow=-1")
    assert "unknown option 'thin'" in case.refused(holes=f"{case.holes}?thin=1")


def test_sizes(case, draw):
    case.image()
    case.save(draw.hole(4, 4, 8, 8, size=(12, 12)), case.holes / "a.png")
    message = case.refused()
    assert "a.png is 12x12, but image 'a' is 24x24" in message and "--resize-holes" in message
    case.run("--resize-holes")
    missing = np.zeros((24, 24), bool)
    missing[8:16, 8:16] = True
    case.check("a", Image.open(case.images / "a.png"), missing)


def test_an_empty_hole_leaves_its_image_and_the_job_goes_on(case):
    made = [case.image(f"{i}.png", i) for i in range(2)]
    hole = case.hole("0.png")
    case.save(Image.new("L", (24, 24)), case.holes / "1.png")
    lines = case.run()
    assert "nothing is missing in 1 image (1): copied unchanged" in "\n".join(lines)
    case.check("0", made[0], hole)
    np.testing.assert_array_equal(case.rgb("1"), np.asarray(made[1]))
    report = json.loads((case.output / "report.json").read_text())
    assert report["unchanged"] == ["1"] and [image["id"] for image in report["images"]] == [
        "0",
        "1",
    ]
    case.run()
    assert json.loads((case.output / "report.json").read_text())["this_call"]["images"] == 0
    (case.images / "0.png").unlink()
    case.output = case.root / "all"
    case.run()  # nothing is missing anywhere
    np.testing.assert_array_equal(case.rgb("1"), np.asarray(made[1]))


def test_thin_scratches(case):
    case.image()
    levels = np.zeros((24, 24), np.uint8)
    levels[::3] = 255
    case.save(Image.fromarray(levels), case.holes / "a.png")
    case.run()
    case.check("a", Image.open(case.images / "a.png"), levels > 0)
    case.output = case.root / "small"
    message = case.refused("--size=8")
    assert (
        "image 'a': at the model's size of 8x8 every pixel overlaps a missing one" in message
        and "--method=harmonic" in message
    )
    levels[12:] = 0  # a known pixel remains
    case.save(Image.fromarray(levels), case.holes / "a.png")
    case.run("--size=8")
    case.check("a", Image.open(case.images / "a.png"), levels > 0)
