"""Image files of any kind: the content survives; known pixels are equal in every channel."""

import json
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from inpaint_jax.data.originals import read_original

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_transparency_is_kept(case, draw):
    image = draw.scene()
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, 4, 24))
    alpha.paste(128, (12, 0, 24, 24))  # also in the hole
    image.putalpha(alpha)
    case.save(image, case.images / "a.png")
    hole = case.hole()
    case.run()
    after, before = np.asarray(case.answer()), np.asarray(image)
    assert case.answer().mode == "RGBA"
    np.testing.assert_array_equal(after[..., 3], before[..., 3])
    np.testing.assert_array_equal(after[~hole], before[~hole])


def test_profile_resolution_and_exif_are_kept(case, draw):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "EcoCam"
    image = draw.scene(width=32, height=24)
    case.save(
        image, case.images / "a.jpg", quality=95, exif=exif, icc_profile=PROFILE, dpi=(300, 200)
    )
    hole = draw.hole(6, 10, 12, 18, size=(24, 32))  # painted on the image as displayed: upright
    case.save(hole, case.holes / "a.png")
    case.run()
    upright = read_original(case.images / "a.jpg").rgb
    after, missing = case.answer(), np.asarray(hole) > 127
    assert after.size == (24, 32)
    np.testing.assert_array_equal(np.asarray(after)[~missing], upright[~missing])
    assert after.info["icc_profile"] == PROFILE and after.getexif() == {0x010F: "EcoCam"}
    assert after.info["dpi"] == pytest.approx((200, 300), abs=0.02)  # rotated with the pixels
    case.save(draw.hole(size=(32, 24)), case.holes / "a.png")  # painted on the pixels as stored
    assert "EXIF data rotate one of the two" in case.refused()


def test_jpeg_stays_jpeg_by_an_option(case, draw):
    case.save(draw.scene(), case.images / "a.jpg", quality=70, subsampling=0, icc_profile=PROFILE)
    case.save(draw.scene(1), case.images / "b.webp", lossless=True)
    hole = case.hole("mask.png")
    case.run("--format=same")
    assert sorted(file.name for file in (case.output / "images").iterdir()) == ["a.jpg", "b.webp"]
    before, after = Image.open(case.images / "a.jpg"), Image.open(case.output / "images/a.jpg")
    assert after.format == "JPEG" and after.quantization == before.quantization
    assert after.info["icc_profile"] == PROFILE
    # a block without hole
    far = np.asarray(before).astype(int)[16:, 16:] - np.asarray(after)[16:, 16:]
    assert abs(far).max() <= 3
    webp = [
        np.asarray(Image.open(root / "b.webp")) for root in (case.images, case.output / "images")
    ]
    np.testing.assert_array_equal(webp[0][~hole], webp[1][~hole])
    case.run("--format=same")  # finished
    assert json.loads((case.output / "report.json").read_text())["this_call"]["images"] == 0


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (6, 4)])
def test_sixteen_bits_are_kept(case, draw, colour, channels):
    values = np.random.default_rng(0).integers(20000, 40000, (24, 24, channels)).astype(np.uint16)
    (case.images / "a.png").write_bytes(draw.png_of_16_bits(values, colour))
    hole = case.hole()
    case.run()
    after = read_original(case.output / "images/a.png")
    assert after.pixels.dtype == np.uint16 and after.grey == (channels == 1)
    np.testing.assert_array_equal(
        after.pixels[~hole], np.broadcast_to(values[..., :3], (24, 24, 3))[~hole]
    )
    assert (after.pixels[hole] % 257 != 0).mean() > 0.9  # not 8 bits in 16
    if channels == 4:
        np.testing.assert_array_equal(after.alpha, values[..., 3])


def test_sixteen_bits_that_pillow_cannot_be_led_to_read_are_refused(case, draw):
    (case.images / "a.png").write_bytes(draw.png_of_16_bits(np.zeros((24, 24, 2), np.uint16), 4))
    case.hole()
    assert "a.png has 16 bits per channel in an unsupported form" in case.refused()
    (case.images / "a.png").unlink()
    (case.images / "a.ppm").write_bytes(b"P6 24 24 65535\n" + bytes(24 * 24 * 6))
    assert "a.ppm has 16 bits per channel: save it as a PNG or TIFF file" in case.refused()


@pytest.mark.parametrize(
    ("mode", "kept"), [("P", "RGB"), ("1", "L"), ("L", "L"), ("LA", "LA"), ("CMYK", "RGB")]
)
def test_modes(case, draw, mode, kept):
    name = "a.tiff" if mode == "CMYK" else "a.png"
    case.save(draw.scene().convert(mode), case.images / name)
    hole = case.hole()
    case.run()
    assert case.answer().mode == kept
    case.check("a", Image.open(case.images / name).convert(kept), hole)


