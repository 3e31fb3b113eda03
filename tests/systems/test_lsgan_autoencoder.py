"""LSGAN completion and refinement: the autoencoder's input, and projections before the training."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import masks
from inpaint_jax.compositing import composite, from_uint8, to_uint8
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError, Interrupted
from inpaint_jax.losses.adversarial import discriminator_least_squares, generator_least_squares
from inpaint_jax.runs import configuration
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.training.feed import stage_examples
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.training.projections import projections
from inpaint_jax.runs.workdir import Workdir
from inpaint_jax.systems.parts import refinement

TINY = (
    "data.size=16",
    "data.train=facades?split=train&count=16",
    "networks.generator.size=16",
    "networks.generator.width=16",
    "networks.critic.width=4",
    "networks.autoencoder.width=4",
    "networks.latent_size=8",
    "slots=4",
    "search.iterations=4",
    "stages.lsgan.batch_size=4",
    "stages.lsgan.steps=2",
    "stages.autoencoder.batch_size=4",
    "stages.autoencoder.steps=2",
    "stages.autoencoder.projection.search.iterations=3",
    "stages.autoencoder.holes=center,left",
)


def config(words, *more):
    chosen = [*TINY, *(["stages.autoencoder.images=8"] if "projected" in words else []), *more]
    return configuration.load(
        f"configs/lsgan_autoencoder.py:smoke,{words}", [f"--config.{item}" for item in chosen]
    )


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A trained run that learnt from projections; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "projected"
    train(config("projected"), folder)
    return folder


def test_scores():
    """A-L2: losses of scores."""
    real, fake = jnp.array([0.8]), jnp.array([0.3])
    np.testing.assert_allclose(discriminator_least_squares(real, fake), 0.065, rtol=1e-6)
    np.testing.assert_allclose(generator_least_squares(fake), 0.245, rtol=1e-6)


def test_completions(workdir):
    """Known pixels stay; the hole has the autoencoder's output, not the generated image."""
    model = inpaint_jax.load(workdir)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    hole = np.asarray(masks.center(jax.random.key(0), 16))
    completed = inpaint_jax.complete(model, images, hole)
    known = np.broadcast_to(hole < 0.5, images.shape)
    np.testing.assert_array_equal(completed[known], images[known])
    plain = configuration.load(
        "configs/lsgan.py:smoke", [f"--config.{i}" for i in TINY if "autoencoder" not in i]
    )
    other = Model(model.config, configuration.build_system(plain), {"lsgan": model.states["lsgan"]})
    unrefined = inpaint_jax.complete(other, images, hole)
    assert np.abs(unrefined - completed).max() > 1e-3
    net = model.states["autoencoder"].networks["autoencoder"]
    assert int(model.states["autoencoder"].step) == 2 and jax.tree.leaves(net.stats)


def test_projections_are_the_search_s_own_images(workdir, tmp_path):
    """Projections: first images, unpasted, 256 values, holes in rotation; cached in files."""
    chosen_config = config("projected")
    stage, model = configuration.build_system(chosen_config).stages[1], inpaint_jax.load(workdir)
    earlier = {"lsgan": model.states["lsgan"]}
    folder = workdir / "autoencoder" / "projections"
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert len(before) == 1
    made = stage_examples(
        stage, chosen_config, Workdir(workdir).stage("autoencoder"), earlier, StopRequest()
    )
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    assert made is not None and len(made["source"]) == 8
    arrays = made["arrays"]
    np.testing.assert_array_equal(arrays["hole"][0::2], [masks.center(jax.random.key(0), 16)] * 4)
    np.testing.assert_array_equal(
        arrays["hole"][1::2], [masks.half(jax.random.key(0), 16, side="left")] * 4
    )
    painted = arrays["projection"]
    assert painted.shape == (8, 16, 16, 3) and np.abs(painted).max() <= 1
    np.testing.assert_array_equal(from_uint8(to_uint8(painted)), painted)
    truth = from_uint8(np.stack([made["source"][i]["image"] for i in range(8)]))
    outside = np.broadcast_to(arrays["hole"] < 0.5, truth.shape)
    assert (painted != truth)[outside].mean() > 0.9  # not pasted
    again = projections(stage, made["source"], chosen_config, tmp_path, earlier, StopRequest())
    assert again is not None
    np.testing.assert_array_equal(again["projection"], painted)


def test_a_stop_keeps_what_is_painted(workdir, tmp_path, monkeypatch):
    monkeypatch.setattr("inpaint_jax.runs.training.projections.BLOCK", 4)
    chosen_config = config("projected")
    stage, earlier = (
        configuration.build_system(chosen_config).stages[1],
        {"lsgan": inpaint_jax.load(workdir).states["lsgan"]},
    )
    source = open_source("facades?split=train&count=8", size=16)

    class Stop(StopRequest):
        """Becomes true once the first slots are written."""

        def __bool__(self):
            return bool(list(tmp_path.glob("*.npz")))

    with pytest.raises(Interrupted, match="4 of 8 projections for autoencoder are saved"):
        projections(stage, source, chosen_config, tmp_path, earlier, Stop())
    assert len(list(tmp_path.glob("*.npz"))) == 1
    whole = projections(stage, source, chosen_config, tmp_path, earlier, StopRequest())
    assert whole is not None and len(whole["projection"]) == 8
    other = projections(
        stage, source, config("projected", "slots=2"), tmp_path, earlier, StopRequest()
    )
    assert other is not None  # the slots of a completion do not matter
    np.testing.assert_array_equal(other["projection"], whole["projection"])


