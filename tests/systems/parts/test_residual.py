"""Networks that correct a harmonic filling, late critics, and stages that end on the best state."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import masks
from inpaint_jax.compositing import fill
from inpaint_jax.networks import build
from inpaint_jax.networks.residual import Given, residual
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state, initial_state
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.workdir import Workdir
from inpaint_jax.systems.baselines import floors

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-0.9, 0.9, (2, 16, 16, 3)).astype(np.float32)
NARROW = {
    "context_encoder": (
        "networks.generator.size=8",
        "networks.generator.bottleneck=8",
        "networks.generator.width=4",
    ),
    "on_demand": (
        "networks.generator.size=16",
        "stages.on_demand.pixels_per_level=2",
        "data.fit=crop",
    ),
}


def tiny(choice, *overrides):
    """Load a config of 16 px and a few channels, without critics."""
    name = choice.partition(":")[0]
    given = ["data.size=16", "data.train=facades?split=train&count=24", *NARROW[name], *overrides]
    config = configuration.load(f"{choice},smoke", [f"--config.{item}" for item in given])
    generator = config.networks.generator
    (generator if name == "on_demand" else generator.trunk).features = [4, 8]
    return config


@pytest.mark.parametrize(
    "choice, spec",
    [
        ("context_encoder:best,l2", "center:8"),
        ("context_encoder:best,l2,random", "random:0.5"),
        ("on_demand:best,on_demand", "square:3-9"),
    ],
)
def test_an_untrained_residual_network_fills_harmonically(choice, spec):
    """For a block or a whole image, the last layer starts at zero, and no other layer does."""
    config = tiny(choice)
    if "random" in choice:
        config.networks.generator.size = 16
    elif "center" in spec:
        config.stages.context_encoder.holes = spec
    [stage] = configuration.build_system(config).stages
    state = drawn_state(stage, config, {})
    kernels = [
        leaf for leaf in jax.tree.leaves(state.networks["generator"].params) if leaf.ndim == 4
    ]
    assert sum(not np.asarray(kernel).any() for kernel in kernels) == 1
    hole = masks.evaluation_holes(spec, ids=["a", "b"], size=16, seed=0)
    system, damaged = configuration.build_system(config), fill(IMAGES, hole)
    run = jax.jit(
        lambda states: system.finish(states, system.begin(states, damaged, hole, None, 1)).images[
            :, 0
        ]
    )
    answer = run({stage.name: state})
    floor = floors.harmonic()
    filled = floor.finish({}, floor.begin({}, damaged, hole, None, 1)).images[:, 0]
    np.testing.assert_allclose(answer, filled, atol=1e-4)
    assert (
        np.abs(np.asarray(filled) - IMAGES)[np.broadcast_to(hole > 0.5, IMAGES.shape)].max() > 0.1
    )


@pytest.mark.parametrize(
    "spec, size",
    [
        ({"name": "global_local.Generator", "features": [4, 4, 4, 4], "bottleneck": 8}, 16),
        (
            {
                "name": "variational.Autoencoder",
                "trunk": {"name": "trunks.Strided", "features": [4, 4]},
                "decoder": {"name": "decoders.AlexNet", "size": 32, "width": 4},
                "bottleneck": 4,
                "hidden": 4,
            },
            32,
        ),
    ],
)
def test_every_generator_starts_at_its_base(spec, size):
    """Generators that return more than an image are included."""
    base = RNG.uniform(-1, 1, (2, size, size, 3)).astype(np.float32)
    given = Given(jnp.zeros((2, 16, 16, 4)), jnp.asarray(base))
    noise = (jnp.ones((2, 4)),) if spec["name"].startswith("variational") else ()
    network = residual(build(spec))

    @jax.jit
    def run(key):
        params, stats = network.init(key, given, *noise)

        def painted(params):
            out, _ = network.apply(params, stats, given, *noise, train=True)
            return out[0] if noise else out

        return painted(params), jax.grad(lambda params: (painted(params) ** 2).sum())(params)

    painted, grads = run(jax.random.key(0))
    np.testing.assert_array_equal(painted, base)
    assert any(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(grads))


def test_a_critic_that_comes_late():
    """Before its start the critic is frozen: the generator learns as without a critic."""
    late = tiny(
        "context_encoder:best", "networks.critic.width=4", "stages.context_encoder.critic_after=1"
    )
    late.stages.context_encoder.losses.reconstruction.weight = 1.0
    alone = tiny("context_encoder:best,l2")
    for config in (late, alone):
        config.stages.context_encoder.optimizer = {
            name: dict(name="sgd", learning_rate=0.01)
            for name in config.stages.context_encoder.optimizer
        }
        config.stages.context_encoder.holes = "center:8"
    batch = {"image": IMAGES}

    def stepped(config, count):
        [stage] = configuration.build_system(config).stages
        step, states = (
            jax.jit(lambda s: stage.step(s, batch, {})[0]),
            [drawn_state(stage, config, {})],
        )
        for _ in range(count):
            states.append(step(states[-1]))
        return [state.networks for state in states]

    (first, second, third), (_, alone_second) = stepped(late, 2), stepped(alone, 1)
    jax.tree.map(np.testing.assert_array_equal, first["critic"].params, second["critic"].params)
    jax.tree.map(
        partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6),
        second["generator"].params,
        alone_second["generator"].params,
    )
    assert not jax.tree.all(
        jax.tree.map(
            lambda a, b: bool((a == b).all()), second["critic"].params, third["critic"].params
        )
    )


def test_a_block_stage_that_ends_on_its_best_state(tmp_path):
    """By the squared error of held-out images; gradient ascent makes it worse from the start."""
    config = tiny(
        "context_encoder:best,l2",
        "stages.context_encoder.steps=3",
        "stages.context_encoder.adapt_every=1",
    )
    config.stages.context_encoder.holes = "center:8"
    config.stages.context_encoder.holdout = 8
    config.stages.context_encoder.optimizer.generator = dict(name="sgd", learning_rate=0.5)
    config.stages.context_encoder.losses.reconstruction.weight = -1.0
    trained = train(config, tmp_path).states["context_encoder"]
    loaded = inpaint_jax.load(tmp_path).states["context_encoder"]
    [stage] = configuration.build_system(config).stages
    begun = jax.eval_shape(partial(initial_state, stage, config), {})
    assert set(begun.schedule) == {"best", "kept"} and set(loaded.schedule) == {"best"}
    jax.tree.map(np.testing.assert_array_equal, trained.networks, loaded.networks)
    rows = [
        row["validation_masked_l2"]
        for row in Workdir(tmp_path).stage("context_encoder").logged()
        if "validation_masked_l2" in row
    ]
    assert len(rows) == 3 and rows[0] == min(rows) < rows[2]
    np.testing.assert_allclose(-loaded.schedule["best"], rows[0], rtol=1e-6)
