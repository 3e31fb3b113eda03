"""Neural patch synthesis on a network of two layers:
its energy, its scales, its first guess, and how it is run.
"""

import functools
import json

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

import inpaint_jax
from inpaint_jax import cli, exported, parallel
from inpaint_jax.errors import InputError
from inpaint_jax.networks import ClassifierOutput
from inpaint_jax.networks.layers import Conv, max_pool
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.method_names import parse
from inpaint_jax.runs.methods import untrained_model
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.training.loop import train
from inpaint_jax.seeds import example_keys
from inpaint_jax.systems.baselines import BASELINES
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.parts.content import completed

SIZE, ITERATIONS = 32, 3
WEIGHTS = {"content": 0.2, "texture": 1.0, "variation": 3.0}
TINY = (
    "data.size=32",
    "slots=2",
    "networks.features.classes=5",
    "losses.content.layers.relu4_2=0.0",
    "search.layer=fine",
    f"search.iterations={ITERATIONS}",
    "search.rotations=0",
    "search.rescalings=0",
)


class Eyes(nn.Module):
    """Features of two layers: those of VGG-16 take longer to compile."""

    classes: int = 5

    @nn.compact
    def __call__(self, images, *, train):
        del train
        fine = nn.relu(Conv(6, 3, name="fine")(max_pool(images, 2, stride=2)))
        return ClassifierOutput(
            nn.Dense(self.classes)(fine.mean((1, 2))),
            (),
            {"fine": fine, "coarse": nn.relu(Conv(5, 3, name="coarse")(fine))},
        )


def tiny(*overrides, content="harmonic"):
    """A config of 32 px and scales of 32, 16 and 8, whose features are of ``Eyes``."""
    config = configuration.load(
        f"neural_patches:smoke,{content},drawn", [f"--config.{item}" for item in TINY]
    )
    with config.unlocked():
        config.networks.features = ConfigDict(dict(name=f"{__name__}:Eyes", classes=5))
        config.losses.content.layers = ConfigDict(dict(coarse=1.0))
    return configuration.override(config, [f"--config.{item}" for item in overrides])


def drawn(config):
    states = {}
    system = configuration.build_system(config)
    for stage in system.stages:
        states[stage.name] = drawn_state(stage, config, states)
    return Model(config, system, states)


@pytest.fixture(scope="module")
def model():
    return drawn(tiny())


@functools.cache
def example(count=3):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (count, SIZE, SIZE, 3)).astype(np.float32)
    holes = np.zeros((count, SIZE, SIZE, 1), np.float32)
    for i in range(count):
        holes[i, 8 + 2 * i : 20, 6:22] = 1
    return images, holes


def tasks(images, holes):
    return [Task(str(i), *pair) for i, pair in enumerate(zip(images, holes, strict=True))]


@pytest.fixture(scope="module")
def driver(model):
    """Two slots on one device."""
    return Driver(model.system, model.states, slots=2, mesh=parallel.mesh(jax.devices()[:1]))


@pytest.fixture(scope="module")
def results(driver):
    return driver.run_all(tasks(*example()), seed=0)


def test_the_energy_falls_at_every_scale(results):
    """From the content, or the coarser answer, on; the answer has the least of the finest scale."""
    for result in results.values():
        total = result.traces["total"].reshape(3, ITERATIONS)
        assert (np.diff(total, axis=1) < 0).all()
        assert result.losses["total"][0] == total[2, -1]
        spent = result.traces["evaluations"]  # with those of line searches, over all scales
        assert (np.diff(spent) >= 2).all() and result.evaluations == spent[-1]


def test_known_pixels_stay_and_the_rest_is_painted(results, driver):
    images, holes = example()
    for i, (image, hole) in enumerate(zip(images, holes, strict=True)):
        answer, known = results[str(i)].images[0], hole[..., 0] < 0.5
        np.testing.assert_array_equal(answer[known], image[known])
        assert np.abs(answer).max() <= 1 and np.ptp(answer[~known]) > 0
    other = np.where(holes > 0.5, np.float32(0.9), images)
    again = driver.run_all(tasks(other, holes), seed=0)
    np.testing.assert_array_equal(again["1"].images, results["1"].images)


