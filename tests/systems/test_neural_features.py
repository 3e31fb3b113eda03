"""Liu's system on tiny networks: critics' inputs, gradients, left-out losses, completions."""

import json
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from inpaint_jax import masks, parallel
from inpaint_jax.errors import InputError
from inpaint_jax.networks.layers import BatchNorm, Conv
from inpaint_jax.optimization import average
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import initial_state
from inpaint_jax.runs.model import Model, load
from inpaint_jax.runs.training.loop import train
from inpaint_jax.systems.neural_features import seen
from inpaint_jax.systems.parts import enlarged

SIZE = 16
LOSSES = "stages.inpainter.losses"
OFF = {
    "local": f"{LOSSES}.local_adversarial",
    "global": f"{LOSSES}.global_adversarial",
    "feature": f"{LOSSES}.feature",
}
TINY = (
    "data.size=16",
    "data.train=facades?split=train&count=16",
    "networks.generator.bottleneck=8",
    "networks.local_size=4",
    "networks.features.width=4",
    "networks.features.last=relu2_1",
    "networks.features.classes=10",
    "stages.features.steps=0",
    f"{LOSSES}.feature.layer=relu1_2",
    "stages.inpainter.holes=center:4",
)


class Painter(nn.Module):
    """A generator of two layers: the paper's takes ten times as long to compile."""

    axis_name: str | None = None

    @nn.compact
    def __call__(self, images, *, train):
        x = BatchNorm(axis_name=self.axis_name)(Conv(4, 3)(images), use_running_average=not train)
        return jnp.tanh(Conv(3, 3)(nn.relu(x)))


class Judge(nn.Module):
    """A critic of any size."""

    @nn.compact
    def __call__(self, images, *, train):
        del train
        return nn.Dense(1)(nn.relu(Conv(4, 3)(images)).mean((1, 2)))[:, 0]


def tiny(*overrides, off=(), own=True):
    """Load a config of 16 px with some zero weights, and networks of this file or of the paper."""
    given = (*TINY, *overrides, *(f"{OFF[name]}.weight=0" for name in off))
    config = configuration.load(
        "configs/neural_features.py:smoke", [f"--config.{item}" for item in given]
    )
    networks = config.networks
    if own:
        networks.generator = ConfigDict(dict(name=f"{__name__}:Painter"))
        networks.global_critic = networks.local_critic = ConfigDict(dict(name=f"{__name__}:Judge"))
    else:
        networks.generator.features = [4, 4, 4, 4]
        networks.global_critic.features, networks.local_critic.features = [4, 4, 4, 4], [4, 4]
    return config


def drawn(config):
    """Build the system and its stages' states with NumPy parameters: nothing is compiled."""
    system, states, rng = configuration.build_system(config), {}, np.random.default_rng(0)
    for stage in system.stages:
        shapes = jax.eval_shape(partial(initial_state, stage, config), states)
        made = jax.tree.map(
            lambda leaf: (
                rng.normal(0, 0.2, leaf.shape).astype(np.float32)
                if leaf.dtype == jnp.float32
                else jnp.zeros(leaf.shape, leaf.dtype)
                if jnp.issubdtype(leaf.dtype, jnp.integer)
                else jax.random.key(1)
            ),
            shapes,
        )
        empty = {
            name: net._replace(opt=jax.tree.map(np.zeros_like, net.opt))
            for name, net in made.networks.items()
        }
        states[stage.name] = average.start(
            made._replace(
                networks={n: net._replace(stats=unit(net.stats)) for n, net in empty.items()}
            )
        )
    return system, states


def unit(stats):
    """Return means of 0 and variances of 1."""
    return jax.tree.map_with_path(
        lambda path, leaf: np.full_like(leaf, "var" in str(path[-1])), stats
    )


def batch(count=8):
    """Make noise with labels."""
    rng = np.random.default_rng(1)
    return {
        "image": rng.uniform(-1, 1, (count, SIZE, SIZE, 3)).astype(np.float32),
        "label": np.arange(count) % 10,
    }


def test_what_the_critics_see():
    """The local critic sees painted squares at the holes, the global one completed images."""
    painted, image = batch(3)["image"], -batch(3)["image"]
    places = [(0, 12), (5, 3), (9, 9)]
    hole = jnp.stack(
        [masks.square_at(jax.random.key(0), SIZE, side=4, top=t, left=l) for t, l in places]
    )
    both = seen(painted, image, hole, critics=("global", "local"), side=4)
    np.testing.assert_array_equal(both["global"], np.where(hole > 0.5, painted, image))
    for i, (top, left) in enumerate(places):
        np.testing.assert_array_equal(both["local"][i], painted[i, top : top + 4, left : left + 4])
    true = seen(image, image, hole, critics=("global",), side=4)
    np.testing.assert_array_equal(true["global"], image)
    assert set(true) == {"global"}


def step_of(system, states):
    """Return the second stage's step on earlier states, ready to trace."""
    *first, stage = system.stages
    earlier = {its.name: states[its.name] for its in first}
    return lambda state, batch: stage.step(state, batch, earlier)


