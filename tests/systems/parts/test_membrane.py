"""The harmonic surface, against a direct solution of the same equations."""

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

from inpaint_jax.systems.parts.membrane import membrane


def direct(image, missing):
    """Solve by elimination: every missing pixel is the mean of its neighbours in the image."""
    number = np.cumsum(missing).reshape(missing.shape) - 1
    count = int(missing.sum())
    rows, columns, values, right = [], [], [], np.zeros((count, image.shape[2]))
    for i, j in np.argwhere(missing):
        near = [(i + a, j + b) for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        near = [(a, b) for a, b in near if 0 <= a < missing.shape[0] and 0 <= b < missing.shape[1]]
        entries = [(number[i, j], len(near)), *((number[p], -1) for p in near if missing[p])]
        rows += [number[i, j]] * len(entries)
        columns += [column for column, _ in entries]
        values += [value for _, value in entries]
        right[number[i, j]] = sum(image[p] for p in near if not missing[p])
    matrix = scipy.sparse.csc_matrix((values, (rows, columns)), (count, count))
    result = image.astype(float)
    result[missing] = scipy.sparse.linalg.spsolve(matrix, right).reshape(count, -1)
    return result


def holes():
    rng = np.random.default_rng(1)
    center, left = np.zeros((64, 64), bool), np.zeros((45, 63), bool)
    center[16:48, 16:48] = True
    left[:, :31] = True
    all_but_one = np.ones((17, 9), bool)
    all_but_one[0, 8] = False
    return {
        "center": center,
        "left": left,
        "random": rng.uniform(size=(50, 61)) < 0.8,
        "all but one": all_but_one,
        "one column": np.arange(7)[None] == np.zeros((5, 1)) + 3,
    }


@pytest.mark.parametrize("name", holes())
def test_against_elimination(name):
    missing = holes()[name]
    image = np.random.default_rng(0).uniform(-1, 1, (*missing.shape, 3)).astype(np.float32)
    answer = membrane(np.where(missing[..., None], 0, image), missing)
    np.testing.assert_allclose(answer, direct(image, missing), atol=1e-5)
    np.testing.assert_array_equal(answer[~missing], image[~missing])


def test_a_large_hole_takes_no_more_iterations_than_a_small_one():
    """300 x 300 pixels reach 1e-6 in 30 iterations; plain conjugate gradients need over 500."""
    i, j = np.mgrid[:302, :302] / 302
    saddle = (i**2 - j**2)[..., None].astype(np.float32)
    missing = np.zeros((302, 302), bool)
    missing[1:-1, 1:-1] = True
    answer = membrane(np.where(missing[..., None], 0, saddle), missing, most=30)
    np.testing.assert_allclose(answer, saddle, atol=1e-5)
