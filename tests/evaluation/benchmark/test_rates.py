"""Programs timed on the device that is here:
threads through what is carried, and counts per iteration.
"""

import json
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

from inpaint_jax import cli
from inpaint_jax.evaluation.benchmark import rates
from inpaint_jax.evaluation.benchmark.limits import published
from inpaint_jax.evaluation.benchmark.programs import Program, programs
from inpaint_jax.runs import configuration


class Search(NamedTuple):
    """What the timing reads of a search."""

    step: Any
    evaluations: Any
    best_latent: Any


class Progress(NamedTuple):
    search: Search
    done: Any


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(rates, "ROUND", 0.0)
    monkeypatch.setattr(rates, "SIDES", {"cpu": 64})
    monkeypatch.setattr("inpaint_jax.evaluation.benchmark.measure.ROUND", 0.0)


def step(state, batch, earlier):
    return state @ batch["image"], {"loss": state.sum()}


def advance(states, progress):
    """Five iterations, of one product each."""
    search, latent = progress.search, progress.search.best_latent
    latent = jax.lax.scan(lambda z, _: (z @ states, None), latent, length=5)[0]
    return Progress(
        search._replace(step=search.step + 5, best_latent=latent),
        progress.done | (search.step >= 10),
    )


def two_programs():
    eye = jnp.eye(4)
    yield Program("step of one", step, (eye, {"image": eye}, {}), images=2, carried=0)
    begun = Search(jnp.zeros(3, jnp.int32), jnp.zeros(3, jnp.int32), jnp.ones((3, 4)))
    yield Program(
        "search", advance, (eye, Progress(begun, jnp.zeros(3, bool))), images=3, carried=1
    )


def test_a_call_of_five_iterations(quick):
    found = {program.name: rates.rate(program, rounds=10) for program in two_programs()}
    assert [found[name]["iterations_per_call"] for name in ("step of one", "search")] == [1, 5]
    assert (
        found["step of one"]["flop"] == 2 * 4 * 4 * 4 and found["search"]["flop"] == 2 * 3 * 4 * 4
    )
    rounds = found["search"]["rounds_seconds_per_call"]
    assert len(rounds["in a row"]) == len(rounds["waiting"]) == 10
    assert 5 * found["search"]["seconds"] == pytest.approx(sorted(rounds["in a row"])[4], rel=0.5)


def test_the_file_and_the_words_that_choose(quick, tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(rates, "programs", lambda *_, **__: two_programs())
    arguments = [
        "benchmark",
        "programs",
        "search",
        "--config=yeh:smoke",
        "--precision=float32",
        *tiny,
    ]
    assert cli.main([*arguments, f"--output={tmp_path / 'f.json'}"]) == 0
    message = capsys.readouterr().out
    assert (
        "| search " in message and "step of one" not in message and "precision: float32" in message
    )
    report = json.loads((tmp_path / "f.json").read_text())
    [found] = report["programs"]
    assert (found["config"], found["program"], found["batch"]) == ("yeh:smoke", "search", 3)
    assert (
        report["matrix_product"]["side"] == 64
        and report["record"]["config"]["precision"] == "float32"
    )
    assert cli.main([*arguments[:2], "serach", *arguments[3:]]) == 2
    assert "the programs of yeh:smoke are: step of one, search" in capsys.readouterr().err


def test_real_arguments_have_the_shapes_that_are_counted(tiny):
    config = configuration.load("yeh:smoke", tiny)
    shapes, real = (list(programs(config, source=source)) for source in (None, rates.REAL))
    assert (
        [program.name for program in shapes]
        == [program.name for program in real]
        == ["step of dcgan", "search"]
    )
    for expected, found in zip(shapes, real, strict=True):
        assert jax.tree.map(
            lambda leaf: (leaf.shape, leaf.dtype), expected.arguments
        ) == jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), found.arguments)
        assert expected.images == found.images


def test_published_limits():
    assert published("NVIDIA H100 80GB HBM3", "bf16") == 989e12
    assert published("NVIDIA H100 80GB HBM3", "") == 494e12
    assert published("TPU v5 lite", "tf32") is None and published("cpu", "bf16") is None
