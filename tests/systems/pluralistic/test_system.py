"""Pluralistic completion on tiny networks:
what is trained, what is drawn and ranked, what is refused.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import inpaint_jax
from inpaint_jax import cli, exported, parallel
from inpaint_jax.completion import export
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import several
from inpaint_jax.evaluation.answers import Answer
from inpaint_jax.metrics import resolve
from inpaint_jax.networks import build
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state
from inpaint_jax.runs.training.loop import train
from inpaint_jax.systems.pluralistic import assumed_deviation

SIZE, NAME = 16, "pluralistic"


def tiny(*changes, words=""):
    """A config of 16 px, latent maps of 4 px, channels from 4 to 8."""
    parts = ("generator.encoder", "generator.decoder", "critic")
    sizes = [f"networks.{part}.{size}" for part in parts for size in ("width=4", "most=8")]
    sizes += [
        "networks.generator.encoder.latent=4",
        f"data.size={SIZE}",
        "slots=4",
        "data.train=facades?split=train&count=6",
    ]
    given = [f"--config.{change}" for change in (*sizes, *changes)]
    return configuration.load(f"pluralistic:smoke{words}", given)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A run of 60 steps on holes from files."""
    folder = tmp_path_factory.mktemp("pluralistic")
    holes = np.zeros((2, 2 * SIZE, 2 * SIZE), np.uint8)
    holes[0, 8:20, 4:28], holes[1, :, 20:] = 255, 255
    (folder / "holes").mkdir()
    for i, hole in enumerate(holes):
        Image.fromarray(hole).save(folder / "holes" / f"{i}.png")
    stage = f"stages.{NAME}"
    rates = [f"{stage}.optimizer.{which}.learning_rate=0.01" for which in ("generator", "critic")]
    steps = [
        f"{stage}.steps=60",
        f"{stage}.log_every=1",
        f"{stage}.average=0.9",
        f"{stage}.hole_files={folder / 'holes'}",
    ]
    train(tiny(*rates, *steps), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def model(workdir):
    return inpaint_jax.load(workdir)


def images_and_hole(count=2):
    images = np.random.default_rng(0).uniform(-1, 1, (count, SIZE, SIZE, 3)).astype(np.float32)
    hole = np.zeros((SIZE, SIZE, 1), np.float32)
    hole[3:12, 4:13] = 1
    return images, hole


@pytest.mark.slow
def test_critics_join_late():
    """Before step ``critic_after`` the critics stay as they are, and their metrics are 0.

    Before step ``latent_after`` only the image of the mean is trained.
    """
    phases = [f"stages.{NAME}.{key}" for key in ("latent_after=1", "critic_after=2")]
    (stage,) = configuration.build_system(tiny(*phases, words=",best,center")).stages
    batch = {"image": jnp.asarray(images_and_hole(4)[0])}
    state, step = stage.init(jax.random.key(0), batch, {}), jax.jit(stage.step)
    for number in range(4):
        after, metrics = step(state, batch, {})
        drawn, joined = number >= 1, number >= 2
        assert moved(state, after, "generator") and moved(state, after, "critic") == joined
        for name in ("adversarial", "score_matching", "critic_real_generation"):
            assert (metrics[name] != 0) == joined
        for name in ("reconstruction", "completion", "prior_divergence"):
            assert (metrics[name] != 0) == drawn
        assert metrics["expected"] > 0
        before = state.networks["generator"].params["encoder"]["posterior"]
        posterior = after.networks["generator"].params["encoder"]["posterior"]
        assert (before["conv1"]["kernel"] != posterior["conv1"]["kernel"]).any() == drawn
        state = after


def test_phases_that_cannot_be():
    late = [f"stages.{NAME}.latent_after=3", f"stages.{NAME}.critic_after=2"]
    with pytest.raises(InputError, match="latents cannot join at step 3, after the critics"):
        configuration.build_system(tiny(*late, words=",best,center"))
    config = tiny(f"stages.{NAME}.losses.expected.weight=0", words=",best,center")
    with pytest.raises(InputError, match="need a loss of 'expected'"):
        configuration.build_system(config)


def moved(before, after, name):
    """Return whether the parameters of a network differ."""
    pairs = zip(
        *(jax.tree.leaves(state.networks[name].params) for state in (before, after)), strict=True
    )
    return any((old != new).any() for old, new in pairs)


@pytest.mark.slow
def test_the_losses_fall(workdir, model):
    """A-S1: the reconstruction by 30 % at least, on holes of two files;
    the run remembers nothing of the files.
    """
    rows = [
        json.loads(line) for line in (workdir / NAME / "metrics.jsonl").read_text().splitlines()
    ]
    values = [row["reconstruction"] for row in rows if "reconstruction" in row]
    assert np.isfinite(values).all() and len(values) >= 60
    assert np.mean(values[-5:]) < 0.7 * np.mean(values[:2]), (values[:3], values[-3:])
    assert set(model.config.stages[NAME].losses) <= set(rows[-2]) | set(rows[-1])


@pytest.mark.slow
def test_completions_differ_and_are_ranked(model):
    """Inside the hole alone; by the score of the critic that has judged samples, the best first."""
    images, hole = images_and_hole()
    found = inpaint_jax.complete(model, images, hole, keep=3)
    assert (
        found.shape == (2, 3, SIZE, SIZE, 3)
        and np.isfinite(found).all()
        and np.abs(found).max() <= 1
    )
    known = np.broadcast_to(hole < 0.5, found.shape)
    np.testing.assert_array_equal(
        found[known], np.broadcast_to(images[:, None], found.shape)[known]
    )
    for i in range(3):
        for j in range(i):
            assert (found[:, i] != found[:, j]).any((1, 2, 3)).all()
    critic = model.network(NAME, "critic")
    scores = np.stack(
        [critic({"generation": found[:, i]})["generation"].mean((1, 2, 3)) for i in range(3)], 1
    )
    assert (np.diff(scores, axis=1) <= 1e-5).all() and (scores[:, 0] > scores[:, -1]).all()
    hidden = np.where(hole > 0.5, np.float32(0.3), images)
    np.testing.assert_array_equal(inpaint_jax.complete(model, hidden, hole, keep=3), found)
    assert (inpaint_jax.complete(model, images, hole, keep=3, seed=1) != found).any()


@pytest.mark.slow
def test_the_best_of_more_samples(workdir, model):
    """Two of three samples are the first two of three."""
    images, hole = images_and_hole()
    three = inpaint_jax.complete(model, images, hole, keep=3)
    more = inpaint_jax.load(workdir, overrides=["--config.search.samples=3"])
    np.testing.assert_allclose(
        inpaint_jax.complete(more, images, hole, keep=2), three[:, :2], atol=1e-5
    )


@pytest.mark.slow
def test_as_one_file(model, tmp_path):
    export.export(model, tmp_path / "tiny.inpaint", k=3)
    images, hole = images_and_hole()
    found, losses = exported.load(tmp_path / "tiny.inpaint").candidates(
        images, np.stack([hole] * 2)
    )
    assert found.shape == (2, 3, SIZE, SIZE, 3) and (np.diff(losses["total"], axis=1) >= 0).all()


@pytest.mark.slow
def test_the_command_line(workdir, tmp_path):
    """Three completions of a folder's images, and a table of three beside a
    method that gives one.
    """
    given = [
        f"--workdir={workdir}",
        "--images=facades?split=test&count=2",
        "--holes=center",
        "--keep=3",
    ]
    assert cli.main(["complete", *given, f"--output={tmp_path / 'completed'}"]) == 0
    report = json.loads((tmp_path / "completed" / "report.json").read_text())
    assert report["job"]["keep"] == 3
    totals = [image["losses"]["total"] for image in report["images"]]
    assert len(totals) == 2 and all(sorted(total) == total and len(total) == 3 for total in totals)
    assert cli.main(["evaluate", *given, "--against=mean", f"--output={tmp_path / 'table'}"]) == 0
    table = json.loads((tmp_path / "table" / "table.json").read_text())
    rows = {row["method"].removeprefix("pluralistic"): row for row in table["rows"]}
    oracle = ", the best of 3 by the truth (oracle)"
    assert list(rows) == ["", ", the mean over 3", ", the mean image of 3", oracle, "mean"]
    psnr = {name: row["psnr_hole"]["mean"] for name, row in rows.items()}
    assert psnr[oracle] >= psnr[", the mean over 3"] and psnr[oracle] >= psnr[""]
    assert rows[""][several.DIVERSITY]["mean"] > 0 and several.DIVERSITY not in rows["mean"]
    assert f"{several.DIVERSITY} = mean over pairs" in (tmp_path / "table" / "table.md").read_text()


def test_several_completions_by_hand():
    """Grey levels in a hole of a quarter: the truth 100, completions 100, 110 and 130."""
    levels = np.full((1, 3, 12, 12, 3), 100, np.uint8)
    hole = np.zeros((1, 12, 12, 1), np.float32)
    hole[:, :6, :6] = 1
    levels[:, 1, :6, :6], levels[:, 2, :6, :6] = 110, 130
    truth = np.full((1, 12, 12, 3), 100 / 127.5 - 1, np.float32)
    answer = Answer(levels[:, 1], 1.0, {}, levels[:, [0, 2]])
    np.testing.assert_allclose(
        several.diversity(answer, hole), [100 * (10 + 20 + 30) / 3 / 255], rtol=1e-5
    )
    rows = several.rows(truth, answer, hole, resolve(["psnr_hole", "l1_pct_hole"]))
    mean, image, oracle = rows.values()
    np.testing.assert_allclose(mean["l1_pct_hole"], [100 * 40 / 3 / 255], rtol=1e-4)
    np.testing.assert_allclose(image["l1_pct_hole"], [100 * 13 / 255], rtol=1e-4)
    assert oracle["l1_pct_hole"] < 1e-4 and np.isinf(oracle["psnr_hole"]).all()


def test_the_assumed_deviation():
    """A-B3: three quarters known: 1 / (1 + exp(8 (0.75 - 0.8)))."""
    hole = np.zeros((2, 4, 4, 1), np.float32)
    hole[0, :2, :2], hole[1] = 1, 1
    np.testing.assert_allclose(
        assumed_deviation(jnp.asarray(hole)), [0.5986877, 1 / (1 + np.exp(-6.4))], rtol=1e-6
    )


def test_what_was_published():
    """The released weights, four scales, Adam without a first moment,
    batches of 8 and the size of the networks.
    """
    config = configuration.to_plain(configuration.load("pluralistic:published,paper"))
    stage = config["stages"][NAME]
    weights = {name: term["weight"] for name, term in stage["losses"].items()}
    divergences = {"posterior_divergence": 80.0, "prior_divergence": 80.0}
    others = {"reconstruction": 20.0, "generation": 20.0, "adversarial": 2.0, "score_matching": 1.0}
    assert weights == others | divergences and stage["losses"]["prior_divergence"]["frozen"]
    adam = {"name": "adam", "b1": 0.0, "learning_rate": 1e-4}
    assert stage["optimizer"] == {"generator": adam, "critic": adam}
    assert (stage["batch_size"], stage["average"], config["data"]["size"]) == (8, 0.0, 256)
    small = configuration.to_plain(configuration.load("pluralistic:cpu,center"))
    assert small["stages"][NAME]["losses"]["prior_divergence"]["weight"] == 60.0
    assert (
        not small["networks"]["generator"]["decoder"]["attention"]
        and small["stages"][NAME]["holes"] == "center"
    )


@pytest.mark.parametrize(
    "change, words",
    [
        (
            "networks.generator.encoder.layers=3",
            "encoder.layers: 3 halvings of 16 pixels must leave 3 or more",
        ),
        (
            "networks.generator.decoder.scales=3",
            "networks.generator.decoder.scales must be 1 to 2, got 3",
        ),
        (
            "networks.critic.name=pluralistic.Critic",
            "unknown networks.critic 'pluralistic.Critic'; known: ",
        ),
        ("search.samples=0", "search.samples must be at least 1, got 0"),
        (f"stages.{NAME}.holes=centre", "unknown hole 'centre'"),
    ],
)
def test_bad_configs(change, words):
    with pytest.raises(InputError, match=words) as caught:
        configuration.build_system(tiny(change))
    assert "\n" not in str(caught.value)


def test_hole_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        train(tiny(f"stages.{NAME}.hole_files={tmp_path / 'nowhere'}"), tmp_path / "run")


@pytest.mark.slow
def test_devices_agree():
    """A-S5: two steps of plain descent on one device, and on two in every way."""
    config = tiny(f"stages.{NAME}.batch_size=6")
    with config.unlocked():
        for which in ("generator", "critic"):
            config.stages[NAME].optimizer[which] = dict(name="sgd", learning_rate=0.01)
    [stage] = configuration.build_system(config).stages
    initial = drawn_state(stage, config, {})
    images = np.random.default_rng(0).uniform(-1, 1, (6, SIZE, SIZE, 3)).astype(np.float32)

    def run(count, how):
        mesh = parallel.mesh(jax.devices()[:count])
        step = parallel.data_parallel(stage.step, mesh, how=how)
        state = parallel.replicate(jax.tree.map(jnp.copy, initial), mesh)
        for _ in range(2):
            state, metrics = step(state, parallel.put_batch({"image": images}, mesh), {})
        return jax.device_get((state.networks, metrics))

    one = run(1, "jit")
    for how in ("jit", "shard_map", "pmap"):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), one, run(2, how)
        )


def test_the_networks_are_for_any_width():
    """A width that does not divide the most channels: they stay below it."""
    network = build(
        {
            "name": "pluralistic.Discriminator",
            "width": 3,
            "most": 8,
            "layers": 3,
            "attention": False,
        }
    )
    params, _ = jax.eval_shape(lambda: network.init(jax.random.key(0), jnp.zeros((1, 32, 32, 3))))
    assert params["block1"]["conv2"]["bias"].shape == (6,)
