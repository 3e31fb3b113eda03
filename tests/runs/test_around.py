"""Systems of one size on large images: squares around holes, and holes that fit into none."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import inpaint_jax as ij
from inpaint_jax import cli
from inpaint_jax.compositing import from_uint8
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.runs.around import cut_squares, run_around, square_around
from inpaint_jax.runs.methods import open_methods
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.parts.feed_forward import single_pass
from inpaint_jax.systems.parts.windows import Window

RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 256, (90, 200, 3)).astype(np.uint8)


def hole_of(*boxes, shape=(90, 200)):
    hole = np.zeros((*shape, 1), np.float32)
    for top, left, bottom, right in boxes:
        hole[top:bottom, left:right] = 1
    return hole


@pytest.mark.parametrize(
    "box, square",
    [
        # the model's side, where twice the hole is less
        (Window(40, 100, 5, 6), Window(34, 95, 16, 16)),
        (Window(40, 100, 20, 10), Window(30, 85, 40, 40)),  # half of 20 above and below
        (Window(0, 190, 20, 10), Window(0, 160, 40, 40)),  # moved into the image
        (Window(10, 0, 50, 60), Window(0, 0, 90, 90)),  # no room for the margin
        (Window(10, 0, 50, 91), None),  # no square of the image contains the box
    ],
)
def test_squares(box, square):
    assert square_around((90, 200), 16)(box) == square


def test_a_square_of_the_models_side_is_seen_as_it_is():
    """The square is 16 x 16 pixels, neither resized nor shifted, with all their holes."""
    hole = hole_of((40, 100, 45, 106), (38, 103, 39, 107))
    (piece,) = cut_squares(Task("a", np.where(hole > 0, 0, from_uint8(LEVELS)), hole), 16)
    np.testing.assert_array_equal(piece.hole, hole[33:49, 95:111])
    known = piece.hole[..., 0] == 0
    np.testing.assert_array_equal(piece.image[known], from_uint8(LEVELS)[33:49, 95:111][known])


def painted(value):
    """Return a system of 16 pixels that paints one value."""
    return single_pass(lambda states, images, hole: jnp.full_like(images, value), size=16)


def test_far_holes_are_completed_in_squares_of_their_own():
    """Holes of 6 x 8 and, resized from 16 to 60, of 30 x 20 pixels; known pixels stay bit for bit.

    The bicubic filter mixes painted with known pixels up to two model pixels beyond the border.
    """
    hole = hole_of((3, 5, 9, 13), (50, 150, 80, 170))
    image = RNG.uniform(-1, 1, (90, 200, 3)).astype(np.float32)
    run = run_around(Driver(painted(1.0), {}, slots=2).run, 16)
    (result,) = run([Task("a", image, hole)], seed=0)
    expected = np.where(hole > 0, np.float32(1), image)
    large = np.s_[50:80, 150:170]
    np.testing.assert_allclose(result.images[0][large], expected[large], atol=0.2)
    result.images[0][large] = expected[large]
    np.testing.assert_array_equal(result.images[0], expected)


def test_what_fits_into_no_square_is_refused():
    run = run_around(Driver(painted(1.0), {}, slots=1).run, 16)
    with pytest.raises(
        InputError, match="a: no square of the 200x90 image contains the hole of 150x4 pixels"
    ):
        list(run([Task("a", from_uint8(LEVELS), hole_of((40, 10, 44, 160)))], seed=0))
    with pytest.raises(
        InputError,
        match="--fit=around: mean completes images at their original size; give --size, or no",
    ):
        open_methods(["mean"], fit="around")


def test_the_nearest_training_image_is_pasted_around_every_hole():
    """A method that searches training images has a size too."""
    hole = hole_of((3, 5, 9, 13))[..., 0] > 0
    options = dict(size=16, fit="around", train="facades?split=train&count=3")
    (completed,) = ij.complete("nearest", [LEVELS], hole, **options)
    np.testing.assert_array_equal(completed[~hole], LEVELS[~hole])
    facades = open_source("facades?split=train&count=3", size=16)
    pasted = [
        np.array_equal(completed[3:9, 5:13], facades[i]["image"][3:9, 4:12]) for i in range(3)
    ]
    assert sum(pasted) == 1  # the square is of columns 1 to 16
    with pytest.raises(
        InputError, match="needs their size: give --size, and --fit=around if images are larger"
    ):
        ij.complete("nearest", [LEVELS], hole, train="facades")


def test_a_trained_model_on_a_large_image(model, workdir, tmp_path):
    """Python and the command line give the same completion, and nothing else changes."""
    hole = hole_of((3, 5, 9, 13), (50, 150, 80, 170))[..., 0] > 0
    completed = np.asarray(
        ij.complete(model, [Image.fromarray(LEVELS)], hole, fit="around", ids=["a"])[0]
    )
    np.testing.assert_array_equal(completed[~hole], LEVELS[~hole])
    assert (completed[3:9, 5:13] != LEVELS[3:9, 5:13]).any() and (
        completed[50:80, 150:170] != 0
    ).any()
    Image.fromarray(LEVELS).save(tmp_path / "a.png")
    Image.fromarray(hole).save(tmp_path / "hole.png")
    arguments = [
        f"--workdir={workdir}",
        f"--images={tmp_path}/a.png",
        f"--holes={tmp_path}/hole.png",
        "--fit=around",
    ]
    assert cli.main(["complete", *arguments, f"--output={tmp_path}/out"]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out/images/a.png")), completed)
