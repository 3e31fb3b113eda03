"""L2-GAN on tiny networks: the start of the second stage, the choice of models, refusals."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import masks
from inpaint_jax.compositing import fill
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.masks.boxes import CORNERS
from inpaint_jax.networks import weights_of
from inpaint_jax.runs import configuration
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.workdir import Workdir

SIZE = 16


def tiny(words, *overrides):
    """Load a config of 16 px with blocks of 8 and a few channels, two steps per stage."""
    given = (
        "data.size=16",
        "data.train=facades?split=train&count=16",
        "networks.generator.size=8",
        "networks.generator.bottleneck=8",
        "networks.generator.width=4",
        "networks.critic.width=4",
        *overrides,
    )
    config = configuration.load(
        f"configs/l2_gan.py:smoke,{words}", [f"--config.{item}" for item in given]
    )
    config.networks.generator.trunk.features = [4, 8]
    for stage in config.stages.values():
        stage.steps, stage.batch_size = 2, 4
    return config


@pytest.fixture(scope="module")
def image():
    return next(
        examples(open_source("facades?split=train&count=4", size=SIZE), size=SIZE, batch=4)
    )["image"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One model for all corners, whose stages were trained in sequence in a real run."""
    folder = tmp_path_factory.mktemp("l2_gan")
    train(tiny("one,finetune"), folder)
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    return inpaint_jax.load(folder)


@pytest.fixture(scope="module")
def untrained():
    """Four untrained models."""
    config, states = tiny("four,refine"), {}
    system = configuration.build_system(config)
    for number, stage in enumerate(system.stages):
        states[stage.name] = begun(stage, states, number)
    return Model(config, system, states)


def begun(stage, earlier, number):
    """Make a stage's first state."""
    example = {"image": jnp.zeros((1, SIZE, SIZE, 3))}
    return jax.jit(lambda key, earlier: stage.init(key, example, earlier))(
        jax.random.key(number, impl="rbg"), earlier
    )


@cache
def completion(begin, finish):
    return jax.jit(lambda states, image, hole: finish(states, begin(states, image, hole, None, 1)))


def completed(model, image, hole):
    run = completion(model.system.begin, model.system.finish)
    return np.asarray(run(model.states, fill(image, hole), hole).images)[:, 0]


CORNER = jnp.stack([masks.quarter(jax.random.key(0), SIZE, corner=corner) for corner in CORNERS])


@pytest.mark.parametrize("models", [pytest.param("trained", marks=pytest.mark.slow), "untrained"])
def test_corners_in_one_batch(models, image, request):
    """Each image is completed in its own corner, or part of it, and nowhere else."""
    model = request.getfixturevalue(models)
    answer = completed(model, image, CORNER)
    np.testing.assert_array_equal(
        np.where(CORNER > 0.5, 0, answer), np.where(CORNER > 0.5, 0, image)
    )
    for i in range(4):
        assert np.ptp(answer[i][np.asarray(CORNER[i, ..., 0]) > 0.5]) > 0
    others = completed(model, jnp.roll(image, 1, 0), jnp.roll(CORNER, 1, 0))  # other order
    np.testing.assert_allclose(np.roll(others, -1, 0), answer, atol=1e-6)
    part = CORNER * masks.center(jax.random.key(0), SIZE, side=6)[None]
    np.testing.assert_allclose(
        completed(model, image, part), np.where(part > 0.5, answer, image), atol=1e-6
    )
    assert all(model.system.supports(hole) is None for hole in part)
    assert "it was trained for holes inside quarter:" in model.system.supports(
        masks.center(jax.random.key(0), SIZE)
    )


