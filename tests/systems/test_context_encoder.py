"""The context encoder on tiny networks: training steps, completions, refusals; also the configs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import exported, parallel
from inpaint_jax.completion import export
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.model import Model
from inpaint_jax.systems.parts.filling import harmonic

TINY = ("data.size=16", "networks.generator.bottleneck=8", "networks.generator.width=4")


def tiny(words, *overrides):
    """Load a config of 16 px and a few channels, with blocks of 8 in block mode."""
    centre = "random" not in words
    sides = ("networks.generator.size=8", "stages.context_encoder.holes=center:6") if centre else ()
    sides = sides or ("networks.generator.size=16",)
    narrow = ("networks.critic.width=4",) if "l2" not in words else ()
    given = [f"--config.{item}" for item in (*TINY, *sides, *narrow, *overrides)]
    config = configuration.load(f"configs/context_encoder.py:smoke,{words}", given)
    config.networks.generator.trunk.features = [4, 8]
    return config


def started(config):
    """Return the only stage, and its state before training."""
    [stage] = configuration.build_system(config).stages
    return stage, drawn_state(stage, config, {})


@pytest.fixture(scope="module")
def batch():
    read = next(examples(open_source("facades?split=train&count=16", size=16), size=16, batch=16))
    return {"image": read["image"]}


def steps(stage, state, batch, count):
    """Take some steps; return the state and all metrics."""
    step = jax.jit(lambda state, batch: stage.step(state, batch, {}))
    measured = []
    for _ in range(count):
        state, metrics = step(state, batch)
        measured.append(metrics)
    return state, {
        name: np.asarray([metrics[name] for metrics in measured]) for name in measured[0]
    }


def faster(config, rate=0.01):
    for rule in config.stages.context_encoder.optimizer.values():
        rule.learning_rate = rate
    return config


@pytest.mark.parametrize("words", [pytest.param("l2", marks=pytest.mark.slow), "published"])
def test_reconstruction_falls(words, batch):
    """A-S1: the loss falls by at least 30 % in 50 steps; everything stays finite."""
    stage, state = started(faster(tiny(words)))
    state, metrics = steps(stage, state, batch, 50)
    assert all(np.isfinite(values).all() for values in metrics.values())
    assert metrics["reconstruction"][-1] < 0.7 * metrics["reconstruction"][0]
    without = {"reconstruction"}
    its = (
        without
        if words == "l2"
        else without | {"adversarial", "discriminator_bce", "critic_real", "critic_fake"}
    )
    assert metrics.keys() == its
    assert state.networks.keys() == ({"generator"} if words == "l2" else {"generator", "critic"})
    scores, images = jax.jit(lambda s: stage.validate(s, batch, jax.random.key(0), {}))(state)
    assert scores["masked_l2"].shape == (16,) and images.shape == (4 * 16, 16, 16, 3)
    assert jnp.isfinite(images).all() and jnp.abs(images).max() <= 1


@pytest.fixture(scope="module", params=["default", "random", "published"])
def untrained(request):
    config = tiny(request.param)
    stage, state = started(config)
    return Model(config, configuration.build_system(config), {stage.name: state})


def completed(model, images, hole, key=0):
    keys = jax.random.split(jax.random.key(key), len(images))
    run = jax.jit(lambda s, i, h: model.system.finish(s, model.system.begin(s, i, h, keys, 1)))
    return np.asarray(run(model.states, images, hole).images)


def square(low, high, count=3):
    hole = np.zeros((count, 16, 16, 1), np.float32)
    hole[:, low:high, low:high] = 1
    return hole


def test_the_whole_block_of_the_published_hole():
    """The centre hole is larger than the trained one: the ring is filled first, then painted.

    The true content of the hole changes nothing.
    """
    config = tiny("published")
    stage, state = started(config)
    system = configuration.build_system(config)
    model = Model(config, system, {stage.name: state})
    block = square(4, 12)
    assert system.supports(block[0]) is None
    answer = completed(model, IMAGES, block)
    np.testing.assert_array_equal(
        answer, completed(model, np.where(block > 0.5, np.float32(0.9), IMAGES), block)
    )
    ring_filled = np.where(
        (block > 0.5) & (square(5, 11) < 0.5), np.asarray(harmonic(IMAGES, block)), IMAGES
    )
    inner = completed(model, ring_filled, square(5, 11))  # the hole of the training
    np.testing.assert_allclose(answer[:, 0, 5:11, 5:11], inner[:, 0, 5:11, 5:11], atol=1e-6)
    assert np.ptp(answer[:, 0, 4, 4:12], axis=1).min() > 0


IMAGES = np.random.default_rng(0).uniform(-0.9, 0.9, (3, 16, 16, 3)).astype(np.float32)


def test_completions(untrained):
    """Known pixels stay bit for bit, the hole's content is ignored; smaller holes are supported."""
    hole = square(5, 11)
    answer = completed(untrained, IMAGES, hole)
    assert (
        answer.shape == (3, 1, 16, 16, 3)
        and np.isfinite(answer).all()
        and np.abs(answer).max() <= 1
    )
    known = np.broadcast_to(hole[:, None] < 0.5, answer.shape)
    np.testing.assert_array_equal(
        answer[known], np.broadcast_to(IMAGES[:, None], answer.shape)[known]
    )
    assert (answer != IMAGES[:, None]).any(axis=(1, 2, 3, 4)).all()
    np.testing.assert_array_equal(
        completed(untrained, np.where(hole > 0.5, np.float32(0.5), IMAGES), hole), answer
    )
    if untrained.config.networks.generator.size == 8:
        smaller = square(6, 8)
        part = completed(untrained, IMAGES, smaller)
        np.testing.assert_array_equal(
            part, np.where(smaller[:, None] > 0.5, answer, IMAGES[:, None])
        )


