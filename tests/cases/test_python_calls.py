"""Images and holes from Python programs: read as intended, or refused in one line."""

import numpy as np
import pytest
from PIL import Image

import inpaint_jax as ij
from inpaint_jax.errors import InputError

HOLE = np.zeros((24, 20), bool)
HOLE[8:14, 6:12] = True
RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 256, (24, 20, 3)).astype(np.uint8)
FLOATS = RNG.uniform(-1, 1, (1, 24, 20, 3)).astype(np.float32)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
def test_pil_images_come_back_at_their_size_with_their_transparency(mode):
    image = Image.fromarray(LEVELS).convert(mode)
    if "A" in mode:
        image.putalpha(Image.fromarray(LEVELS[..., 0]))
    (completed,) = ij.complete("harmonic", [image], Image.fromarray(HOLE))
    kept = {"P": "RGB", "CMYK": "RGB", "1": "L"}.get(mode, mode)
    assert completed.mode == kept and completed.size == image.size
    before, after = np.asarray(image.convert(kept)), np.asarray(completed)
    np.testing.assert_array_equal(after[~HOLE], before[~HOLE])
    assert (after[HOLE] != before[HOLE]).any()
    if "A" in mode:
        np.testing.assert_array_equal(after[..., -1], before[..., -1])


@pytest.mark.parametrize(
    "hole", [HOLE, HOLE.astype(np.uint8), HOLE.astype(np.uint8) * 255, HOLE.astype(float)]
)
def test_uint8_images(hole):
    completed = ij.complete("harmonic", LEVELS[None], hole)
    assert completed.dtype == np.uint8
    np.testing.assert_array_equal(completed[0][~HOLE], LEVELS[~HOLE])


@pytest.mark.parametrize(
    ("images", "holes", "words"),
    [
        (FLOATS, HOLE[..., None] * 255.0, "a hole is 0 .known. or 1 .missing., got 255"),
        (FLOATS, HOLE[..., None] * 0.5, "a hole is 0 .known. or 1 .missing., got 0.5"),
        ((FLOATS * 100).astype(int), HOLE[..., None], "images must be float in .-1, 1., got int64"),
        (LEVELS[None], HOLE * 0.5, "must be 0 .known. or 1 .missing., or uint8"),
        (LEVELS[None], HOLE * np.uint8(100), "no grey value above 127, found grey values 0, 100"),
        (LEVELS[None], LEVELS, "is not a hole: .* of its pixels are coloured"),
        (LEVELS[None], ~HOLE & HOLE, "no missing pixel"),
        (LEVELS[None], ~HOLE | HOLE, "no known pixel"),
    ],
)
def test_refused(images, holes, words):
    with pytest.raises(InputError, match=words) as raised:
        ij.complete("harmonic", images, holes)
    assert "\n" not in str(raised.value)


def test_floats_of_another_range_are_suspected():
    with pytest.warns(
        UserWarning, match=r"no negative value .*must be in \[-1, 1\], not \[0, 1\] or \[0, 255\]"
    ):
        ij.complete("harmonic", (FLOATS + 1) / 2, HOLE[..., None])


@pytest.mark.parametrize("options", [{"keep": 0}, {"slots": 0}, {"keep": -1}, {"size": 0}])
def test_counts_below_one(options):
    with pytest.raises(InputError, match="=(0|-1): it must be at least 1"):
        ij.complete("harmonic", [Image.fromarray(LEVELS)], HOLE, **options)


def test_losses_metrics_and_blending_refuse_integers():
    levels, hole = LEVELS[None], HOLE[None, ..., None].astype(np.float32)
    calls = (
        lambda: ij.losses.masked_l2(levels, levels, hole),
        lambda: ij.metrics.psnr(levels, levels, hole),
        lambda: ij.blending.poisson_blend(levels, levels, hole),
    )
    for call in calls:
        with pytest.raises((TypeError, ValueError), match="float"):
            call()