def test_fine_tuning_goes_on_with_the_generator(trained):
    first, second = trained.system.stages
    assert (first.name, second.name) == ("reconstruction", "adversarial")
    before = trained.states[first.name].networks["generator"]
    start = begun(second, {first.name: trained.states[first.name]}, 0)
    after = start.networks["generator"]
    averages = weights_of(before)
    jax.tree.map(np.testing.assert_array_equal, (after.params, after.stats), averages)
    own, its = (
        [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(net)] for net in (after, before)
    )
    assert not set(own) & set(its)  # a step overwrites its input
    last = trained.states[second.name].networks["generator"].params
    assert not jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), last, averages[0]))


def test_refining_is_given_what_the_first_completed(untrained, image):
    """A corner's answer depends on its own first stage, and on no other model."""
    answer = completed(untrained, image, CORNER)
    name = "reconstruction_tr"
    net = untrained.states[name].networks["generator"]
    grey = net._replace(params=jax.tree.map(jnp.zeros_like, net.params))
    states = untrained.states | {
        name: untrained.states[name]._replace(networks={"generator": grey})
    }
    changed = completed(Model(untrained.config, untrained.system, states), image, CORNER)
    which = CORNERS.index("tr")
    assert (answer[which] != changed[which]).any()
    np.testing.assert_array_equal(np.delete(answer, which, 0), np.delete(changed, which, 0))


@pytest.mark.parametrize(
    "words, override, message",
    [
        (
            "one",
            "stages.adversarial.second_stage=polish",
            "unknown stages.adversarial.second_stage 'polish'; known: fine",
        ),
        (
            "one",
            "stages.reconstruction.holes=left",
            "stages.reconstruction.holes: blocks of 8 pixels need fixed holes",
        ),
        (
            "one",
            "data.size=8",
            "networks.generator.size: a block of 8 pixels does not fit a corner of an image of 8",
        ),
        ("one", "stages.reconstruction.holes=quarter:xy", "cannot read the hole 'quarter:xy'"),
    ],
)
def test_bad_configs(words, override, message):
    with pytest.raises(InputError, match=message) as caught:
        configuration.build_system(tiny(words, override))
    assert "\n" not in str(caught.value)


def test_a_first_stage_that_was_trained_for_longer(folder, tmp_path):
    """Refuse further training: the second stage began from the earlier state."""
    longer = tiny("one,finetune")
    longer.stages.reconstruction.steps = 3
    with pytest.raises(
        InputError,
        match="has trained adversarial on 2 steps of reconstruction: for more, give anoth",
    ):
        train(longer, folder)
    with pytest.raises(
        InputError, match="has not finished any of the stages reconstruction, adversarial"
    ):
        train(longer, tmp_path / "other", reuse_from=folder)


def test_a_first_stage_that_is_measured_cannot_end_by_itself(folder):
    """A measured first stage cannot end early, so further steps are refused as well."""
    longer = tiny("one,finetune")
    with longer.unlocked():
        longer.stages.reconstruction.update(steps=3, holdout=4, adapt_every=1, ends_on="best")
    with pytest.raises(InputError, match="has trained adversarial on 2 steps of reconstruction"):
        Workdir(folder).check_order(configuration.build_system(longer).stages, longer)


@pytest.mark.parametrize(
    "missing, message",
    [
        (["adversarial_tr"], "'reconstruction_tr' needs a following stage 'adversarial_tr'"),
        (
            ["reconstruction_tr"],
            "'adversarial_tr' belongs to no model: a model is a "
            "'reconstruction_x' and a 'adversarial_x'",
        ),
        (
            [
                f"{stage}_{corner}"
                for stage in ("reconstruction", "adversarial")
                for corner in CORNERS
            ],
            "belongs to no model",
        ),
    ],
)
def test_a_model_is_two_stages(missing, message):
    config = tiny("four")
    with config.unlocked():
        for name in missing:
            del config.stages[name]
    with pytest.raises(InputError, match=message):
        configuration.build_system(config)


def test_unknown_words():
    with pytest.raises(
        InputError, match="unknown words two; known: default, best, four, one, finetune, refine,"
    ):
        configuration.load("configs/l2_gan.py:two,cpu")
