"""The classifier stage, the balanced weights and the guided search, on tiny networks."""

import json

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import masks, parallel
from inpaint_jax.configs.classifier_guided import SHARE
from inpaint_jax.errors import InputError
from inpaint_jax.losses.contextual import importance_weight
from inpaint_jax.networks.classified import ClassifierOutput
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.googlenet import HE, INCEPTIONS, GoogLeNet
from inpaint_jax.networks.layers import BatchNorm, Conv
from inpaint_jax.networks.vgg16 import Classifier as Classifier16
from inpaint_jax.runs import configuration, model
from inpaint_jax.runs.training.loop import train
from inpaint_jax.systems import classifier_guided
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.parts import classification

SETTINGS = dict(
    optimizer=dict(name="adam", learning_rate=1e-3),
    steps=10,
    auxiliary=0.3,
    rotation=20.0,
    shift=0.1,
    frozen=["conv1"],
)


class Classifier(nn.Module):
    """A classifier with two maps and an auxiliary output; a GoogLeNet compiles too slowly."""

    classes: int = 8
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images, *, train):
        first = nn.relu(Conv(4, 3, strides=2, kernel_init=HE, name="conv1")(images))
        x = BatchNorm(axis_name=self.axis_name, name="norm")(first, use_running_average=not train)
        second = nn.relu(Conv(8, 3, strides=2, kernel_init=HE, name="conv2")(x))
        logits, other = (nn.Dense(self.classes)(maps.mean((1, 2))) for maps in (second, x))
        return ClassifierOutput(logits, (other,), {"3b": x, "4b": second})


def config(tiny, *overrides):
    """Load ``configs/classifier_guided.py`` at 16 px with a small classifier."""
    given = (
        *tiny,
        "--config.stages.classifier.batch_size=8",
        "--config.stages.classifier.steps=4",
        "--config.stages.classifier.image_every=4",
        "--config.stages.classifier.log_every=1",
        "--config.stages.balance.batch_size=8",
    )
    chosen_config = configuration.load("configs/classifier_guided.py:smoke", given)
    with chosen_config.unlocked():
        chosen_config.networks.classifier = dict(name=f"{__name__}:Classifier", classes=8)
    return configuration.override(chosen_config, [f"--config.{item}" for item in overrides])


@pytest.fixture(scope="module")
def folder(tiny, workdir, tmp_path_factory):
    """A tiny run with the DCGAN of the Yeh run."""
    folder = tmp_path_factory.mktemp("guided")
    chosen_config = config(tiny, "data.fit=crop", "data.validation=facades?split=test&count=11")
    train(chosen_config, folder, reuse_from=workdir)
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    return inpaint_jax.load(folder)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(1)
    hole = np.zeros((2, 16, 16, 1), np.float32)
    hole[:, 4:12, 4:12] = 1
    return jnp.asarray(rng.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)), jnp.asarray(hole)


def drawn(module, side):
    """Draw parameters and statistics without compiling the initialisers."""
    network, rng = pure(module), np.random.default_rng(0)
    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, side, side, 3)))
    params = jax.tree.map(lambda leaf: rng.normal(0, 0.1, leaf.shape).astype(np.float32), shapes[0])
    return network, params, jax.tree.map(lambda leaf: np.ones(leaf.shape, np.float32), shapes[1])


def labelled(count, side=16):
    rng = np.random.default_rng(2)
    image = rng.uniform(-1, 1, (count, side, side, 3)).astype(np.float32)
    return {"image": image, "label": rng.integers(0, 4, count).astype(np.int32)}


def begun(its, params, stats):
    """Make a stage's first state from given arrays and a zero optimiser state."""
    shape = jax.eval_shape(its.init, jax.random.key(0), labelled(8), {})
    zeros = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shape.networks["classifier"].opt
    )
    net = shape.networks["classifier"]._replace(params=params, stats=stats, opt=zeros)
    return shape._replace(
        networks={"classifier": net}, step=jnp.zeros((), jnp.int32), key=jax.random.key(0)
    )


@pytest.mark.parametrize("weights", ["", "imagenet.npz"])
def test_frozen_blocks(weights):
    """A-A5: a frozen block gets no update; blocks are frozen only if weights are given."""
    network, params, stats = drawn(Classifier(classes=4), 16)
    its = classification.stage(
        "classifier", network=network, classes=4, settings=SETTINGS | {"weights": weights}
    )
    after, metrics = jax.jit(its.step)(begun(its, params, stats), labelled(8), {})
    assert set(metrics) == {"cross_entropy", "accuracy"}
    changes = {
        name: [
            bool((np.asarray(now) != part[leaf]).any())
            for leaf, now in after.networks["classifier"].params[name].items()
        ]
        for name, part in params.items()
    }
    assert changes.pop("conv1") == ([False, False] if weights else [True, True])
    assert all(map(all, changes.values()))


