"""The curriculum in training: the effect of a validation, compilations, exact resumption."""

import json
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import masks, parallel
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import initial_state
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.runs.training.feed import stage_examples
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.workdir import Workdir

TINY = (
    "data.size=16",
    "data.fit=crop",
    "networks.generator.size=16",
    "data.train=facades?split=train&count=24",
    "stages.on_demand.pixels_per_level=2",
    "stages.on_demand.batch_size=8",
    "stages.on_demand.holdout=8",
    "stages.on_demand.adapt_every=2",
    "stages.on_demand.steps=6",
    "stages.on_demand.checkpoint_every=3",
    "stages.on_demand.log_every=1",
)
LEVELS = 5


def config(words="mse", *more):
    overrides = [f"--config.{item}" for item in (*TINY, *more)]
    chosen_config = configuration.load(f"configs/on_demand.py:smoke,on_demand,{words}", overrides)
    chosen_config.networks.generator.features = [4, 8]
    return chosen_config


def stage_of(its):
    [stage] = configuration.build_system(its).stages
    return stage


IMAGES = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 3)).astype(np.float32)


def lines(workdir):
    rows = map(json.loads, (workdir / "on_demand" / "metrics.jsonl").read_text().splitlines())
    return [
        {name: value for name, value in row.items() if name != "steps_per_second"} for row in rows
    ]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A finished run of three epochs; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "on_demand"
    train(config(), folder)
    return folder


def test_counts_follow_the_validation(workdir):
    """Shares are equal at first, then proportional to the squared error of the last epoch."""
    rows = lines(workdir)
    counts = {
        row["step"]: [row[f"count_{i + 1}"] for i in range(LEVELS)]
        for row in rows
        if "count_1" in row
    }
    psnr = {
        row["step"]: [row[f"validation_psnr_{i + 1}"] for i in range(LEVELS)]
        for row in rows
        if len(row) == 6
    }
    assert counts[1] == counts[2] == [2, 2, 2, 1, 1] and sorted(psnr) == [2, 4, 6]
    for before, after in ((2, 3), (2, 4), (4, 5), (4, 6)):
        shares = 10 ** (-np.array(psnr[before]) / 10)
        shares *= 8 / shares.sum()
        assert sum(counts[after]) == 8 and np.abs(np.array(counts[after]) - shares).max() < 1
    assert counts[3] != counts[1]


@pytest.mark.slow
def test_an_interrupted_run_has_the_same_counts(workdir, tmp_path):
    """Interrupt within an epoch, and just after one."""
    for steps in (3, 4, 6):
        train(config("mse", f"stages.on_demand.steps={steps}"), tmp_path)
    before, after = (inpaint_jax.load(folder).states["on_demand"] for folder in (workdir, tmp_path))
    for a, b in zip(jax.tree.leaves(before.networks), jax.tree.leaves(after.networks), strict=True):
        np.testing.assert_array_equal(a, b)
    jax.tree.map(np.testing.assert_array_equal, before.schedule, after.schedule)
    ends = (Workdir(folder).stage("on_demand").checkpoints() for folder in (workdir, tmp_path))
    shape = jax.eval_shape(partial(initial_state, stage_of(config()), config()), {})
    jax.tree.map(np.testing.assert_array_equal, *(end.restore(shape).networks for end in ends))

    def counts(folder):
        return {row["step"]: row for row in lines(folder) if "count_1" in row}

    assert counts(workdir) == counts(tmp_path)


def test_images_set_apart_are_not_trained_on(workdir):
    chosen_config = config()
    found = stage_examples(
        stage_of(chosen_config),
        chosen_config,
        Workdir(workdir).stage("on_demand"),
        {},
        StopRequest(),
    )
    assert len(found["source"]) == 16 and found["held_out"].shape == (8, 16, 16, 3)
    trained = {found["source"][i]["image"].tobytes() for i in range(16)}
    held_out = np.round((found["held_out"] + 1) * 127.5).astype(np.uint8)
    assert len(trained) == 16 and not trained & {image.tobytes() for image in held_out}