def same(one, other):
    return jax.tree.all(
        jax.tree.map(lambda a, b: bool((np.asarray(a) == np.asarray(b)).all()), one, other)
    )


@pytest.fixture(scope="module")
def descent():
    """A system with plain descent, which does not amplify rounding, and stops after all steps."""
    config = tiny("stages.inpainter.holes=square:2-8")
    with config.unlocked():
        for name in ("generator", "critic"):
            config.stages.inpainter.optimizer[name] = dict(
                name="sgd", learning_rate=1e-4, schedule="linear"
            )
    system, states = drawn(config)
    return system, states, jax.jit(step_of(system, states))


@pytest.mark.parametrize("mover, other", [("generator", "critic"), ("critic", "generator")])
def test_players_leave_each_other_alone(descent, mover, other):
    """Bit for bit; every term is reported."""
    _, states, step = descent
    networks = states["inpainter"].networks
    weary = networks[other]._replace(
        opt=jax.tree.map(lambda count: count + 1000, networks[other].opt)
    )
    after, metrics = step(
        states["inpainter"]._replace(networks={**networks, other: weary}), batch()
    )
    assert same(networks[other].params, after.networks[other].params)
    for part in {"generator": ("Conv_0",), "critic": ("global", "local")}[mover]:
        assert not same(networks[mover].params[part], after.networks[mover].params[part])
    scores = ("discriminator_bce", "critic_real", "critic_fake")
    critics = {f"{score}_{name}" for score in scores for name in ("global", "local")}
    assert metrics.keys() == critics | {
        "reconstruction",
        "feature",
        "local_adversarial",
        "global_adversarial",
    }
    assert all(value.shape == () and np.isfinite(value) for value in metrics.values())


