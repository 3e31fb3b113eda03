"""Unusual image files are read correctly; one line names what cannot be read or written."""

import errno
import io

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data.image_files import read_image, write_image
from inpaint_jax.errors import InputError

COLOURS = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[0, 0, 0], [255, 255, 255], [10, 20, 30]]], np.uint8
)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.webp"])
def test_lossless_formats_return_what_was_saved(tmp_path, name):
    Image.fromarray(COLOURS).save(tmp_path / name, lossless=True)
    read = read_image(tmp_path / name)
    assert read.dtype == np.uint8 and read.flags.writeable
    np.testing.assert_array_equal(read, COLOURS)


def test_jpeg_is_rgb(tmp_path):
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    Image.fromarray(flat).save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg").astype(int), flat, atol=2)


def test_cmyk_jpeg_is_rgb(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(
        read_image(tmp_path / "a.jpg").astype(int)[0, 0], (255, 0, 0), atol=3
    )


def test_grey_is_repeated(tmp_path):
    Image.fromarray(np.array([[0, 7, 255]], np.uint8)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[[0] * 3, [7] * 3, [255] * 3]])


def test_one_bit_is_black_and_white(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[[255] * 3, [0] * 3]])


def test_sixteen_bit_grey_is_scaled(tmp_path):
    Image.fromarray(np.array([[0, 257, 128 * 257, 65535, 300]], np.uint16)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png")[0, :, 0], [0, 1, 128, 255, 1])


def test_alpha_is_dropped_and_colours_kept(tmp_path):
    alpha = np.array([[0, 128, 255], [0, 0, 0]], np.uint8)[..., None]
    Image.fromarray(np.concatenate([COLOURS, alpha], axis=2)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), COLOURS)


def test_grey_with_alpha(tmp_path):
    Image.fromarray(np.array([[[9, 0], [200, 255]]], np.uint8), mode=None).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png")[0, :, 1], [9, 200])


def test_palette_with_transparency(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), mode=None).convert("P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(tmp_path / "a.png", transparency=1)
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png")[0], [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    )


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [(1, lambda a: a), (3, lambda a: a[::-1, ::-1]), (6, lambda a: np.rot90(a, -1)), (8, np.rot90)],
)
@pytest.mark.parametrize("pixels", [COLOURS, COLOURS[..., 0].astype(np.uint16) * 257])
def test_exif_rotation_is_applied(tmp_path, orientation, upright, pixels):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    expected = upright(COLOURS if pixels.ndim == 3 else np.repeat(COLOURS[..., :1], 3, axis=2))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


def test_bytes_are_read_like_a_file():
    file = io.BytesIO()
    Image.fromarray(COLOURS).save(file, "PNG")
    np.testing.assert_array_equal(read_image(file, name="record 3"), COLOURS)
    with pytest.raises(InputError, match="cannot read record 3"):
        read_image(io.BytesIO(b"no image"), name="record 3")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_truncated_file_is_named(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(InputError, match=rf"cannot read .*a{suffix}.*replace or remove it"):
        read_image(file)


def test_wrong_files_are_named(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.jpg").touch()
    Image.fromarray(np.zeros((2, 2), np.int32)).save(tmp_path / "deep.tiff")
    for name, words in [
        ("text.png", "cannot read"),
        ("empty.jpg", "cannot read"),
        ("none.png", "no such"),
        ("deep.tiff", "8 or 16 bits"),
    ]:
        with pytest.raises(InputError, match=f"{words}|{name}") as raised:
            read_image(tmp_path / name)
        assert (
            words in str(raised.value)
            and name in str(raised.value)
            and "\n" not in str(raised.value)
        )


def test_written_images_come_back(tmp_path):
    write_image(tmp_path / "new" / "a.png", COLOURS)
    np.testing.assert_array_equal(read_image(tmp_path / "new" / "a.png"), COLOURS)
    write_image(tmp_path / "hole.png", np.array([[True, False]]))
    np.testing.assert_array_equal(read_image(tmp_path / "hole.png")[..., 0], [[255, 0]])
    # nothing partial
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["a.png", "hole.png", "new"]


def test_full_disk_leaves_the_old_image(tmp_path, monkeypatch):
    write_image(tmp_path / "a.png", COLOURS)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        InputError,
        match=f"cannot write {tmp_path}/a.png .No space left on device.: free some space",
    ):
        write_image(tmp_path / "a.png", COLOURS[:1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), COLOURS)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_format_that_is_not_known(tmp_path):
    with pytest.raises(
        InputError, match=r"cannot write .*a.gif: choose one of the suffixes .bmp, .jpeg"
    ):
        write_image(tmp_path / "a.gif", COLOURS)


def test_folder_that_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"cannot write {tmp_path}/file/a.png"):
        write_image(tmp_path / "file" / "a.png", COLOURS)
