import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

from inpaint_jax import masks
from inpaint_jax.blending import (
    conjugate_gradients,
    degrees,
    laplacian,
    poisson_blend,
    screened_poisson,
)
from inpaint_jax.errors import InputError

SPECS = ("center:32", "left", "random:0.7", "random:0.8")
EDGES = ("neumann", "published", "wrap")
blend = jax.jit(poisson_blend, static_argnames=("edge", "max_iterations"))


def make_image(key, size=64):
    """Smooth colours and noise, [1, size, size, 3],
    well inside [-1, 1] so that nothing is clipped.
    """
    y, x = np.mgrid[:size, :size] / size
    smooth = np.stack([np.sin(5 * x + 3 * y), np.cos(4 * y), np.sin(7 * x * y)], -1)
    return jnp.asarray(0.3 * smooth + 0.05 * jax.random.normal(jax.random.key(key), smooth.shape))[
        None
    ]


def hole_of(spec, size=64):
    return masks.parse(spec)(jax.random.key(3), size)[None]


def direct(image, guidance, hole, edge):
    """The normal equations of every missing pixel, solved by scipy in float64."""
    _, height, width, channels = image.shape
    missing = np.asarray(hole[0, ..., 0]) > 0.5
    number = np.cumsum(missing.ravel()).reshape(missing.shape) - 1
    matrix = scipy.sparse.lil_matrix((missing.sum(), missing.sum()))
    right = np.zeros((missing.sum(), channels))
    y, g = np.asarray(image[0], np.float64), np.asarray(guidance[0], np.float64)
    for i, j in np.argwhere(missing):
        row = number[i, j]
        inside = [
            (a, b)
            for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))
            if 0 <= a < height and 0 <= b < width
        ]
        count = len(inside) if edge == "neumann" else 4
        matrix[row, row] = count
        right[row] = count * g[i, j]
        for a, b in inside:
            right[row] -= g[a, b]
        across = (
            [(i - 1, width - 1)]
            if j == 0 < i
            else [(i + 1, 0)]
            if j == width - 1 and i + 1 < height
            else []
        )
        for a, b in inside + (across if edge == "wrap" else []):
            # of [-1, 1] against the codes' [0, 1], doubled
            shift = 1.0 if (a, b) in across else 0.0
            if missing[a, b]:
                matrix[row, number[a, b]] = -1
                right[row] += shift
            else:
                right[row] += y[a, b] + shift
    answer = y.copy()
    answer[missing] = scipy.sparse.linalg.spsolve(matrix.tocsr(), right)
    return answer[None]


def test_one_missing_pixel():
    image = np.zeros((1, 3, 3, 1), np.float32)
    guidance = np.zeros((1, 3, 3, 1), np.float32)
    hole = np.zeros((1, 3, 3, 1), np.float32)
    hole[0, 1, 1] = 1
    for value, (i, j) in enumerate(((0, 1), (2, 1), (1, 0), (1, 2)), start=1):
        image[0, i, j], guidance[0, i, j] = value / 10, value / 100
    guidance[0, 1, 1] = 0.05
    # 2.75 at a tenth
    np.testing.assert_allclose(blend(image, guidance, hole)[0, 1, 1], 0.275, rtol=1e-6)


@pytest.mark.parametrize("edge, answer", [("neumann", 0.18), ("published", 0.115)])
def test_a_missing_corner(edge, answer):
    image = np.array([[0, 0.1], [0.2, 0]], np.float32)[None, :, :, None]
    guidance = np.array([[0.05, 0.01], [0.03, 0]], np.float32)[None, :, :, None]
    hole = np.array([[1, 0], [0, 0]], np.float32)[None, :, :, None]
    np.testing.assert_allclose(blend(image, guidance, hole, edge=edge)[0, 0, 0], answer, rtol=1e-6)


def test_a_row_that_wraps():
    """By hand, in [0, 1]: 4 u = 0.1 above + 0.2 right + 0.3, the end of the row above,
    + 4 g - (g above + g right).
    """
    image = np.array([[0.1, 0.3], [0, 0.2]])[None, :, :, None]
    guidance = np.array([[0.05, 0.4], [0.01, 0.03]])[None, :, :, None]
    hole = np.array([[0, 0], [1, 0]], np.float32)[None, :, :, None]
    u = (0.1 + 0.2 + 0.3 + 4 * 0.01 - (0.05 + 0.03)) / 4
    answer = blend(*((2 * x - 1).astype(np.float32) for x in (image, guidance)), hole, edge="wrap")
    np.testing.assert_allclose((answer[0, 1, 0] + 1) / 2, u, rtol=1e-5)