def test_what_it_supports(untrained):
    """The default hole is the block, shrunk here; only whole-image models take any hole."""
    outside, inside = square(3, 9)[0], square(6, 8)[0]
    assert untrained.system.supports(inside) is None
    reason = untrained.system.supports(outside)
    any_hole = untrained.config.networks.generator.size == 16
    assert reason is None if any_hole else reason == "it was trained for holes inside center:6"


def test_as_one_file(untrained, tmp_path):
    """The exported function works for another number of images."""
    file = tmp_path / "tiny.inpaint"
    export.export(untrained, file, platforms=("cpu", "cuda"))
    hole = square(5, 11)
    np.testing.assert_allclose(
        exported.load(file)(IMAGES, hole), completed(untrained, IMAGES, hole)[:, 0], atol=1e-5
    )


def runner(config):
    """Run two steps of plain descent: ``(batch, devices, how) -> networks and metrics``.

    Also return the initial networks. Plain descent does not amplify rounding like Adam's first
    steps.
    """
    with config.unlocked():
        for name in config.stages.context_encoder.optimizer:
            config.stages.context_encoder.optimizer[name] = dict(name="sgd", learning_rate=0.05)
    stage, initial = started(config)

    def run(batch, count, how):
        mesh = parallel.mesh(jax.devices()[:count])
        step = parallel.data_parallel(stage.step, mesh, how=how)
        state, metrics = parallel.replicate(jax.tree.map(jnp.copy, initial), mesh), None
        for _ in range(2):
            state, metrics = step(state, parallel.put_batch(batch, mesh), {})
        return jax.device_get((state.networks, metrics))

    return run, jax.device_get(initial.networks)


WAYS = ("jit", "shard_map", "pmap")


@pytest.mark.slow
def test_devices_agree(batch):
    """A-S5: two steps on one device equal two on four, in every mode, with global batch norm."""
    run, _ = runner(tiny("published"))
    one = run(batch, 1, "jit")
    for how in WAYS:
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
            one,
            run(batch, 4, how),
        )


@pytest.mark.slow
def test_devices_agree_on_the_published_network():
    """71 M parameters: four devices deviate no more than one does on images changed by 1e-6.

    A chain of batch norms over eight images turns a millionth into hundredths of an update.
    """
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (8, 128, 128, 3)).astype(np.float32)
    nearly = images * (1 + 1e-6 * rng.standard_normal(images.shape)).astype(np.float32)
    run, initial = runner(configuration.load("configs/context_encoder.py:paper"))
    one = run({"image": images}, 1, "jit")

    def distance(other):
        """Return the largest difference of an array's update, as a share of that update."""
        parts = (
            jax.tree.leaves({name: net.params for name, net in nets.items()})
            for nets in (one[0], other[0], initial)
        )
        shares = [
            np.linalg.norm(a - b) / np.linalg.norm(a - start)
            for a, b, start in zip(*parts, strict=True)
        ]
        return max(shares)

    rounding = distance(run({"image": nearly}, 1, "jit"))
    assert 0 < rounding < 0.1
    for how in WAYS:
        other = run({"image": images}, 4, how)
        assert distance(other) < 1.5 * rounding, how
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0.01), one[1], other[1])