def test_formats_and_what_is_left_out(case, draw):
    kinds = {
        "a.png": {},
        "b.JPG": {"quality": 95},
        "c.webp": {"lossless": True},
        "d.tiff": {},
        "e.gif": {},
        "f.jfif": {"format": "JPEG"},
        "g.PNG": {},
        "h.bmp": {},
        "i.avif": {},
        "j.tif": {},
        "k.ppm": {},
    }
    for seed, (name, options) in enumerate(kinds.items()):
        case.save(draw.scene(seed), case.images / name, **options)
    more = [draw.scene(seed) for seed in (20, 21)]
    more[0].save(case.images / "l.webp", save_all=True, append_images=more[1:], lossless=True)
    (case.images / "notes.txt").write_text("")
    (case.images / "Thumbs.db").write_text("")
    hole = case.hole("mask.png")
    lines = case.run()
    assert {file.stem for file in (case.output / "images").iterdir()} == set("abcdefghijkl")
    case.check("l", more[0], hole)
    text = "\n".join(lines)
    assert "1 file (notes.txt), left out: suffix of no image format" in text
    assert "1 file (e.gif), GIF: only the first frame is read" in text
    assert "completing only the first frame or page of 1 image (l)" in text
    assert json.loads((case.output / "report.json").read_text())["notes"] == [
        line[15:] for line in lines
    ]


def test_transparent_pixels_as_holes(case, draw):
    image = draw.scene()
    alpha = np.full((24, 24), 255, np.uint8)
    alpha[4:9, 5:11] = 0
    image.putalpha(Image.fromarray(alpha))
    case.save(image, case.images / "a.png")
    assert "--holes=alpha" in case.refused(holes=case.images)  # the image as its own hole
    case.save(image, case.holes / "a.png")
    assert "--holes=alpha" in case.refused()  # a copy of it
    case.run(holes="alpha")
    case.check("a", image, alpha == 0)
    assert (np.asarray(case.answer())[..., 3] == 255).all()
    case.image("b.png")
    case.output = case.root / "other"
    assert "image 'b' has no transparency" in case.refused(holes="alpha")


def test_links_once_and_results_are_no_images(case):
    case.image()
    os.symlink(".", case.images / "loop")
    os.symlink("a.png", case.images / "link.png")
    case.hole("mask.png")
    case.output = case.images / "out"
    case.run()
    assert [file.name for file in (case.output / "images").rglob("*.png")] == ["a.png"]
    before = (case.output / "images/a.png").stat().st_mtime_ns
    case.run()
    assert (case.output / "images/a.png").stat().st_mtime_ns == before
    assert json.loads((case.output / "report.json").read_text())["this_call"]["images"] == 0


def test_names_are_taken_literally(case, draw):
    places = [case.root / name for name in ("what?now", "a,b", "c[1]", "d?count=1", "e&f")]
    for seed, place in enumerate(places):
        case.save(draw.scene(seed), place / "img/a.png")
        case.save(draw.hole(), place / "holes/a.png")
        case.output = place / "out"
        case.run("--count=1", images=place / "img", holes=place / "holes")
        case.check("a", draw.scene(seed), np.asarray(draw.hole()) > 127)
    holes = ",".join([str(places[1] / "holes"), str(places[0] / "holes")])
    case.output = case.root / "table"
    case.run("--size=24", images=places[1] / "img", holes=holes, command="evaluate")
    table = json.loads((case.output / "table.json").read_text())
    assert [row["holes"] for row in table["rows"]] == holes.rsplit(",", 1)


@pytest.mark.parametrize(
    "option", ["--count=0", "--count=-1", "--slots=0", "--slots=-3", "--keep=0", "--keep=-1"]
)
def test_counts_below_one(case, option):
    case.image()
    case.hole()
    assert case.refused(option) == f"inpaint: error: {option}: it must be at least 1"
    assert not case.output.exists()


@pytest.mark.parametrize("option", ["images", "holes", "output"])
def test_empty_names(case, option):
    case.image()
    case.hole()
    assert (
        case.refused(f"--{option}=")
        == f"inpaint: error: --{option} is empty; is a shell variable unset?"
    )


def test_names_that_are_too_long(case):
    case.image(f"{'x' * 245}.png")
    case.image("a.png")
    case.hole("mask.png")
    assert "has 245 bytes, more than 235: rename it" in case.refused() and not case.output.exists()
    case.run("--on-error=skip")
    assert [file.name for file in (case.output / "images").iterdir()] == ["a.png"]


def test_large_declared_images_are_not_decoded(case):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(bytes(1 << 20))  # a whole file of black pixels has half a megabyte
    header = struct.pack(">IIBBBBB", 13000, 13000, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (case.images / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    case.hole()
    assert "a.png is too large: it declares more than 89,478,485 pixels" in case.refused()


def test_pipes_are_left_out(case):
    case.image()
    case.hole("mask.png")
    os.mkfifo(case.images / "b.png")
    os.mkfifo(case.holes / "b.png")
    lines = case.run(holes=case.holes / "mask.png")
    assert "1 file (b.png), left out: pipe or device" in "\n".join(lines)
    assert "b.png is a pipe or a device" in case.refused(images=case.images / "b.png")
    assert "b.png is a pipe or a device" in case.refused(holes=case.holes / "b.png")