def test_perfect_guidance_is_not_enough_for_a_row_that_wraps():
    """Of the three only this one changes an image that was right,
    and only where the hole touches the left border.
    """
    truth, hole = make_image(0), hole_of("left")
    for edge in EDGES:
        error = np.abs(blend(truth, truth, hole, edge=edge) - truth).max()
        assert error > 0.3 if edge == "wrap" else error < 1e-5
    inner = hole_of("center:32")
    np.testing.assert_allclose(blend(truth, truth, inner, edge="wrap"), truth, atol=1e-5)


def test_constant_guidance_reproduces_a_ramp():
    i, j = np.mgrid[:7, :7]
    ramp = ((i + 2 * j) / 20 - 0.5).astype(np.float32)[None, :, :, None]
    hole = np.asarray(masks.center(jax.random.key(0), 7, side=3))[None]
    answer = blend(ramp * (1 - hole), jnp.full_like(ramp, 0.4), hole)
    np.testing.assert_allclose(answer, ramp, atol=1e-5)


@pytest.mark.parametrize("spec", SPECS)
def test_guidance_with_an_offset_reproduces_the_truth(spec):
    truth, hole = make_image(0), hole_of(spec)
    answer = blend(truth * (1 - hole), truth + 0.37, hole)
    np.testing.assert_allclose(answer, truth, atol=1e-5)
    seam = np.abs(np.where(hole > 0.5, truth + 0.37, truth) - truth).max()
    np.testing.assert_allclose(seam, 0.37, rtol=1e-5)  # what pasting leaves


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("spec", SPECS)
def test_agrees_with_a_direct_solve(spec, edge):
    image, guidance, hole = make_image(0), make_image(1), hole_of(spec)
    expected = direct(image, guidance, hole, edge)
    assert np.abs(expected).max() < 1 or edge == "wrap"
    expected = np.clip(expected, -1, 1)
    np.testing.assert_allclose(blend(image, guidance, hole, edge=edge), expected, atol=1e-5)


@pytest.mark.parametrize("spec", SPECS)
def test_iterations(spec):
    image, guidance, hole = make_image(0)[0], make_image(1)[0], hole_of(spec)[0]
    _, iterations = conjugate_gradients(
        lambda v: hole * laplacian(v),
        -hole * laplacian((1 - hole) * (image - guidance)),
        lambda v: v / degrees(64, 64),
        tolerance=1e-6,
        max_iterations=500,
    )
    assert 10 < int(iterations) <= 250


@pytest.mark.parametrize("edge", EDGES)
def test_known_pixels_and_the_two_ends(edge):
    image, guidance = make_image(0), 3 * make_image(1)
    hole = hole_of("random:0.7")
    answer = np.asarray(blend(image, guidance, hole, edge=edge))
    known = np.broadcast_to(hole < 0.5, image.shape)
    np.testing.assert_array_equal(answer[known], np.asarray(image)[known])
    assert np.abs(answer).max() <= 1
    np.testing.assert_array_equal(blend(image, guidance, jnp.zeros_like(hole), edge=edge), image)
    if edge != "wrap":  # whose own pixels pull at it
        whole = blend(image, guidance, jnp.ones_like(hole), edge=edge)
        np.testing.assert_array_equal(whole, jnp.clip(guidance, -1.0, 1.0))


def test_what_the_image_holds_inside_the_hole_does_not_matter():
    image, guidance, hole = make_image(0), make_image(1), hole_of("left")
    poisoned = jnp.where(hole > 0.5, jnp.nan, image)
    np.testing.assert_array_equal(blend(poisoned, guidance, hole), blend(image, guidance, hole))


def test_batch_mates_change_nothing():
    image = jnp.concatenate([make_image(i) for i in range(4)])
    guidance = jnp.concatenate([make_image(i + 4) for i in range(4)])
    hole = jnp.concatenate([hole_of(spec) for spec in SPECS])
    together = blend(image, guidance, hole)
    order = jnp.array([2, 0, 3, 1])
    np.testing.assert_array_equal(
        blend(image[order], guidance[order], hole[order]), together[order]
    )
    # nothing to solve beside the first: it must not stop earlier or go on longer
    mates = hole.at[1:].set(0.0)
    np.testing.assert_array_equal(blend(image, guidance, mates)[0], together[0])
    for i in range(4):
        one = blend(image[i : i + 1], guidance[i : i + 1], hole[i : i + 1])
        np.testing.assert_allclose(one[0], together[i], atol=2e-6)


