"""Precision: what is computed in bfloat16, what stays float32, and how much the two differ."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.extend.core import jaxprs_in_params

from inpaint_jax import networks
from inpaint_jax.data.pipeline import training_batches
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.model import load
from inpaint_jax.systems.driver import Driver, Task

EPSILON = 2.0**-8  # of bfloat16: the relative error of rounding once
GENERATOR = {"name": "dcgan.Generator", "size": 16, "width": 16}


def dtypes(tree):
    return {
        leaf.dtype.name
        for leaf in jax.tree.leaves(tree)
        if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    }


def operands(network, latents, params, stats):
    """The types of what is multiplied in the forward and the backward pass,
    and the precisions of products.
    """

    def loss(params, latents):
        return network.apply(params, stats, latents, train=True)[0].sum()

    found, precisions = set(), set()

    def walk(jaxpr):
        for equation in jaxpr.eqns:
            if equation.primitive.name in ("dot_general", "conv_general_dilated"):
                found.add(equation.invars[0].aval.dtype.name)
                precisions.add(str(equation.params["precision"]))
            # by platform: the last is that of accelerators
            branches = equation.params.get("branches", ())
            for inner in branches[-1:] or jaxprs_in_params(equation.params):
                walk(getattr(inner, "jaxpr", inner))

    program = jax.jit(jax.grad(loss, argnums=(0, 1))).trace(params, latents)
    walk(program.jaxpr.jaxpr)
    return found, precisions


def test_bfloat16_is_inside_networks_only():
    plain, narrow = networks.build(GENERATOR), networks.build({**GENERATOR, "precision": "bf16"})
    latents = jax.random.uniform(jax.random.key(1), (8, 8), minval=-1)
    params, stats = narrow.init(jax.random.key(0), latents)
    jax.tree.map(
        np.testing.assert_array_equal, (params, stats), plain.init(jax.random.key(0), latents)
    )
    assert operands(narrow, latents, params, stats)[0] == {"bfloat16"}

    def loss(network, params):
        images, updated = network.apply(params, stats, latents, train=True)
        return jnp.square(images).mean(), (images, updated)

    both = [
        jax.jit(jax.grad(lambda p, net=net: loss(net, p), has_aux=True)) for net in (narrow, plain)
    ]
    (gradients, (images, updated)), (exact, (wanted, averages)) = (
        gradient(params) for gradient in both
    )
    assert dtypes((gradients, images, updated)) == {"float32"}
    # A dozen roundings in sequence, of values of order 1.
    np.testing.assert_allclose(images, wanted, atol=12 * EPSILON)
    assert np.abs(np.asarray(images - wanted)).max() > 1e-5, "it computed in float32"
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=12 * EPSILON), updated, averages
    )
    difference = jax.tree.map(jnp.subtract, gradients, exact)
    assert optax.tree.norm(difference) < 0.1 * optax.tree.norm(exact)


@pytest.mark.parametrize(
    "precision, words",
    [("tf32", "Precision.HIGH,"), ("float32", "Precision.HIGHEST,"), ("", "None")],
)
def test_products_of_both_passes(precision, words):
    network = networks.build({**GENERATOR, "precision": precision})
    latents = jnp.zeros((2, 8))
    found, precisions = operands(network, latents, *network.init(jax.random.key(0), latents))
    assert found == {"float32"} and all(words.lower() in text.lower() for text in precisions), (
        precisions
    )


def test_an_unknown_precision(tiny):
    with pytest.raises(InputError, match="unknown precision 'fp8'; known: bf16, tf32, float32"):
        networks.build({**GENERATOR, "precision": "fp8"})
    config = configuration.load("yeh:smoke", [*tiny, "--config.precision=half"])
    with pytest.raises(
        InputError, match="config.precision: unknown 'half'; known: bf16, tf32, float32"
    ):
        configuration.build_system(config)


def trained(tiny, precision):
    """The state and the losses of 50 steps of a tiny DCGAN."""
    config = configuration.load("yeh:smoke", [*tiny, f"--config.precision={precision}"])
    stage = configuration.build_system(config).stages[0]
    state, step, losses = drawn_state(stage, config, {}), jax.jit(stage.step), []
    source = open_source(config.data.train, size=16)
    for batch, _ in zip(
        training_batches(source, size=16, batch_size=8, seed=0), range(50), strict=False
    ):
        state, metrics = step(state, batch, {})
        losses.append({name: float(value) for name, value in metrics.items()})
    return state, losses


@pytest.mark.slow
def test_fifty_steps_of_training(tiny, capsys):
    (state, losses), (_, wanted) = trained(tiny, "bf16"), trained(tiny, "")
    assert "precision=bf16: a CPU is slower" in capsys.readouterr().err
    assert dtypes([net for net in state.networks.values()]) <= {"float32", "int32"}
    for name in ("discriminator_bce", "generator_nonsaturating"):
        ours, theirs = (np.array([each[name] for each in course]) for course in (losses, wanted))
        np.testing.assert_allclose(ours[0], theirs[0], rtol=0.02)
        # Two paths of one adversarial training: near each other on average, not step by step.
        assert abs(ours.mean() - theirs.mean()) < 0.15 * theirs.mean()
    assert losses != wanted


def test_the_same_search(workdir):
    tasks = [
        Task(
            f"p{i}",
            np.random.default_rng(i).uniform(-1, 1, (16, 16, 3)).astype(np.float32),
            np.zeros((16, 16, 1)),
        )
        for i in range(4)
    ]
    for task in tasks:
        task.hole[4:12, 4:12] = 1
    found = {}
    for precision in ("float32", "bf16"):
        model = load(workdir, overrides=[f"--config.precision={precision}"])
        found[precision] = Driver(model.system, model.states, slots=4).run_all(tasks, seed=0)
    for task in tasks:
        exact, narrow = (found[precision][task.id] for precision in ("float32", "bf16"))
        assert narrow.images.dtype == np.float32 and narrow.losses["total"].dtype == np.float32
        np.testing.assert_allclose(narrow.losses["total"], exact.losses["total"], rtol=0.02)
        np.testing.assert_allclose(narrow.images, exact.images, atol=0.1)
        assert (narrow.images != exact.images).any()
