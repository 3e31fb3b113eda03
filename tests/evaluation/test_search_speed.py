"""Evaluations until a target, computed by hand."""

import numpy as np

from inpaint_jax.evaluation import search_speed
from inpaint_jax.evaluation.search_speed import SearchCurve

NAN = np.nan
REFERENCE = SearchCurve(
    np.array([[1, 2, 3, 4], [1, 2, 3, 4]]), np.array([[8, 4, 5, 2.0], [9, 9, 3, 6]])
)
LINE_SEARCH = SearchCurve(
    np.array([[3, 6, NAN], [3, 7, 9]]), np.array([[4, 2, NAN], [6, 3.5, 3.2]])
)


def test_best_so_far_and_effort():
    np.testing.assert_array_equal(REFERENCE.best, [[8, 4, 4, 2], [9, 9, 3, 3]])
    np.testing.assert_array_equal(LINE_SEARCH.best, [[4, 2, 2], [6, 3.5, 3.2]])
    np.testing.assert_array_equal(LINE_SEARCH.spent, [6, 9])


def test_reached():
    np.testing.assert_array_equal(search_speed.reached(REFERENCE, np.array([4.5, 3])), [2, 3])
    np.testing.assert_array_equal(
        search_speed.reached(LINE_SEARCH, np.array([2.0, 3])), [6, np.inf]
    )


def test_table_and_plot(tmp_path):
    curves = {"center": {"nag": REFERENCE, "other": LINE_SEARCH}}
    lines = search_speed.table(curves).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "center",
        "nag",
        "4",
        "2.50",
        "4",
        "1.1",
        "100%",
    ]
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == [
        "center",
        "other",
        "8",
        "2.60",
        "–",
        "–",
        "50%",
    ]
    search_speed.plot(tmp_path / "search.png", curves)
    assert (tmp_path / "search.png").stat().st_size > 1000
