"""The benchmark: arithmetic counted by hand, the content of a report, agreement with PyTorch."""

import json
import statistics
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import cli
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import benchmark
from inpaint_jax.evaluation.benchmark import cases
from inpaint_jax.evaluation.benchmark.arithmetic import multiply_adds
from inpaint_jax.evaluation.benchmark.measure import Work, alternate, matrix_product
from inpaint_jax.latent_inpainting import uniform
from inpaint_jax.optimization import optimizers
from inpaint_jax.runs import configuration


@pytest.fixture(scope="module")
def config(tiny):
    return configuration.load("configs/yeh.py:smoke", tiny)


@pytest.fixture(scope="module")
def latent(config):
    case = cases.latent(config, 2, iterations=2)
    [states] = case.inputs  # larger kernels: untrained networks have almost no gradient
    return case._replace(
        inputs=(jax.tree.map(lambda leaf: leaf * 8 if leaf.ndim > 1 else leaf, states),)
    )


@pytest.mark.parametrize(
    "function, shapes, expected",
    [
        (jnp.dot, [(3, 4), (4, 5)], 60),
        (lambda a, b: jnp.einsum("bij,bjk->bik", a, b), [(2, 3, 4), (2, 4, 5)], 120),
        (lambda a: jax.lax.scan(lambda c, _: (c @ a, None), a, length=7)[0], [(2, 2)], 56),
        (
            lambda x, k: jax.lax.conv_general_dilated(
                x, k, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            ),
            [(2, 8, 8, 3), (5, 5, 3, 4)],
            2 * 16 * 4 * 75,
        ),
        (
            lambda x, k: jax.lax.conv_transpose(x, k, (2, 2), "SAME"),
            [(2, 8, 8, 3), (5, 5, 3, 4)],
            2 * 64 * 3 * 100,
        ),
    ],
)
def test_arithmetic_by_hand(function, shapes, expected):
    arrays = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    assert multiply_adds(jax.make_jaxpr(function)(*arrays)) == expected


def test_arithmetic_of_branches():
    """The plain one of several platforms, and the longest of all others."""

    def squared(a):
        return a @ a

    def one(a):
        return jax.lax.platform_dependent(a, cpu=lambda a: squared(squared(a)), default=squared)

    def other(a):
        return jax.lax.cond(a[0, 0] > 0, lambda a: a, squared, a)

    for function in (one, other):
        assert multiply_adds(jax.make_jaxpr(function)(jnp.ones((3, 3)))) == 27


def test_arithmetic_of_a_search_iteration(latent):
    """Generator 8 -> 4x4x16 -> 8 -> 3, critic 3 -> 8 -> 16 -> 1;
    the gradient in the latent costs as much again.
    """
    generator = 8 * 256 + 16 * 9 * 16 * 8 + 64 * 9 * 8 * 3
    critic = 64 * 25 * 3 * 8 + 16 * 25 * 8 * 16 + 256
    traced = jax.jit(latent.function).trace(latent.state, *latent.inputs)
    per_image = multiply_adds(traced.jaxpr) / (latent.batch * latent.iterations)
    assert per_image == pytest.approx(2 * (generator + critic), rel=0.02)


def test_rounds_take_turns_after_a_warm_up(monkeypatch):
    monkeypatch.setattr("inpaint_jax.evaluation.benchmark.measure.ROUND", 0.0)
    called = []
    works = {
        name: Work(lambda name=name: called.append(name), lambda pending: None) for name in "ab"
    }
    measured = alternate(works, rounds=2)
    assert called == [*"aaa", *"bbb", *"ab", *"ba"]
    assert {name: len(times) for name, times in measured.items()} == {"a": 2, "b": 2}


def test_matrix_product_rate_is_positive(monkeypatch):
    monkeypatch.setattr("inpaint_jax.evaluation.benchmark.measure.ROUND", 0.0)
    assert matrix_product(64) > 0