def test_smoothed_targets():
    """Targets are 0.95 and 0.05; logits 2 and 0 cost log(1 + e^-2), and 2 more."""
    surprise = np.log1p(np.exp(-2.0))
    found = classification.smoothed(jnp.array([[2.0, 0.0]] * 2), jnp.array([0, 1]), 0.1)
    np.testing.assert_allclose(found, [surprise + 0.1, surprise + 1.9], rtol=1e-6)
    hard = classification.smoothed(jnp.array([[2.0, 0.0]]), jnp.array([1]), 0.0)
    np.testing.assert_allclose(hard, [surprise + 2], rtol=1e-6)
    with pytest.raises(
        InputError, match="stages.classifier.label_smoothing must be at least 0 and below 1, got 1"
    ):
        classification.stage(
            "classifier", network=None, classes=4, settings=SETTINGS | {"label_smoothing": 1}
        )


def test_frozen_parts_of_googlenet():
    """Kernels and biases of the convolutions of three blocks are frozen; their norms learn."""
    shapes = jax.eval_shape(pure(GoogLeNet()).init, jax.random.key(0), jnp.zeros((1, 64, 64, 3)))[0]
    labels = classification.frozen_parts(shapes, blocks=("4a", "4b", "4c"))
    found = jax.tree.leaves(
        jax.tree.map(lambda label, leaf: leaf.size if label == "frozen" else 0, labels, shapes)
    )
    norms = sum(
        sum(channels[i] for i in range(6))
        for channels in (INCEPTIONS[block] for block in ("4a", "4b", "4c"))
    )
    assert sum(found) == 376_800 + 449_808 + 510_768 - norms


def test_devices_agree():
    """One device and four devices take the same step up to rounding."""
    network, params, stats = drawn(Classifier(classes=4), 16)
    its = classification.stage("classifier", network=network, classes=4, settings=SETTINGS)
    found = {}
    for how, devices in (("jit", 1), ("pmap", 4)):
        mesh = parallel.mesh(jax.devices()[:devices])
        step = parallel.data_parallel(its.step, mesh, how=how)
        batch = parallel.put_batch(labelled(8), mesh)
        state = parallel.replicate(begun(its, params, stats), mesh)  # the step donates it
        found[how] = jax.device_get(step(state, batch, {})[1])
    np.testing.assert_allclose(
        found["jit"]["cross_entropy"], found["pmap"]["cross_entropy"], rtol=1e-4
    )
    assert found["jit"]["accuracy"] == found["pmap"]["accuracy"]


def test_what_a_run_leaves(folder, trained, examples):
    """Facade labels, accuracy on another split, and a line of term values per hole family."""
    lines = [
        json.loads(line) for line in (folder / "classifier/metrics.jsonl").read_text().splitlines()
    ]
    validated = [line for line in lines if "validation_accuracy" in line]
    assert [line["step"] for line in validated] == [4]
    assert round(11 * validated[0]["validation_accuracy"], 3) in range(12)
    lines = [
        json.loads(line) for line in (folder / "balance/metrics.jsonl").read_text().splitlines()
    ]
    lines = [line for line in lines if "share" in line]  # after the terms' weights
    assert [line["share"] for line in lines][:2] == [0.25, 0.5]
    assert trained.system.families == ("center", "left", "random:0.7", "irregular")
    for family, line in zip(trained.system.families, lines, strict=True):
        hole = np.asarray(masks.evaluation_holes(family, ids=["a"], size=16, seed=0))
        weights = trained.system.weights(trained.states, hole, family)
        assert set(weights) == {"contextual", "prior", "inpainting", "semantic", "categorical"}
        assert weights["contextual"] == 1 and weights["prior"] == 0.003
        for label in ("semantic", "categorical"):
            np.testing.assert_allclose(
                weights[label], SHARE * line["contextual"] / line[label], rtol=1e-5
            )
        assert weights["inpainting"] == (30 if masks.is_scattered(hole) else 3)