def test_patience(tmp_path):
    """A run ends after two validations without a better mean, and stays ended."""
    chosen_config = config("rigid", "stages.on_demand.patience=2", "stages.on_demand.steps=40")
    chosen_config.stages.on_demand.optimizer = dict(name="sgd", learning_rate=0.0)
    train(chosen_config, tmp_path)
    steps = [row["step"] for row in lines(tmp_path)]
    state = inpaint_jax.load(tmp_path).states["on_demand"]
    assert bool(state.schedule["finished"]) and int(state.step) == max(steps) < 40
    train(chosen_config, tmp_path)
    assert [row["step"] for row in lines(tmp_path)] == steps
    train(chosen_config, tmp_path / "other", reuse_from=tmp_path)
    assert int(inpaint_jax.load(tmp_path / "other").states["on_demand"].step) == max(steps)


@pytest.mark.parametrize("count", [1, 3, 10])
def test_any_number_of_levels(count):
    """Each level has a share of the batch and a separate validation."""
    chosen_config = config(
        "inv_psnr", f"stages.on_demand.levels={count}", "stages.on_demand.pixels_per_level=1"
    )
    stage, batch, key = stage_of(chosen_config), {"image": IMAGES}, jax.random.key(0)

    def run():
        state = stage.init(key, batch, {})
        scores, _ = stage.validate(state, batch, key, {})
        state = state._replace(schedule=stage.adapt(state.schedule, scores))
        return scores, stage.step(state, batch, {})

    scores, (state, metrics) = jax.eval_shape(run)
    assert {name: score.shape for name, score in scores.items()} == {
        f"psnr_{i + 1}": (8,) for i in range(count)
    }
    assert state.schedule["psnr"].shape == (count,)
    assert metrics.keys() == {"reconstruction", *(f"count_{i + 1}" for i in range(count))}


def test_one_program_for_all_compositions():
    stage = stage_of(config())
    traced = []

    @jax.jit
    def step(state, batch):
        traced.append(batch)
        return stage.step(state, batch, {})

    state = jax.jit(lambda key: stage.init(key, {"image": jnp.asarray(IMAGES)}, {}))(
        jax.random.key(0)
    )
    for psnr in ([20.0] * 5, [40.0, 35.0, 30.0, 27.0, 25.0]):
        now = state._replace(schedule=state.schedule | {"psnr": jnp.array(psnr)})
        _, metrics = step(now, {"image": IMAGES})
    assert len(traced) == 1
    assert [int(metrics[f"count_{i + 1}"]) for i in range(LEVELS)] == [0, 0, 1, 3, 4]


@pytest.mark.slow
def test_devices_agree():
    """The devices split the levels of a batch."""
    chosen_config = config("mse")
    chosen_config.stages.on_demand.optimizer = dict(name="sgd", learning_rate=0.05)
    stage = stage_of(chosen_config)
    initial = jax.jit(lambda key: stage.init(key, {"image": jnp.asarray(IMAGES)}, {}))(
        jax.random.key(0)
    )
    initial = initial._replace(
        schedule=initial.schedule | {"psnr": jnp.array([40.0, 35.0, 30.0, 27.0, 25.0])}
    )
    found = []
    for devices, how in ((1, "jit"), (4, "jit"), (4, "shard_map")):
        mesh = parallel.mesh(jax.devices()[:devices])
        state = parallel.replicate(jax.tree.map(jnp.copy, initial), mesh)
        step = parallel.data_parallel(stage.step, mesh, how=how)
        state, metrics = step(state, parallel.put_batch({"image": IMAGES}, mesh), {})
        found.append(jax.device_get((jax.tree.leaves(state.networks), metrics)))
    for other in found[1:]:
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-4), found[0], other
        )


def test_completes_any_hole(workdir):
    hole = np.asarray(masks.parse("irregular")(jax.random.key(0), 16))
    completed = inpaint_jax.complete(inpaint_jax.load(workdir), IMAGES, hole)
    known = np.broadcast_to(hole < 0.5, IMAGES.shape)
    np.testing.assert_array_equal(completed[known], IMAGES[known])
    assert np.isfinite(completed).all() and not np.array_equal(completed, IMAGES)


