"""Expected rates: every formula by hand."""

import jax
import jax.numpy as jnp
import pytest

from inpaint_jax.evaluation.benchmark.arithmetic import elements_moved
from inpaint_jax.evaluation.benchmark.scale import Limits, Load, checked, text

LIMITS = Limits({"bf16": 100.0, "tf32": 50.0}, memory=10.0, nvlink=4.0, network=1.0, share=0.5, streamed=0.5)
STEP = Load("yeh:paper", "step of dcgan", 64, 1, flop=200.0, elements=5.0, parameters=8)
SEARCH = Load("yeh:paper", "search", 64, 1500, flop=100.0, elements=50.0, parameters=0)


def test_seconds_are_those_of_the_slower_of_products_and_memory():
    assert STEP.computing("bf16", LIMITS) == 200 / (0.5 * 100) == STEP.seconds("bf16", LIMITS)
    assert STEP.seconds("tf32", LIMITS) == 200 / (0.5 * 50)
    assert SEARCH.seconds("bf16", LIMITS) == 50 * 2 / (0.5 * 10) and SEARCH.seconds("tf32", LIMITS) == 50 * 4 / 5


def test_a_ring_sends_every_gradient_twice_less_a_share():
    assert STEP.exchanging(1, LIMITS) == 0
    assert STEP.exchanging(8, LIMITS) == 2 * 7 / 8 * 32 / 4  # over NVLink
    assert STEP.exchanging(64, LIMITS) == 2 * 63 / 64 * 32 / 1  # over the network
    assert SEARCH.exchanging(512, LIMITS) == 0


def test_rates():
    one = STEP.rate("bf16", 1)
    assert one == pytest.approx(64 / STEP.seconds("bf16"))
    assert STEP.rate("bf16", 8) < 8 * one and SEARCH.rate("bf16", 8) == pytest.approx(8 * SEARCH.rate("bf16", 1))
    assert SEARCH.rate("tf32", 1) == pytest.approx(64 / (1500 * SEARCH.seconds("tf32")))


def test_elements_that_products_move():

    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((3, 4), (4, 5))]
    assert elements_moved(jax.make_jaxpr(jnp.dot)(*shapes)) == 12 + 20 + 15


def test_the_page_has_every_program_and_an_empty_column_for_measurements():
    page = text([STEP, SEARCH])
    for words in ("| yeh, step of dcgan", "| yeh, search", "t = max(F / (0.4 P), Q / (0.8 W))", "dcgan, 64 images"):
        assert words in page
    rows = [line for line in page.splitlines() if line.startswith("| yeh,")]
    assert len(rows) == 4 and all(line.split("|")[-2].strip() == "" for line in rows)
    assert [row[0] for row in checked([STEP, SEARCH])] == ["latent, 64 images", "dcgan, 64 images"]
