"""The methods of OpenCV's contributed modules and of scikit-image, on the host."""

import sys
import types

import numpy as np
import pytest

from inpaint_jax.compositing import from_uint8
from inpaint_jax.errors import InputError
from inpaint_jax.systems.baselines import BASELINES, opencv_contrib
from inpaint_jax.systems.driver import Task
from inpaint_jax.systems.native_size import native_run

HOLE = np.zeros((40, 50, 1), np.float32)
HOLE[12:20, 15:27] = 1
COLOUR = from_uint8(np.array([200, 90, 30], np.uint8))


def complete(name, image, hole=HOLE, **options):
    (result,) = native_run(BASELINES[name](**options), {})([Task("a", image, hole)], seed=0)
    known = np.broadcast_to(hole < 0.5, image.shape)
    np.testing.assert_array_equal(result.images[0][known], image[known])
    return result.images[0]


@pytest.mark.parametrize(
    "name, levels", [("fsr_fast", 3), ("fsr_best", 3), ("shift_map", 2), ("biharmonic", 0.01)]
)
def test_one_colour_is_completed(name, levels):
    """Every library gets the right mask polarity: black and white stripes in the hole disappear."""
    image = np.broadcast_to(COLOUR, (40, 50, 3)).astype(np.float32)
    damaged = np.where(HOLE > 0, np.where(np.arange(50)[:, None] % 2, np.float32(1), -1), image)
    np.testing.assert_allclose(complete(name, damaged), image, atol=levels / 127.5)


def test_channels_keep_their_places():
    """OpenCV has blue first: a red stripe stays red."""
    image = np.full((40, 50, 3), -1, np.float32)
    image[:, 18:23, 0] = 1
    completed = complete("fsr_fast", image)
    assert completed[16, 20, 0] > 0 > completed[16, 20, 1:].max()


def test_biharmonic_is_exact_where_harmonic_is_not():
    """x ** 2 has Laplacian 2, and the Laplacian of that is 0."""
    parabola = np.broadcast_to(np.linspace(-1, 1, 50)[None, :, None] ** 2, (40, 50, 3)).astype(
        np.float32
    )
    np.testing.assert_allclose(complete("biharmonic", parabola), parabola, atol=1e-5)
    assert np.abs(complete("harmonic", parabola) - parabola).max() > 0.01


def painting(monkeypatch, rows):
    """Fake a shift-map that paints COLOUR in some rows of the hole, and nothing elsewhere."""

    def paint(cv2, flag, levels, hole):
        painted = np.where(hole > 0.5, 0, levels).astype(np.uint8)
        painted[rows][hole[rows][..., 0] > 0.5] = [200, 90, 30]
        return painted

    monkeypatch.setattr(opencv_contrib, "xphoto", paint)


def test_what_shift_map_leaves_is_completed(monkeypatch):
    image = np.broadcast_to(COLOUR, (40, 50, 3)).astype(np.float32)
    painting(monkeypatch, np.s_[12:15])
    np.testing.assert_allclose(complete("shift_map", image, colours="rgb"), image, atol=1e-5)
    painting(monkeypatch, np.s_[0:0])
    with pytest.raises(InputError, match="a: shift-map cannot paint this hole, which is too large"):
        complete("shift_map", image, colours="rgb")


def test_bad_input(monkeypatch):
    with pytest.raises(InputError, match="unknown quality 'good' .* known: fast, best"):
        opencv_contrib.frequency_selective(quality="good")
    with pytest.raises(InputError, match="unknown colours 'hsv' of shift-map; known: lab, rgb"):
        BASELINES["shift_map"](colours="hsv")
    # the plain wheel has no xphoto
    monkeypatch.setitem(sys.modules, "cv2", types.ModuleType("cv2"))
    with pytest.raises(
        InputError, match="fsr_best baseline needs OpenCV's contributed modules, .*pip uninstall"
    ):
        BASELINES["fsr_best"]()
    monkeypatch.setitem(sys.modules, "skimage.restoration", None)
    with pytest.raises(InputError, match=r"biharmonic .* pip install 'inpaint_jax\[baselines\]'"):
        BASELINES["biharmonic"]()