def test_a_map_with_a_screen():
    """What image melding solves: (A + 0.1) x = b on the hole."""
    hole = hole_of("center:8", 16)[0]
    target = hole * make_image(0, 16)[0]
    x, _ = conjugate_gradients(
        lambda v: hole * laplacian(v) + 0.1 * v,
        target,
        lambda v: v / (degrees(16, 16) + 0.1),
        tolerance=1e-6,
        max_iterations=500,
    )
    np.testing.assert_allclose(hole * laplacian(x) + 0.1 * x, target, atol=1e-5)


def test_bad_input():
    image, hole = make_image(0), hole_of("left")
    with pytest.raises(
        InputError, match="unknown edge 'dirichlet' of the blend; known: neumann, published, wrap"
    ):
        poisson_blend(image, image, hole, edge="dirichlet")
    with pytest.raises(ValueError, match=r"hole must have the shape \(1, 64, 64, 1\)"):
        poisson_blend(image, image, hole[:, :32])
    with pytest.raises(ValueError, match=r"image \(1, 64, 64, 3\), guidance \(1, 32, 64, 3\)"):
        poisson_blend(image, image[:, :32], hole)


def screened_direct(image, colours, rightward, downward, hole, weight):
    """The least squares problem itself, one equation for every pair and every
    colour, in float64.
    """
    height, width, channels = image.shape
    missing = np.asarray(hole[..., 0]) > 0.5
    number = np.cumsum(missing.ravel()).reshape(missing.shape) - 1
    rows, right = [], []

    def equation(factor, target, *signed):
        row = np.zeros(missing.sum())
        for sign, pixel in signed:
            if missing[pixel]:
                row[number[pixel]] = sign
            else:
                target = target - sign * image[pixel]
        rows.append(factor * row)
        right.append(factor * target)

    for i, j in np.ndindex(height, width):
        for step, next_one in ((rightward, (i, j + 1)), (downward, (i + 1, j))):
            if (
                next_one[0] < height
                and next_one[1] < width
                and (missing[i, j] or missing[next_one])
            ):
                equation(1.0, step[i, j], (1, next_one), (-1, (i, j)))
        if missing[i, j]:
            equation(weight**0.5, colours[i, j], (1, (i, j)))
    answer = np.array(image, np.float64)
    answer[missing] = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    return answer


@pytest.mark.parametrize("spec", ["center:8", "left", "random:0.7"])
@pytest.mark.parametrize("weight", [0.1, 2.0])
def test_screened_poisson_against_least_squares(spec, weight):
    image, colours, rightward, downward = (make_image(n, 14) for n in range(4))
    hole = hole_of(spec, 14)
    answer = screened_poisson(image, colours, rightward, downward, hole, weight=weight)
    given = [np.asarray(a[0], np.float64) for a in (image, colours, rightward, downward)]
    np.testing.assert_allclose(answer[0], screened_direct(*given, hole[0], weight), atol=5e-6)
    known = np.broadcast_to(hole < 0.5, image.shape)
    np.testing.assert_array_equal(answer[known], image[known])


def test_screened_poisson_keeps_an_image_and_comes_near_the_blend():
    image, guidance, hole = make_image(0), make_image(1), hole_of("center:32")
    steps = [jnp.pad(jnp.diff(guidance, axis=axis), pad) for axis, pad in ((2, RIGHT), (1, BELOW))]
    own = [jnp.pad(jnp.diff(image, axis=axis), pad) for axis, pad in ((2, RIGHT), (1, BELOW))]
    np.testing.assert_allclose(screened_poisson(image, image, *own, hole), image, atol=1e-6)
    answer = screened_poisson(image, image, *steps, hole, weight=1e-6)
    np.testing.assert_allclose(answer, blend(image, guidance, hole), atol=1e-3)
    with pytest.raises(
        InputError,
        match="weight of the colours must be positive, got 0; without colours use poisson",
    ):
        screened_poisson(image, image, *own, hole, weight=0)


RIGHT, BELOW = ((0, 0), (0, 0), (0, 1), (0, 0)), ((0, 0), (0, 1), (0, 0), (0, 0))