def test_report(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("inpaint_jax.evaluation.benchmark.measure.ROUND", 0.0)
    monkeypatch.setattr("inpaint_jax.evaluation.benchmark.measure.SIDE", 64)
    monkeypatch.setattr("inpaint_jax.evaluation.benchmark.reading.WORKERS", (0,))
    monkeypatch.setattr("inpaint_jax.evaluation.benchmark.reading.FILES", 4)
    file = tmp_path / "report.json"
    arguments = [
        "benchmark",
        "poisson",
        "input",
        "--config=configs/yeh.py:smoke",
        "--batch=2",
        "--rounds=2",
    ]
    assert cli.main([*arguments, f"--output={file}", *tiny]) == 0
    message = capsys.readouterr().out
    assert "| poisson | 2 " in message and "one constant batch" in message
    report = json.loads(file.read_text())
    blended, fed = report["results"]
    assert blended["seconds"]["ours"] == statistics.median(
        blended["rounds_seconds_per_call"]["ours"]
    )
    assert blended["images_per_second"]["ours"] == pytest.approx(2 / blended["seconds"]["ours"])
    assert fed["ratio"]["one constant batch"] == pytest.approx(
        fed["seconds"]["one constant batch"] / fed["seconds"]["ours"]
    )
    [read] = fed["reading"]
    assert read["workers"] == 0 and min(read["reading"], read["training"]) > 0
    assert read["constant"] == fed["images_per_second"]["one constant batch"]
    assert "| data.workers | reading alone" in message
    assert report["record"]["versions"]["jax"] == jax.__version__


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["latnet"], "unknown benchmark 'latnet'; known: latent, dcgan"),
        (["--against=torch"], "pip install torch"),
        (["latent", "--batch=64,0"], "at least 1, got 0"),
    ],
)
def test_mistakes(arguments, words, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "inpaint_jax.evaluation.benchmark.torch_cases", raising=False)
    monkeypatch.delattr(benchmark, "torch_cases", raising=False)
    assert cli.main(["benchmark", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.fixture(scope="module")
def torch_cases():
    """Equal parameters and images must give equal losses, gradients and search paths."""
    pytest.importorskip("torch")
    return benchmark.pytorch()


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_torch_searches_as_we_do(torch_cases, latent, layout):
    best, totals = torch_cases.Latent(latent, "cpu", torch_cases.LAYOUTS[layout])()
    searches = jax.jit(latent.function)(latent.state, *latent.inputs)[0].searches
    np.testing.assert_allclose(searches.trace["total"][:, 0].T, totals, rtol=1e-4)
    np.testing.assert_allclose(searches.best_latent[:, 0], best, atol=1e-5)
    assert (
        np.abs(best.numpy() - latent.state.searches.latent[:, 0]).max(1) > 1e-2
    ).all()  # one update, its gradient


@pytest.mark.parametrize(
    "spec",
    [
        {"name": "nag", "learning_rate": 0.01, "momentum": 0.9, "decay": 0.95, "decay_every": 2},
        {"name": "adam", "learning_rate": 0.03, "b1": 0.5},
    ],
    ids=lambda spec: spec["name"],
)
def test_torch_updates_as_we_do(torch_cases, spec):
    import torch

    from inpaint_jax.evaluation.benchmark import torch_search

    tx, options = (
        optimizers.build(spec),
        {key: value for key, value in spec.items() if key != "name"},
    )
    gradients = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    state, memory = tx.init(jnp.zeros(3)), [torch.zeros(3)] * 2
    for step, gradient in enumerate(gradients):
        ours, state = tx.update(jnp.asarray(gradient), state)
        theirs, memory = torch_search.UPDATES[spec["name"]](
            torch.tensor(gradient), memory, step, **options
        )
        np.testing.assert_allclose(ours, -theirs, rtol=1e-5)


@pytest.mark.slow
def test_torch_trains_the_dcgan_as_we_do(torch_cases, config):
    import torch

    case = cases.training(config, 4)
    theirs = torch_cases.Dcgan(case, "cpu", torch.channels_last)
    latent = uniform(jax.random.fold_in(case.state.key, 0), theirs.shape)
    losses = theirs(torch.tensor(np.asarray(latent)))
    state, metrics = jax.jit(case.function)(case.state, *case.inputs)
    expected = metrics["discriminator_bce"], metrics["generator_nonsaturating"]
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    same_gradients(torch_cases, state, theirs.networks)


def test_torch_refuses_what_it_does_not_do(torch_cases):
    """Accept the benchmark's config; refuse a critic that scores before its own update."""
    config = configuration.to_plain(benchmark.context_encoder())
    assert config["data"]["size"] == 128 and config["networks"]["generator"]["bottleneck"] == 4000
    torch_cases.check(config)
    config["stages"]["context_encoder"]["stale_critic"] = True
    with pytest.raises(
        InputError, match="needs stages.context_encoder.stale_critic=False, but the config has True"
    ):
        torch_cases.check(config)


@pytest.mark.slow
def test_torch_trains_the_context_encoder_as_we_do(torch_cases):
    import torch

    config = configuration.load(
        "configs/context_encoder.py:smoke,published",
        ["--config.stages.context_encoder.stale_critic=False"],
    )
    networks = config.networks
    networks.generator.trunk.features, networks.generator.bottleneck = [2, 4, 8], 6
    networks.generator.width = networks.critic.width = 2
    case = cases.training(config, 4)
    theirs = torch_cases.ContextEncoder(case, "cpu", torch.contiguous_format)
    losses = theirs()
    state, metrics = jax.jit(case.function)(case.state, *case.inputs)
    expected = 0.001 * metrics["adversarial"] + 0.999 * metrics["reconstruction"]
    np.testing.assert_allclose(losses, (metrics["discriminator_bce"], expected), rtol=1e-4)
    same_gradients(torch_cases, state, theirs.networks)


def same_gradients(torch_cases, state, theirs):
    """Compare Adam's first moments, half the first gradient, to 1e-4 of the largest number."""
    for name, network, tx in (
        ("critic", theirs.critic, theirs.critic_tx),
        ("generator", theirs.generator, theirs.generator_tx),
    ):
        ours = torch_cases.networks.converted(network, state.networks[name].opt[0].mu)
        gradients = {key: tx.state[value]["exp_avg"] for key, value in network.named_parameters()}
        assert ours.keys() == gradients.keys()
        scale = max(float(value.abs().max()) for value in gradients.values())
        for key, value in gradients.items():
            np.testing.assert_allclose(
                ours[key], value, rtol=0, atol=1e-4 * scale, err_msg=f"{name} {key}"
            )