@pytest.mark.parametrize(
    "item, message",
    [
        ("stages.on_demand.curriculum=psnr", "unknown curriculum 'psnr'"),
        ("stages.on_demand.pixels_per_level=4", "does not fit an image of side 16"),
        ("stages.on_demand.levels=0", "must be a whole number of at least 1, got 0"),
        ("stages.on_demand.adapt_every=0", "must be a whole number of at least 1, got 0"),
        ("networks.generator.size=8", "it predicts whole images, so it must be data.size, 16"),
    ],
)
def test_bad_choices_are_refused(item, message):
    with pytest.raises(InputError, match=message):
        configuration.build_system(config("mse", item))


@pytest.mark.parametrize(
    "holdout, message",
    [(20, "4 images besides the 20 held out are fewer than one batch of 8"), (24, "leaves none")],
)
def test_too_much_set_apart(holdout, message, tmp_path):
    with pytest.raises(InputError, match=message):
        train(config("mse", f"stages.on_demand.holdout={holdout}"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_number_set_apart_that_devices_do_not_divide(tmp_path):
    """Every device runs the whole validation."""
    chosen_config = config("mse", "stages.on_demand.holdout=7", "stages.on_demand.steps=2")
    train(chosen_config, tmp_path)
    assert "validation_psnr_5" in lines(tmp_path)[-1]


def test_a_perfect_image_does_not_hide_the_others():
    stage = stage_of(config("inv_mse"))
    scores = {f"psnr_{i + 1}": jnp.array([100.0 if i == 0 else 20.0, 30.0]) for i in range(LEVELS)}
    schedule = stage.adapt({"best": jnp.array(-jnp.inf), "stale": jnp.array(0)}, scores)
    assert np.isfinite(schedule["psnr"]).all() and not schedule["finished"]


def test_a_run_ends_on_its_best_state(tmp_path):
    """The best state is not the last, survives a resumption, and is what later readers see."""
    chosen_config = config("rigid", "stages.on_demand.steps=4")
    chosen_config.stages.on_demand.optimizer = dict(name="sgd", learning_rate=0.5)
    chosen_config.stages.on_demand.losses.reconstruction.weight = (
        -1.0
    )  # ascent: the first validation is best
    ended = train(chosen_config, tmp_path).states["on_demand"]
    chosen_config.stages.on_demand.steps = 8
    train(chosen_config, tmp_path)
    loaded = inpaint_jax.load(tmp_path).states["on_demand"]
    rows = {
        row["step"]: np.mean([row[f"validation_psnr_{i + 1}"] for i in range(LEVELS)])
        for row in lines(tmp_path)
        if "validation_psnr_1" in row
    }
    assert list(rows) == [2, 4, 6, 8] and rows[2] == max(rows.values()) > rows[8]
    for state in (ended, loaded):
        np.testing.assert_allclose(state.schedule["best"], rows[2], rtol=1e-6)
        assert "kept" not in state.schedule
    jax.tree.map(
        np.testing.assert_array_equal,
        *(state.networks["generator"].params for state in (ended, loaded)),
    )
    stage, held = stage_of(chosen_config), {"image": held_out(chosen_config, tmp_path)}
    scores, _ = jax.jit(lambda s: stage.validate(s, held, jax.random.key(0), {}))(loaded)
    np.testing.assert_allclose(
        np.mean([score.mean() for score in scores.values()]), rows[2], rtol=1e-5
    )


def held_out(its, folder):
    return stage_examples(
        stage_of(its), its, Workdir(folder).stage("on_demand"), {}, StopRequest()
    )["held_out"]


def test_a_bottleneck_that_on_demand_learning_has_not():
    with pytest.raises(InputError, match="bottleneck needs self_tuned"):
        configuration.load("configs/on_demand.py:on_demand,bottleneck")


def test_unknown_words():
    with pytest.raises(
        InputError, match="configs/on_demand.py: unknown words vgg; known: default, best, on_demand"
    ):
        configuration.load("configs/on_demand.py:vgg")