def test_devices_agree(descent):
    """One device and four: each crops at its own examples' holes, drawn for the whole batch."""
    system, states, step = descent
    one = step(states["inpainter"], batch())
    mesh = parallel.mesh(jax.devices()[:4])
    mapped = parallel.data_parallel(system.stages[1].step, mesh, how="pmap")
    begun = {
        name: parallel.replicate(jax.tree.map(jnp.copy, its), mesh) for name, its in states.items()
    }
    four = mapped(
        begun["inpainter"], parallel.put_batch(batch(), mesh), {"features": begun["features"]}
    )
    for a, b in zip(
        *(jax.tree.leaves(jax.device_get((its[0].networks, its[1]))) for its in (one, four)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "off, stages, critics",
    [
        ((), ["features", "inpainter"], {"global", "local"}),
        (("feature",), ["inpainter"], {"global", "local"}),
        (("local",), ["features", "inpainter"], {"global"}),
        (("global",), ["features", "inpainter"], {"local"}),
        (("local", "global"), ["features", "inpainter"], None),
        (("local", "global", "feature"), ["inpainter"], None),
    ],
)
def test_a_weight_of_0_leaves_out_what_only_it_needs(off, stages, critics):
    system, states = drawn(tiny(off=off))
    assert [stage.name for stage in system.stages] == stages
    networks = states["inpainter"].networks
    assert (set(networks["critic"].params) if "critic" in networks else None) == critics
    after, metrics = jax.eval_shape(step_of(system, states), states["inpainter"], batch())
    assert jax.tree.structure(after) == jax.tree.structure(states["inpainter"])
    terms = {"reconstruction", *(OFF[name].rpartition(".")[2] for name in set(OFF) - set(off))}
    of_critics = {
        f"{score}_{name}"
        for score in ("discriminator_bce", "critic_real", "critic_fake")
        for name in critics or ()
    }
    assert metrics.keys() == terms | of_critics


def test_any_hole_is_completed():
    """Any hole is completed after any training; known pixels are exact, hidden ones ignored."""
    config = tiny()
    model = Model(config, *drawn(config))
    specs = ("center:4", "place:4@0+12", "square:1-16", "random:0.7", "left", "irregular")
    holes = np.concatenate(
        [masks.evaluation_holes(spec, ids=["a"], size=SIZE, seed=0) for spec in specs]
    )
    assert all(model.system.supports(hole) is None for hole in holes)
    images, run = (
        batch(len(specs))["image"],
        jax.jit(
            lambda i, h: model.system.finish(
                model.states, model.system.begin(model.states, i, h, None, 1)
            ).images[:, 0]
        ),
    )
    answer = np.asarray(run(images, holes))
    np.testing.assert_array_equal(
        np.where(holes > 0.5, 0, answer), np.where(holes > 0.5, 0, images)
    )
    assert all(np.ptp(its[hole[..., 0] > 0.5]) > 0 for its, hole in zip(answer, holes, strict=True))
    np.testing.assert_array_equal(
        run(np.where(holes > 0.5, np.float32(0.3), images), holes), answer
    )


def test_a_run(tmp_path):
    """The features are trained first, and stay bit-identical during the second stage."""
    config = tiny("stages.features.steps=1", "stages.inpainter.steps=0")
    train(config, tmp_path)
    before = load(tmp_path).states
    config.stages.inpainter.steps = 1
    train(config, tmp_path)
    after = load(tmp_path).states
    assert same(*(states["features"].networks["classifier"].params for states in (before, after)))
    assert [int(after[name].step) for name in ("features", "inpainter")] == [1, 1]
    assert not same(
        *(states["inpainter"].networks["generator"].params for states in (before, after))
    )
    rows = list(
        map(json.loads, (tmp_path / "inpainter" / "metrics.jsonl").read_text().splitlines())
    )
    [weighted], [metrics] = (
        [row for row in rows if name in row] for name in ("weighted_feature", "feature")
    )
    weights = {
        "reconstruction": 1,
        "local_adversarial": 200,
        "global_adversarial": 200,
        "feature": 0.05 * 64 / 4,
    }
    assert (
        weighted.keys() == {"step", *(f"weighted_{term}" for term in weights)}
        and weighted["step"] == 1
    )
    for term, weight in weights.items():
        np.testing.assert_allclose(weighted[f"weighted_{term}"], weight * metrics[term], rtol=1e-6)


def test_images_of_24_in_networks_of_64():
    """Spec 4.13 at a fourth: images of 6 with a hole of 2 are enlarged to 16, output is reduced.

    The networks see a hole of 6 of 16. The hidden content reaches them only as the target.
    """
    networks = {"fill": 0.0, "unit_range": False}
    task = enlarged.build(seen=16, size=6, holes="center:2", networks=networks, label="holes")
    image = batch(4)["image"][:, :6, :6]
    hole = task.draw(jax.random.key(0), 4)
    given = task.damage(image, hole)
    assert given.shape == (4, 16, 16, 3) and hole.sum() == 4 * 4
    np.testing.assert_array_equal(
        given, task.damage(np.where(hole > 0.5, np.float32(0.7), image), hole)
    )
    np.testing.assert_array_equal(given[:, :3, :3], task.damage(image, 0 * hole)[:, :3, :3])
    values = task.loss_values(given, image, hole)
    np.testing.assert_allclose(
        values["target"], jax.image.resize(image, (4, 16, 16, 3), "linear"), atol=1e-6
    )
    corners = np.flatnonzero(np.asarray(values["hole"])[0, 8, :, 0])
    np.testing.assert_array_equal(corners, np.arange(5, 11))  # with centres inside the 2 pixels
    flat = jnp.broadcast_to(jnp.array([0.25, -0.5, 0.75]), (4, 16, 16, 3))
    np.testing.assert_allclose(task.pasted(image, flat, hole), flat[:, :6, :6], atol=1e-6)


def test_the_literal_system():
    """Complete images of 6 px, known pixels bit for bit; critics and features see 16."""
    literal = ("data.size=6", "networks.seen_size=16", "stages.inpainter.holes=center:2")
    config = tiny(*literal)
    system, states = drawn(config)
    assert system.size == 6
    image, hole = (
        batch(4)["image"][:, :6, :6],
        masks.evaluation_holes("center:2", ids=["a"], size=6, seed=0),
    )
    hole = np.repeat(hole, 4, 0)
    run = jax.jit(
        lambda i, h: system.finish(states, system.begin(states, i, h, None, 1)).images[:, 0]
    )
    answer = np.asarray(run(image, hole))
    np.testing.assert_array_equal(np.where(hole > 0.5, 0, answer), np.where(hole > 0.5, 0, image))
    assert (answer != image).any((1, 2, 3)).all()
    sizes = jax.eval_shape(
        step_of(system, states),
        states["inpainter"],
        {**batch(), "image": batch()["image"][:, :6, :6]},
    )
    assert sizes[1].keys() >= {"feature", "local_adversarial", "global_adversarial"}


@pytest.mark.parametrize(
    "override, words",
    [
        ("stages.inpainter.holes=center:20", "does not fit an image of side 16"),
        ("stages.inpainter.losses.feature.fn=feature_l3", "unknown loss 'feature_l3'"),
        (
            "networks.local_critic.name=global_local.Critic",
            "unknown networks.local_critic 'global_local.Critic'",
        ),
        ("networks.features.name=vgg19.VGG", "unknown networks.features 'vgg19.VGG'; known: "),
        (
            "stages.inpainter.optimizer.critic.name=adamm",
            "stages.inpainter.optimizer.critic: unknown optimiser 'adamm'",
        ),
    ],
)
def test_bad_configs(override, words):
    with pytest.raises(InputError, match=words) as caught:
        configuration.build_system(tiny(override, own=False))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "override, words",
    [
        (
            "networks.local_size=8",
            "a discriminator of 2 layers needs sides of 4 px, got \\(8, 8\\)",
        ),
        (
            "stages.inpainter.losses.feature.layer=relu3_1",
            "no layer 'relu3_1' among relu1_1, relu1_2, relu2_1",
        ),
        ("networks.features.last=relu9_1", "VGG-19 has no layer 'relu9_1'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(override, words, tmp_path):
    with pytest.raises(InputError, match=words):
        train(tiny(override, own=False), tmp_path / "run")
    assert not (tmp_path / "run").exists()
