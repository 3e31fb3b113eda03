"""The self-ensemble: means by hand, what it supports, and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.workdir import CHANGEABLE
from inpaint_jax.systems import complete
from inpaint_jax.systems.parts.feed_forward import single_pass
from inpaint_jax.systems.self_ensemble import self_ensemble

SIDE = 4
KEYS = jax.random.split(jax.random.key(0), 2)
IMAGES = np.random.default_rng(0).uniform(-0.9, 0.9, (2, SIDE, SIDE, 3)).astype(np.float32)
HOLE = np.zeros((2, SIDE, SIDE, 1), np.float32)
HOLE[0, 1:3, :2] = 1  # touches the left border
HOLE[1, 2:, 1:] = 1
COLUMNS = np.arange(SIDE, dtype=np.float32).reshape(1, 1, SIDE, 1)


def ramp(states, images, hole):
    """Paint the number of the column, 0 to 3, in tenths."""
    return jnp.zeros_like(images) + 0.1 * COLUMNS


def left_only(hole):
    return "it knows left holes" if np.asarray(hole)[:, -1].any() else None


def test_the_mean_of_an_image_and_its_mirror():
    """A ramp and its mirror image have the mean 0.15 in every column; known pixels are kept."""
    system = self_ensemble(single_pass(ramp, size=SIDE))
    found = complete(system, {}, IMAGES, HOLE, KEYS)
    np.testing.assert_allclose(found.images[:, 0], np.where(HOLE > 0.5, 0.15, IMAGES), atol=1e-7)
    np.testing.assert_array_equal(
        np.asarray(found.images[:, 0])[HOLE[..., 0] < 0.5], IMAGES[HOLE[..., 0] < 0.5]
    )


def test_the_network_sees_the_mirrored_image_and_hole():
    """The second pass gets the damaged image and the hole, both mirrored."""
    system = single_pass(lambda states, images, hole: images + 0.1 * hole * COLUMNS)
    once, both = (
        complete(s, {}, IMAGES, HOLE, KEYS).images for s in (system, self_ensemble(system))
    )
    damaged = np.where(HOLE > 0.5, 0, IMAGES)
    np.testing.assert_allclose(once[:, 0], damaged + 0.1 * HOLE * COLUMNS, atol=1e-6)
    np.testing.assert_allclose(both[:, 0], damaged + 0.1 * HOLE * (SIDE - 1) / 2, atol=1e-6)


def test_a_hole_and_its_mirror_must_be_supported():
    system = single_pass(ramp, supports=left_only)
    assert system.supports(HOLE[0]) is None
    assert self_ensemble(system).supports(HOLE[0]) == "it knows left holes"


@pytest.fixture(scope="module")
def config():
    # A residual starts at the harmonic filling, which is almost equal for the mirror image.
    changes = ("networks.residual=False", "stages.context_encoder.average=0")
    overrides = [f"--config.{change}" for change in changes]
    return configuration.load("context_encoder:best,l2,smoke", overrides)


def test_the_preset_best_under_centre_holes(config):
    """The config key decides, also for a trained run; a network of all holes has no ensemble."""
    assert config.self_ensemble
    assert not configuration.load("context_encoder:best,random,l2,smoke").get("self_ensemble")
    size = config.data.size
    images = jnp.asarray(np.random.default_rng(1).uniform(-1, 1, (2, size, size, 3)), jnp.float32)
    hole = (
        jnp.zeros((2, size, size, 1)).at[:, size // 4 : -size // 4, size // 4 : -size // 4].set(1)
    )
    system = configuration.build_system(config)
    single = configuration.build_system(
        configuration.override(
            config.copy_and_resolve_references(), ["--config.self_ensemble=False"]
        )
    )
    state = drawn_state(single.stages[0], config, {})
    net = state.networks["generator"]  # drawn weights paint almost black: enlarge them
    net = net._replace(params=jax.tree.map(lambda leaf: 5 * leaf, net.params))
    states = {"context_encoder": state._replace(networks={"generator": net})}

    def painted(system, images):
        return complete(system, states, images, hole, KEYS).images[:, 0]

    mirrored = painted(single, images[:, :, ::-1])[:, :, ::-1]
    expected = (painted(single, images) + mirrored) / 2
    assert np.abs(mirrored - painted(single, images)).max() > 1e-2
    np.testing.assert_allclose(painted(system, images), expected, atol=1e-5)


def test_a_trained_run_of_any_age_takes_the_key():
    config = configuration.load("context_encoder:random,smoke")
    assert "self_ensemble" not in config
    changed = configuration.override(config, ["--config.self_ensemble=True"], only=CHANGEABLE)
    assert changed.self_ensemble and configuration.build_system(changed).most == 1


@pytest.mark.parametrize("page", ["yeh:smoke", "pluralistic:smoke", "neural_patches:smoke"])
def test_what_has_no_ensemble(page):
    config = configuration.load(page, ["--config.self_ensemble=True"])
    with pytest.raises(InputError, match="config.self_ensemble needs a network that gives one"):
        configuration.build_system(config)


def test_another_type(config):
    given = configuration.from_plain({**configuration.to_plain(config), "self_ensemble": "no"})
    with pytest.raises(InputError, match="config.self_ensemble must be of type bool, got 'no'"):
        configuration.build_system(given)
    with pytest.raises(InputError, match="self_ensemble.*give True or False"):
        configuration.load("context_encoder:smoke", ["--config.self_ensemble=2.5"])