@pytest.mark.slow
def test_a_result_does_not_depend_on_its_company(results, driver, model):
    """Nor on the number of devices: slots at several scales share a program."""
    images, holes = example()
    [alone] = driver.run([tasks(images, holes)[2]], seed=0)
    np.testing.assert_array_equal(alone.images, results["2"].images)
    spread = Driver(model.system, model.states, slots=2, mesh=parallel.mesh(jax.devices()[:2]))
    for name, result in spread.run_all(tasks(images, holes), seed=0).items():
        np.testing.assert_allclose(result.images, results[name].images, atol=1e-6)


def test_slots_at_several_scales(driver):
    """One has done a scale when the other begins; both go on in one call."""
    images, holes = example(2)
    keys = example_keys(0, ["0", "1"], "search")
    begun = [driver._begin(driver.states, (images, holes, keys, np.full(2, -1))) for _ in range(2)]
    fresh, first = begun[0], driver._advance(driver.states, begun[1])
    assert fresh.level.tolist() == [2, 2] and first.level.tolist() == [1, 1]
    mixed = driver._merge((), (fresh, first, np.array([True, False])))
    levels = []
    while not mixed.done.all():
        mixed = driver._advance(driver.states, mixed)
        levels.append(mixed.level.tolist())
    assert levels == [[0, 1], [0, 0], [0, 0]]


