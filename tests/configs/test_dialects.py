"""Searches of Yeh et al.: the peculiarities of each released code, and short ones."""

import pytest

from inpaint_jax.configs import yeh, yeh_dialects


@pytest.mark.parametrize(
    ("name", "restarts", "answer", "counted"),
    [
        ("yeh2017", 1, "best", "missing"),
        ("moodoki", 64, "last", "known"),  # counts known neighbours: weights grow away from holes
        ("bamos", 1, "last", "missing"),
        ("chengbinjin", 1, "best", "missing"),  # ``num_try`` is a number of batches, not of starts
        ("buchacek", 1, "best", "missing"),
    ],
)
def test_starts_answers_and_weights(name, restarts, answer, counted):
    search = yeh_dialects.get_config(f"{name},smoke").search
    assert (search.restarts, search.answer, search.counted) == (restarts, answer, counted)


@pytest.mark.parametrize("name", sorted(yeh_dialects.DIALECTS))
def test_blending(name):
    """The released solver wraps around the image; one code pastes; the paper gives no detail."""
    method, edge = {"yeh2017": ("poisson", "neumann"), "bamos": ("paste", "neumann")}.get(
        name, ("poisson", "wrap")
    )
    blend = yeh_dialects.get_config(f"{name},smoke").blend
    assert (blend.method, blend.edge) == (method, edge)


@pytest.mark.parametrize("words", ["", ",nag", ",adam", ",published"])
def test_a_search_of_scale_smoke_is_short(words):
    """1,500 iterations of the published search would take minutes."""
    assert yeh.get_config(f"smoke{words}").search.iterations == 20
    assert yeh.get_config("paper,published").search.iterations == 1500