def test_images_of_projections_are_not_flipped(workdir):
    """The stage's images are not flipped, so that the pairs fit."""
    from inpaint_jax import parallel
    from inpaint_jax.runs.training.feed import batches

    chosen_config = config("projected")
    source = open_source("facades?split=train&count=8", size=16)
    truth = from_uint8(np.stack([source[i]["image"] for i in range(8)]))
    names = np.arange(8, dtype=np.float32)
    made = batches(
        chosen_config,
        chosen_config.stages.autoencoder,
        0,
        parallel.share_batch(4),
        source=source,
        arrays={"number": names},
    )
    for _, batch in zip(range(4), made, strict=False):
        for image, number in zip(
            np.asarray(batch["image"]), np.asarray(batch["number"]), strict=True
        ):
            np.testing.assert_array_equal(image, truth[int(number)])


def test_pairs():
    image = jax.random.uniform(jax.random.key(0), (64, 8, 8, 3), minval=-1, maxval=1)
    batch, keys = {"image": image, "projection": image + 1}, jax.random.split(jax.random.key(1), 64)
    np.testing.assert_array_equal(refinement.PAIRS["identity"](batch, keys), image)
    np.testing.assert_array_equal(refinement.PAIRS["projected"](batch, keys), image + 1)
    noise = np.asarray(refinement.PAIRS["noisy"](batch, keys) - image)
    clean = (noise == 0).all((1, 2, 3))
    assert 20 < clean.sum() < 44
    assert abs(noise[~clean].std() - 0.1) < 0.005
    hole = jnp.broadcast_to(masks.center(jax.random.key(0), 8), (64, 8, 8, 1))
    np.testing.assert_array_equal(refinement.INPUTS["generated"](image, image + 1, hole), image + 1)
    np.testing.assert_array_equal(
        refinement.INPUTS["composite"](image, image + 1, hole), composite(image, image + 1, hole)
    )


@pytest.mark.slow  # tests/test_steps.py has the step that trains in the same way
def test_devices_agree():
    """Both stages, including dropout, noise and holes."""
    from inpaint_jax import parallel

    chosen_config = config(
        "noisy,composite",
        "stages.autoencoder.optimizer.name=sgd",
        "stages.lsgan.optimizer.name=sgd",
    )
    with chosen_config.unlocked():
        del chosen_config.stages.lsgan.optimizer.b1
    image = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 3)).astype(np.float32)
    for stage in configuration.build_system(chosen_config).stages:
        initial = jax.jit(partial(stage.init, earlier={}))(
            jax.random.key(0), {"image": jnp.asarray(image)}
        )
        found = []
        for devices, how in ((1, "jit"), (4, "jit"), (4, "shard_map")):
            mesh = parallel.mesh(jax.devices()[:devices])
            state = parallel.replicate(jax.tree.map(jnp.copy, initial), mesh)
            step = parallel.data_parallel(stage.step, mesh, how=how)
            state, metrics = step(state, parallel.put_batch({"image": image}, mesh), {})
            found.append(jax.device_get((jax.tree.leaves(state.networks), metrics)))
        for other in found[1:]:
            jax.tree.map(
                lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-4), found[0], other
            )


@pytest.mark.parametrize(
    "item, message",
    [
        ("stages.autoencoder.pairs=dreamt", "stages.autoencoder.pairs"),
        ("stages.autoencoder.input=hole", "stages.autoencoder.input"),
        ("stages.autoencoder.holes=center:99", "does not fit"),
        ("networks.generator.size=32", "it paints whole images, so it must be data.size, 16"),
        (
            "stages.autoencoder.projection.search.iterations=0",
            "must be a whole number of at least 1, got 0",
        ),
    ],
)
def test_bad_choices_are_refused(item, message):
    with pytest.raises(InputError, match=message):
        configuration.build_system(config("noisy", item))


def test_a_later_stage_is_tried_before_the_first_is_trained(tmp_path):
    with pytest.raises(InputError, match="a batch of 2 images cannot have holes of 3 families"):
        chosen_config = config(
            "noisy", "stages.autoencoder.batch_size=2", "stages.autoencoder.holes=center,left,right"
        )
        train(chosen_config, tmp_path)
    assert not list(tmp_path.iterdir())


def test_more_projections_than_images(tmp_path):
    with pytest.raises(InputError, match="16 images are fewer than the 99 that the stage needs"):
        train(config("projected", "stages.autoencoder.images=99"), tmp_path)
    assert not list(tmp_path.iterdir())