def test_the_search_of_another_preset(trained, examples):
    """Another preset has its own weights: the run's measurements do not multiply them."""
    _, hole = examples
    for preset, expected in (
        ("published", (3.0, 1e5, 1e6)),
        ("published_random", (30.0, 1e6, 1e7)),
    ):
        other = model.with_search(trained, f"classifier_guided:{preset},smoke")
        weights = other.mean_weights(hole, "center")
        found = [weights[label] for label in ("inpainting", "semantic", "categorical")]
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    yehs = model.with_search(trained, "yeh:smoke").mean_weights(hole, "center")
    np.testing.assert_allclose([yehs["contextual"], yehs["prior"]], [1, 0.003])


def test_shares_that_a_run_has_not_measured(trained, tiny):
    """Refuse other layers than the measured ones, and a published run without measurements."""
    with pytest.raises(
        InputError,
        match=r"losses.semantic: .* measured semantic as .*3b.* not .*5a.*relative_to=\"\"",
    ):
        model.with_search(trained, "classifier_guided:5a,smoke")
    published = configuration.load("classifier_guided:published,smoke", tiny)
    default = configuration.load("classifier_guided:smoke")
    with pytest.raises(
        InputError, match="losses.semantic: .*this run has no stage balance that measures it"
    ):
        configuration.build_system(configuration.replaced(published, default, ("search", "losses")))


def test_the_family_of_a_result(trained, examples):
    """The caller names the family of a hole: another family gives another share and search."""
    image, hole = (np.asarray(part[:1]) for part in examples)
    driver = Driver(trained.system, trained.states, slots=4)
    tasks = [Task("0", image[0], hole[0], family) for family in ("center", "random:0.7", "")]
    own, other, nearest = (next(iter(driver.run([task], seed=0))).losses["total"] for task in tasks)
    assert own == nearest != other
    assert trained.remark(hole, "center") == ""
    assert "closest share of missing pixels: center (0.25) for 1 of 1 images" in trained.remark(
        hole, "place:8@4+4"
    )


def test_a_search_that_is_only_watched(trained, examples):
    """Figure 3a: Yeh's search, bit for bit, with traces of the guiding terms."""
    yehs, watched = (
        searched(model.with_search(trained, spec, ["--config.search.iterations=3"]), examples)[1]
        for spec in ("yeh:smoke", "classifier_guided:unguided,smoke")
    )
    np.testing.assert_array_equal(watched.images, yehs.images)
    assert set(watched.traces) - set(yehs.traces) == {"inpainting", "semantic", "categorical"}
    assert all(
        (watched.traces[label] > 0).all() for label in ("inpainting", "semantic", "categorical")
    )


def searched(model, examples, chunks=None):
    keys = jax.random.split(jax.random.key(0), 2)
    progress = jax.jit(lambda s, i, h: model.system.begin(s, i, h, keys, 1))(
        model.states, *examples
    )
    advance = jax.jit(model.system.advance)
    while not progress.done.all() and chunks != 0:
        progress, chunks = advance(model.states, progress), chunks and chunks - 1
    return progress, jax.jit(model.system.finish)(model.states, progress)


def test_the_search(trained, examples):
    _, completion = searched(trained, examples)
    assert completion.images.shape == (2, 1, 16, 16, 3)
    image, hole = examples
    np.testing.assert_array_equal(completion.images[:, 0] * (1 - hole), image * (1 - hole))
    assert set(completion.losses) == {
        "contextual",
        "prior",
        "inpainting",
        "semantic",
        "categorical",
        "total",
    }
    assert all((np.asarray(values) >= 0).all() for values in completion.losses.values())


TERMS = ("contextual", "prior", "inpainting", "semantic", "categorical")


def loss_of(trained, examples, weights, *overrides):
    """Return latents [B, Z] -> loss of the run's search, with other term weights."""
    image, hole = examples
    given = [*(f"losses.{label}.weight={weights.get(label, 0.0)}" for label in TERMS), *overrides]
    given += [f"losses.{label}.relative_to=" for label in ("semantic", "categorical")]
    copy = configuration.from_plain(configuration.to_plain(trained.config))
    plain = configuration.to_plain(
        configuration.override(copy, [f"--config.{item}" for item in given])
    )
    parts = {part: plain[part] for part in ("losses", "search", "blend", "stages")}
    search = classifier_guided.latent_search_of(plain["networks"], size=16, **parts)
    damaged, weight = image * (1 - hole), importance_weight(hole, window=7)
    return lambda latent: search.loss(trained.states, damaged, hole, weight, latent)[0]