def test_the_energy_by_hand(model):
    """At the coarsest scale with the content in the hole:
    features by JAX, patches and sums by NumPy.
    """
    images, holes = (part[:1] for part in example())
    system, keys = model.system, jax.random.split(jax.random.key(0), 1)
    progress = jax.jit(lambda s, i, h: system.begin(s, i, h, keys, 1))(model.states, images, holes)
    # not entered: its pixels are the content
    scale = jax.tree.map(lambda leaf: leaf[0], progress.scales[1])
    entered = jax.tree.map(lambda leaf: leaf[0], progress.scales[2])
    apply = model.network("features", "classifier")

    def patches(image):
        maps = np.asarray(apply(image[None]).features["fine"][0])
        rows, columns = (side - 2 for side in maps.shape[:2])
        return np.stack(
            [maps[i : i + 3, j : j + 3].ravel() for i in range(rows) for j in range(columns)]
        )

    assert entered.matched.shape == (4, 54) and scale.image.shape == (16, 16, 3)
    synthesis = system.advance.__self__
    guess = np.asarray(scale.guess)
    hole = np.asarray(scale.hole)[..., 0].reshape(8, 2, 8, 2).max((1, 3))
    touched = np.array([hole[i : i + 3, j : j + 3].max() for i in range(6) for j in range(6)])
    assert 0 < touched.sum() < 36
    matched = scale._replace(matched=jnp.asarray(patches(guess)[::-1]))
    found, terms = synthesis.loss(model.states, matched)(scale.search.latent)
    ours, theirs = patches(guess), patches(guess)[::-1]
    texture = (touched[:, None] * np.square(ours - theirs)).sum() / (
        touched[:, None] * np.square(theirs)
    ).sum()
    np.testing.assert_allclose(terms["texture"], texture, rtol=1e-4)
    assert terms["content"] == 0
    expected = sum(WEIGHTS[name] * float(terms[name]) for name in WEIGHTS)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A run that takes no step."""
    folder = tmp_path_factory.mktemp("runs") / "patches"
    train(tiny(), folder)
    return folder


@pytest.mark.slow
def test_commands(workdir, tmp_path, results):
    """Completed, evaluated beside its first guess, and exported;
    results say what the features are.
    """
    method = f"--method={workdir}"
    images = "--images=facades?count=2"
    assert (
        cli.main(["complete", method, images, "--holes=center:8", f"--output={tmp_path}/out"]) == 0
    )
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "random initialisation" in json.dumps(
        report
    ) and "first guess is from harmonic" in json.dumps(report)
    both = f"--method={workdir}", f"--method={workdir}?search.scales=0"
    assert (
        cli.main(["evaluate", *both, images, "--holes=center:8", f"--output={tmp_path}/table"]) == 0
    )
    assert "search.scales=0" in (tmp_path / "table" / "table.md").read_text()
    file = tmp_path / "patches.inpaint"
    assert cli.main(["export", f"--workdir={workdir}", f"--output={file}", "--platforms=cpu"]) == 0
    answers = exported.load(file)(*example(), seed=0)
    # a line search of the third runs to its limit: rounding decides
    for i, answer in enumerate(answers[:2]):
        np.testing.assert_allclose(answer, results[str(i)].images[0], atol=1e-3)


def test_the_first_guess(model):
    """``scales=0`` answers with the content alone,
    which is the harmonic filling at the image's own size.
    """
    system = configuration.build_system(tiny("search.scales=0"))
    assert system.most == 1
    images, holes = example()
    keys = jax.random.split(jax.random.key(0), 3)
    guess = completed(system, {}, images, holes, keys)
    floor = completed(BASELINES["harmonic"](), {}, images, holes, keys)
    np.testing.assert_allclose(guess, floor, atol=1e-5)
    progress = jax.jit(lambda s, i, h: model.system.begin(s, i, h, keys, 1))(
        model.states, images, holes
    )
    np.testing.assert_allclose(progress.scales[0].guess, guess, atol=1e-5)


@pytest.mark.slow
def test_a_trained_content(tmp_path, monkeypatch):
    """The content network of another run, at its own size:
    the completion that this run itself gives.
    """
    monkeypatch.chdir(tmp_path)
    train(
        "context_encoder:smoke,best",
        tmp_path / "content",
        overrides=["--config.stages.context_encoder.steps=0"],
    )
    spec = "neural_patches:smoke,drawn?data.size=32&search.scales=0&stages.context_encoder.weights="
    opened = untrained_model(parse(f"{spec}content"))
    images, holes = example()
    holes = np.zeros_like(holes)
    holes[:, 8:24, 8:24] = 1
    theirs = inpaint_jax.complete(inpaint_jax.load(tmp_path / "content"), images, holes, slots=3)
    np.testing.assert_array_equal(inpaint_jax.complete(opened, images, holes, slots=3), theirs)
    assert len(opened.config.stages.context_encoder.weights_sha256) == 64
    assert (
        opened.system.supports(np.ones((32, 32, 1))) == "it was trained for holes inside center:16"
    )
    with pytest.raises(InputError, match="stages.context_encoder.weights: nowhere cannot be read"):
        untrained_model(parse(f"{spec}nowhere"))
    with pytest.raises(
        InputError, match="content has no stage 'features'; its stages: context_encoder"
    ):
        untrained_model(parse(f"{spec.replace('=0', '=1')}content&stages.features.weights=content"))


@pytest.mark.parametrize(
    "override, words",
    [
        ("search.stride=0", "search.stride must be a whole number of at least 1, got 0"),
        ("search.sources=some", "search.sources: unknown 'some'; known: all, known"),
        (
            "networks.content.system=harmonics",
            "unknown networks.content.system 'harmonics'; known: context_enc",
        ),
        ("losses.texture.fn=patch_l3", "unknown loss 'patch_l3'"),
    ],
)
def test_bad_configs(override, words):
    with pytest.raises(InputError, match=words) as caught:
        configuration.build_system(tiny(override))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "override, words",
    [
        ("search.layer=relu9_1", "search.layer: no layer 'relu9_1' among fine, coarse"),
        ("search.patch=16", "images of 32 pixels have no room for patches of 16 in fine"),
    ],
)
def test_what_does_not_fit(model, override, words):
    system = configuration.build_system(tiny(override))
    keys = jax.random.split(jax.random.key(0), 3)
    with pytest.raises(InputError, match=words):
        jax.eval_shape(lambda states: system.begin(states, *example(), keys, 1), model.states)
