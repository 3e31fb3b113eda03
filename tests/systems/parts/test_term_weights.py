"""Weights that depend on the hole, by value."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import masks
from inpaint_jax.errors import InputError
from inpaint_jax.systems.parts import term_weights

LOSSES = {
    "contextual": dict(fn="contextual_l1", weight=1.0),
    "critic": dict(fn="generator_nonsaturating", weight=3.0, scattered=10.0),
    "semantic": dict(fn="semantic", weight=0.1, relative_to="contextual", layers={"3b": 1.0}),
    "categorical": dict(fn="jeffreys", weight=0.0, relative_to="contextual"),
}
SEARCH = dict(window=7, classifier_input="converted")
FAMILIES = ("center", "left", "random:0.7")
MEASURED = {
    "share": jnp.array([0.25, 0.5, 0.7]),
    "contextual": jnp.array([40.0, 20.0, 300.0]),
    "semantic": jnp.array([0.5, 0.0, 2.0]),
    "categorical": jnp.ones(3),
}
KEY = jax.random.key(0)
CENTER, LEFT, RANDOM, SMALL = (
    masks.parse(spec)(KEY, 64) for spec in ("center", "left", "random:0.7", "center:8")
)
HOLES = jnp.stack([CENTER, LEFT, RANDOM, SMALL])


def test_rules_are_taken_off_before_losses_are_bound():
    terms = term_weights.split(LOSSES)
    assert terms.plain["semantic"] == dict(fn="semantic", weight=0.1, layers={"3b": 1.0})
    assert terms.relative == {"semantic": "contextual"} and terms.scattered == {"critic": 10.0}
    for changes, message in (
        (
            dict(relative_to="prior"),
            "losses.semantic.relative_to: unknown term 'prior'; known: contextual, critic",
        ),
        (dict(scattered="ten"), "losses.semantic.scattered must be a number, got 'ten'"),
    ):
        with pytest.raises(InputError, match=message):
            term_weights.split({**LOSSES, "semantic": LOSSES["semantic"] | changes})


def test_factors_of_families_and_of_the_nearest_share():
    """Centre: 40 / 0.5, and 0 for a term of 0; random: 300 / 2, and a tenfold critic weight."""
    terms = term_weights.split(LOSSES)
    unknown = jnp.full(4, -1)
    found = jax.jit(lambda hole, family: term_weights.factors(terms, MEASURED, hole, family))(
        HOLES, unknown
    )
    np.testing.assert_allclose(found["semantic"], [80.0, 0.0, 150.0, 80.0])
    np.testing.assert_allclose(found["critic"], [1.0, 1.0, 10.0, 1.0])
    assert set(found) == {"semantic", "critic"}
    own = term_weights.factors(terms, MEASURED, HOLES, jnp.array([2, 0, -1, 1]))
    np.testing.assert_allclose(own["semantic"], [150.0, 80.0, 150.0, 0.0])


def test_what_a_report_says():
    terms = term_weights.split(LOSSES)
    assert term_weights.remark(terms, FAMILIES, MEASURED, HOLES, "center") == ""
    message = term_weights.remark(terms, FAMILIES, MEASURED, HOLES, "square:4-16")
    nearest = "center (0.25) for 2, left (0.50) for 1, random:0.7 (0.70) for 1 of 4 images"
    assert (
        message == "weights of semantic balanced for the family with the closest share of "
        f"missing pixels: {nearest}"
    )
    absolute = term_weights.split({"semantic": dict(weight=0.1, relative_to="", layers={})})
    assert term_weights.remark(absolute, FAMILIES, MEASURED, HOLES, "") == ""


def test_shares_of_what_was_not_measured():
    measured = dict(
        search=SEARCH, losses={label: LOSSES[label] | dict(weight=0.0) for label in LOSSES}
    )
    term_weights.check_measured(LOSSES, SEARCH, measured, stage="balance")
    other = {**LOSSES, "semantic": LOSSES["semantic"] | dict(layers={"5a": 1.0})}
    for losses, search, stage, message in (
        (
            LOSSES,
            SEARCH,
            None,
            "a share of contextual, but this run has no stage balance that measures it: "
            "give an absolute weight",
        ),
        (other, SEARCH, measured, "the stage balance measured semantic as .*3b.* not .*5a"),
        (
            LOSSES,
            SEARCH | dict(window=0),
            measured,
            "but it was measured with search.window=7: give an absolute weight",
        ),
        (
            LOSSES,
            SEARCH | dict(classifier_input="raw"),
            measured,
            "search.classifier_input='converted'",
        ),
    ):
        with pytest.raises(InputError, match=f"losses.semantic: the weight .*{message}"):
            term_weights.check_measured(losses, search, stage, stage="balance")
