"""Expected rates: every formula by hand; what was measured beside them."""

import jax
import jax.numpy as jnp
import pytest

from inpaint_jax import cli
from inpaint_jax.data import files
from inpaint_jax.evaluation.benchmark.arithmetic import elements_moved
from inpaint_jax.evaluation.benchmark.limits import Limits
from inpaint_jax.evaluation.benchmark.measurements import read
from inpaint_jax.evaluation.benchmark.scale import Load, exchanged
from inpaint_jax.evaluation.benchmark.scale_page import checked, text
from inpaint_jax.optimization.state import NetworkState, create

LIMITS = Limits(
    {"bf16": 100.0, "tf32": 50.0}, memory=10.0, nvlink=4.0, network=1.0, share=0.5, streamed=0.5
)
STEP = Load("yeh:paper", "step of dcgan", 64, 1, flop=200.0, elements=5.0, parameters=8)
SEARCH = Load("yeh:paper", "search", 64, 1500, flop=100.0, elements=50.0, parameters=0)


def test_seconds_are_those_of_the_slower_of_products_and_memory():
    assert STEP.computing("bf16", LIMITS) == 200 / (0.5 * 100) == STEP.seconds("bf16", LIMITS)
    assert STEP.seconds("tf32", LIMITS) == 200 / (0.5 * 50)
    assert (
        SEARCH.seconds("bf16", LIMITS) == 50 * 2 / (0.5 * 10)
        and SEARCH.seconds("tf32", LIMITS) == 50 * 4 / 5
    )


def test_a_ring_sends_every_gradient_twice_less_a_share():
    assert STEP.exchanging(1, LIMITS) == 0
    assert STEP.exchanging(8, LIMITS) == 2 * 7 / 8 * 32 / 4  # over NVLink
    assert STEP.exchanging(64, LIMITS) == 2 * 63 / 64 * 32 / 1  # over the network
    assert SEARCH.exchanging(512, LIMITS) == 0


def test_rates():
    one = STEP.rate("bf16", 1)
    assert one == pytest.approx(64 / STEP.seconds("bf16"))
    assert STEP.rate("bf16", 8) < 8 * one and SEARCH.rate("bf16", 8) == pytest.approx(
        8 * SEARCH.rate("bf16", 1)
    )
    assert SEARCH.rate("tf32", 1) == pytest.approx(64 / (1500 * SEARCH.seconds("tf32")))


def test_a_generator_that_is_updated_twice_sends_its_gradient_twice():
    def network(size):
        return NetworkState({"w": jnp.zeros(size)}, {}, ())

    state = create(jax.random.key(0), {})._replace(
        networks={"generator": network(10), "critic": network(3)}
    )
    assert exchanged(state, {"generator_updates": 2}) == 23 and exchanged(state, {}) == 13
    alone = state._replace(networks={"classifier": state.networks["critic"]})
    assert exchanged(alone, {}) == 3


def test_elements_that_products_move():

    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((3, 4), (4, 5))]
    assert elements_moved(jax.make_jaxpr(jnp.dot)(*shapes)) == 12 + 20 + 15


def test_the_page_has_every_program_and_an_empty_column_for_measurements():
    page = text([STEP, SEARCH])
    for words in (
        "| yeh, step of dcgan",
        "| yeh, search",
        "t = max(F / (0.4 P), Q / (0.8 W))",
        "dcgan, 64 images",
    ):
        assert words in page
    rows = [line for line in page.splitlines() if line.startswith("| yeh,")]
    assert len(rows) == 4 and all(line.split("|")[-2].strip() == "" for line in rows)
    assert [row[0] for row in checked([STEP, SEARCH])] == ["latent, 64 images", "dcgan, 64 images"]


def report(**changes):
    """What ``inpaint benchmark programs`` writes, as far as the page reads it."""
    found = {
        "config": "yeh:paper",
        "program": "step of dcgan",
        "batch": 64,
        "precision": "bf16",
        "seconds": 0.002,
    }
    return {
        "device": "NVIDIA H100 80GB HBM3",
        "platform": "gpu",
        "published_flops": 1000.0,
        "matrix_product": {"side": 8192, "flops": 500.0},
        "programs": [{**found, "flop": 200.0, "program_bytes": 2**20, **changes}],
        "record": {
            "versions": {"jax": "0.11.2"},
            "commit": "abc",
            "date": "2026-11-26T03:00:00+00:00",
        },
    }


def lines(page, start):
    return [
        [cell.strip() for cell in line.split("|")]
        for line in page.splitlines()
        if line.startswith(start)
    ]


def test_a_file_fills_the_column(tmp_path):
    files.write_json(tmp_path / "step.json", report())
    files.write_json(
        tmp_path / "search.json", report(program="search", flop=100.0, seconds=0.0005, precision="")
    )
    page = text([STEP, SEARCH], read([tmp_path / "step.json", tmp_path / "search.json"]))
    step, search, training, whole, *_ = lines(page, "| yeh,")
    assert step[-2] == "2 bf16" and search[-2] == "0.5 tf32"  # the default of a GPU
    # 64 / 0.002, 64 / (1500 x 0.0005)
    assert training[-2] == "32,000 bf16" and whole[-2] == "85 tf32"
    measured = lines(page, "| yeh:paper, step")[0]
    # 100 kFLOP/s of 1000 and 500
    assert measured[2:9] == ["64", "bf16", "2", "32,000", "1e-07", "10000%", "20000%"]
    assert measured[9:12] == ["1", "NVIDIA H100 80GB HBM3", "jax 0.11.2, commit abc, 2026-11-26"]
    assert "Nothing here was measured" not in page


@pytest.mark.parametrize("other", [{"batch": 32}, {"flop": 150.0}, {"config": "yeh:cpu"}])
def test_another_batch_or_size_fills_no_column(tmp_path, other):
    files.write_json(tmp_path / "other.json", report(**other))
    page = text([STEP, SEARCH], read([tmp_path / "other.json"]))
    assert all(line[-2] == "" for line in lines(page, "| yeh, "))
    assert len(lines(page, f"| {other.get('config', 'yeh:paper')}, step of dcgan")) == 1


@pytest.mark.parametrize("content", ["", "{}", '{"programs": 3, "record": []}', "[1]"])
def test_another_file_is_refused(tmp_path, capsys, content):
    (tmp_path / "f.json").write_text(content)
    assert cli.main(["benchmark", "scale", "--measured", str(tmp_path / "f.json")]) == 2
    assert "f.json: not written by inpaint benchmark programs" in capsys.readouterr().err