@pytest.mark.parametrize("term", TERMS)
def test_gradients(trained, examples, term):
    """Compare each term's derivative along a latent direction with a finite difference."""
    total = loss_of(trained, examples, {term: 1.0})
    rng = np.random.default_rng(3)
    latent, along = (jnp.asarray(rng.uniform(-1, 1, (2, 8)).astype(np.float32)) for _ in range(2))
    epsilon = 2e-3

    @jax.jit
    def compare(latent):
        value, slope = jax.value_and_grad(total)(latent)
        return (
            value,
            (slope * along).sum(),
            total(latent + epsilon * along),
            total(latent - epsilon * along),
        )

    value, slope, after, before = compare(latent)
    np.testing.assert_allclose(
        slope, (after - before) / (2 * epsilon), rtol=0.03, atol=1e-3 * abs(value)
    )


def test_raw_input_barely_moves_the_classifier(trained, examples):
    """Published presets feed [-1, 1] to a [0, 255] network; the semantic term is then tiny."""
    latent = jnp.zeros((2, 8))
    seen, raw = (
        loss_of(trained, examples, {"semantic": 1.0}, f"search.classifier_input={how}")(latent)
        for how in ("converted", "raw")
    )
    assert 0 < raw < 0.1 * seen


def test_presets():
    """B6, B8: printed weights; published presets have no balance; words choose terms and layers."""
    for preset, expected in (
        ("published", (3.0, 1e5, 1e6)),
        ("published_random", (30.0, 1e6, 1e7)),
    ):
        config = configuration.load(f"configs/classifier_guided.py:{preset},paper")
        assert (
            tuple(
                config.losses[label].weight for label in ("inpainting", "semantic", "categorical")
            )
            == expected
        )
        assert "balance" not in config.stages and config.search.classifier_input == "raw"
        assert config.search.batch_norm == "sample" and config.search.iterations == 1500
        assert (
            config.blend.edge == "wrap" and configuration.load("yeh:published").blend.edge == "wrap"
        )
    config = configuration.load("configs/classifier_guided.py:nologits,5a,paper")
    assert config.losses.categorical.weight == 0 and config.losses.semantic.layers.to_dict() == {
        "5a": 1.0
    }
    assert config.stages.balance.losses.semantic.layers.to_dict() == {"5a": 1.0}
    assert configuration.load("classifier_guided:cpu").networks.classifier.stride <= 2
    assert config.losses.inpainting.weight == 3 and config.losses.semantic.weight == SHARE > 0
    assert config.stages.classifier.optimizer["at"] == [35 * 203, 50 * 203]


def test_the_features_of_vgg16(examples):
    """VGG-16 takes images in [-1, 1] and compares features alone."""
    config = configuration.load("classifier_guided:vgg16,smoke")
    config.networks.classifier.width = 4
    assert "categorical" not in {*config.losses, *config.stages.balance.losses}
    stage = config.stages.classifier
    assert (stage.steps, stage.weights, config.losses.semantic.weight) == (0, "vgg16.npz", SHARE)
    network = configuration.build_system(config).stages[1].networks["classifier"]
    plain = Classifier16(classes=196, last="relu3_1", width=4)
    own, params, stats = drawn(plain, 16)
    given, expected = (
        each.apply(params, stats, examples[0], train=False)[0].features for each in (network, own)
    )
    np.testing.assert_array_equal(given["relu3_1"], expected["relu3_1"])
    assert set(config.losses.semantic.layers) < set(given)
    unguided = configuration.load("classifier_guided:unguided,vgg16,smoke").losses
    assert unguided.semantic.weight == unguided.inpainting.weight == 0
    for words in ("logits", "3b", "published"):
        with pytest.raises(InputError, match="vgg16 excludes published"):
            configuration.load(f"classifier_guided:vgg16,{words}")


def test_images_without_labels(tiny, tmp_path):
    from PIL import Image

    for i in range(8):
        Image.new("RGB", (16, 16), (i, i, i)).save(tmp_path / f"{i}.png")
    for spec in (f"data.train={tmp_path}", f"data.validation={tmp_path}"):
        with pytest.raises(
            InputError,
            match=r"stages.classifier: 0.* has no label; the stage needs labelled images",
        ):
            train(config(tiny, spec), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_more_classes_than_the_network_has(tiny, workdir, tmp_path):
    with pytest.raises(
        InputError, match=r"label \d is outside the 2 classes of the network: 0 to 1"
    ):
        train(
            config(tiny, "data.fit=crop", "networks.classifier.classes=2"),
            tmp_path,
            reuse_from=workdir,
        )
