"""Small files of every unusual kind that users bring: images, holes, folders of both."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli

SIDE = 24


def scene(seed=0, width=SIDE, height=SIDE):
    """Draw a smooth image with noise and a few rectangles; no two pixels are equal."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    levels = np.stack([90 + 120 * x, 110 + 80 * y, 160 - 60 * x * y], -1) + rng.normal(
        0, 4, (height, width, 1)
    )
    for _ in range(3):
        top, left = rng.integers(0, height - 6), rng.integers(0, width - 6)
        levels[top : top + 5, left : left + 5] = rng.integers(0, 256, 3)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def box_hole(left=9, top=9, right=15, bottom=15, *, size=(SIDE, SIDE)):
    """Draw a white box on black; ``size`` is (width, height)."""
    levels = np.zeros(size[::-1], np.uint8)
    levels[top:bottom, left:right] = 255
    return Image.fromarray(levels)


def png_of_16_bits(values, colour):
    """Encode a PNG file of uint16 ``[H, W, C]``, row by row without a filter."""
    height, width, _ = values.shape

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class Case:
    """A folder of inputs, ``img/`` and ``mask/``, and the command that completes them."""

    def __init__(self, root, capsys):
        self.root, self.capsys = root, capsys
        self.images, self.holes, self.output = root / "img", root / "mask", root / "out"
        for folder in (self.images, self.holes):
            folder.mkdir()

    def image(self, name="a.png", seed=0, **options):
        """Write an image and return it."""
        made = scene(seed)
        self.save(made, self.images / name, **options)
        return made

    def hole(self, name="a.png", *box, **options):
        """Write a hole file and return bool ``[H, W]``."""
        made = box_hole(*box)
        self.save(made, self.holes / name, **options)
        return np.asarray(made) > 127

    @staticmethod
    def save(image, path, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)

    def run(self, *arguments, images=None, holes=None, code=0, command="complete"):
        """Run ``inpaint complete --method=harmonic`` and return the lines of standard error."""
        images = (
            [self.images] if images is None else images if isinstance(images, list) else [images]
        )
        holes = self.holes if holes is None else holes
        options = ["--images", *map(str, images), f"--holes={holes}", f"--output={self.output}"]
        self.capsys.readouterr()
        assert cli.main([command, "--method=harmonic", *options, *arguments]) == code
        lines = [
            line
            for line in self.capsys.readouterr().err.splitlines()
            if line.startswith("inpaint: ")
        ]
        if code:
            assert len(lines) >= 1 and lines[-1].startswith("inpaint: error: ")
        return lines

    def refused(self, *arguments, **options):
        """Return the one line of a refusal."""
        return self.run(*arguments, code=2, **options)[-1]

    def answer(self, name="a"):
        with Image.open(self.output / f"images/{name}.png") as answer:
            answer.load()
            return answer

    def rgb(self, name="a"):
        return np.asarray(self.answer(name).convert("RGB"))

    def check(self, name, before, hole):
        """Check that the completion keeps every known pixel of an image and differs in its hole."""
        before, after = np.asarray(before.convert("RGB")), self.rgb(name)
        np.testing.assert_array_equal(after[~hole], before[~hole])
        assert (after != before).any(axis=-1)[hole].mean() > 0.5


@pytest.fixture
def case(tmp_path, capsys):
    return Case(tmp_path, capsys)


@pytest.fixture(scope="session")
def draw():
    """The functions that make images and holes."""

    class Draw:
        scene = staticmethod(scene)
        hole = staticmethod(box_hole)
        png_of_16_bits = staticmethod(png_of_16_bits)

        @staticmethod
        def jpeg(image, **options):
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", **options)
            return buffer.getvalue()

    return Draw