@pytest.mark.parametrize(
    "override, words",
    [
        ("networks.generator.size=17", "a block of 17 pixels does not fit an image of 16"),
        (
            "stages.context_encoder.holes=center:12",
            "stages.context_encoder.holes: blocks of 8 pixels need fixed holes",
        ),
        (
            "networks.generator.trunk.name=trunks.Stride",
            "unknown networks.generator.trunk 'trunks.Stride'; known: ",
        ),
        ("stages.context_encoder.losses.adversarial.fn=hinge", "unknown loss 'hinge'"),
        (
            "stages.context_encoder.optimizer.critic.name=adamm",
            "stages.context_encoder.optimizer.critic: unknown opti",
        ),
    ],
)
def test_bad_configs(override, words):
    with pytest.raises(InputError, match=words) as caught:
        configuration.build_system(tiny("default", override))
    assert "\n" not in str(caught.value)


def test_an_optimiser_for_each_network():
    config = tiny("default")
    with config.unlocked():
        del config.stages.context_encoder.optimizer["critic"]
    with pytest.raises(InputError, match="needs the key 'critic'"):
        configuration.build_system(config)


def test_an_adversary_that_is_not_there(batch):
    config = tiny("default")
    with config.unlocked():
        del config.networks["critic"]
    stage, state = started(config)
    with pytest.raises(
        InputError,
        match="'adversarial' needs fake_logits; available here: hole, prediction, target",
    ):
        jax.eval_shape(lambda: stage.step(state, batch, {}))


def paper(words):
    return configuration.to_plain(configuration.load(f"configs/context_encoder.py:{words}"))


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
@pytest.mark.parametrize("words", ["default", "published", "random"])
def test_rates(scale, words):
    """A-A7: with two terms the generator's rate is ten times the critic's, else equal."""
    both = paper(f"{scale},{words}")["stages"]["context_encoder"]
    alone = paper(f"{scale},{words},l2")["stages"]["context_encoder"]
    critic = both["optimizer"]["critic"]["learning_rate"]
    np.testing.assert_allclose(
        both["optimizer"]["generator"]["learning_rate"], 10 * critic, rtol=1e-12
    )
    assert alone["optimizer"].keys() == {"generator"}
    assert alone["optimizer"]["generator"]["learning_rate"] == (1e-3 if scale == "cpu" else critic)
    assert (
        both["losses"]["reconstruction"]["weight"] == 0.999
        and both["losses"]["adversarial"]["weight"] == 0.001
    )
    assert [loss["weight"] for loss in alone["losses"].values()] == [1.0]


def test_what_was_published():
    config = paper("paper,published")
    stage = config["stages"]["context_encoder"]
    assert (
        stage["holes"] == "center:56"
        and config["networks"]["generator"]["size"] == 64
        and stage["stale_critic"]
    )
    ring = {"fn": "overlap_l2", "overlap": 4, "ring_weight": 10.0, "weight": 0.999}
    assert stage["losses"]["reconstruction"] == ring
    rules = [stage["optimizer"][name] for name in ("critic", "generator")]
    assert [(rule["name"], rule["b1"], rule["learning_rate"]) for rule in rules] == [
        ("adam", 0.5, 2e-4),
        ("adam", 0.5, 2e-3),
    ]
    default = paper("paper")["stages"]["context_encoder"]
    assert default["holes"] == "center:64" and not default["stale_critic"]
    assert default["losses"]["reconstruction"]["fn"] == "l2_mean"
    whole = paper("paper,published,random")
    assert (
        whole["stages"]["context_encoder"]["holes"] == "pattern"
        and whole["networks"]["generator"]["size"] == 128
    )


def test_unknown_words():
    with pytest.raises(
        InputError,
        match="unknown words cente; known: default, published, best, center, random, bott",
    ):
        configuration.load("configs/context_encoder.py:cente,cpu")
