"""Every page of ``configs/`` except Yeh's: all choices of words build, a few are trained."""

from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

import inpaint_jax
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import experiments
from inpaint_jax.evaluation.experiments.arm_checks import check_reuse
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import initial_state
from inpaint_jax.runs.training.loop import train

WORDS = {  # words that interact in the building of a system
    "classifier_guided": [("logits", "nologits,5a", "vgg16", "vgg16,unguided", "published")],
    "context_encoder": [
        ("default", "published", "best"),
        ("center", "random"),
        ("adversarial", "l2"),
    ],
    "desai_vae": [("alexnet,best", "vgg,published", "resnet,default", "resnet,published")],
    "desai_gan": [("alexnet,best", "vgg,published", "resnet,default", "resnet,published")],
    "l2_gan": [("four,refine", "one,finetune", "one,literal350", "best,one,refine")],
    "lsgan": [("default", "published")],
    "lsgan_autoencoder": [("projected,generated", "noisy,composite", "identity,published")],
    "neural_features": [("default", "random_holes", "literal24", "vgg16", "best")],
    "neural_patches": [("context_encoder,drawn,random", "patchmatch,vgg16")],
    "on_demand": [
        ("on_demand,inv_psnr", "self_tuned,staged", "self_tuned,channel_wise", "best,on_demand")
    ],
    "pluralistic": [("default,any", "published,center", "best,center")],
}
CHOICES = [
    f"{file}.py:smoke,{','.join(choice)}"
    for file, words in WORDS.items()
    for choice in product(*words)
]
CHOICES += [f"context_encoder.py:smoke,channel_wise,{region}" for region in ("center", "random")]


@pytest.mark.parametrize("choice", CHOICES)
def test_settings_are_independent(choice):
    """No two keys share one group of settings: an override of one would change the other."""
    seen = set()

    def walk(group):
        assert id(group) not in seen
        seen.add(id(group))
        for value in group.values():
            if isinstance(value, ConfigDict):
                walk(value)

    walk(configuration.load(f"configs/{choice}"))


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_of_words(choice):
    """Shapes of a step and a completion; the output of a step is valid input of the next."""
    config = configuration.load(f"configs/{choice}")
    system, size = configuration.build_system(config), config.data.size
    images, hole = jnp.zeros((4, size, size, 3)), jnp.zeros((4, size, size, 1))
    batch = {"image": images, "label": jnp.zeros(4, jnp.int32), "projection": images, "hole": hole}

    def run():
        keys, states, measured = jax.random.split(jax.random.key(0), 4), {}, {}
        for stage in system.stages:
            before = stage.init(keys[0], {"image": images}, states)
            after, metrics = stage.step(before, batch, states)
            measured[stage.name] = before, after, metrics
            states[stage.name] = after
        progress = system.begin(states, images, hole, keys, 1)
        if system.advance:
            progress = system.advance(states, progress)
        return measured, system.finish(states, progress).images

    measured, answer = jax.eval_shape(run)
    named = {stage.name: set(stage.networks) for stage in system.stages}
    assert named == {name: set(before.networks) for name, (before, _, _) in measured.items()}
    for name, (before, after, metrics) in measured.items():
        assert jax.tree.structure(before) == jax.tree.structure(after)
        assert jax.tree.all(
            jax.tree.map(lambda a, b: (a.shape, a.dtype) == (b.shape, b.dtype), before, after)
        )
        assert all(value.shape == () for value in metrics.values())
        assert set(config.stages[name].get("losses", {})) <= set(metrics)
    assert answer.shape == (4, 1, size, size, 3)


@pytest.mark.parametrize(
    "choice, network",
    [
        ("context_encoder:smoke", "generator"),
        ("l2_gan:smoke,one,refine", "generator"),
        ("on_demand:smoke,on_demand", "generator"),
        ("desai_gan:smoke", "generator"),
        ("desai_vae:smoke,alexnet", "autoencoder"),
        ("neural_features:smoke,literal24", "generator"),
    ],
)
def test_the_mask_channel_of_every_generator(choice, network):
    """L10: the generator's input has a fourth channel everywhere; its output has three."""
    config = configuration.load(choice, ["--config.networks.mask_channel=True"])
    system, size = configuration.build_system(config), config.data.size

    def run():
        states, images = {}, jnp.zeros((1, size, size, 3))
        for stage in system.stages:
            states[stage.name] = stage.init(jax.random.key(0), {"image": images}, states)
        progress = system.begin(
            states, images, images[..., :1], jax.random.split(jax.random.key(0), 1), 1
        )
        return states, system.finish(states, progress).images

    states, answer = jax.eval_shape(run)
    assert answer.shape == (1, 1, size, size, 3)
    params = states[system.stages[-1].name].networks[network].params
    channels = [leaf.shape[2] for leaf in jax.tree.leaves(params) if len(leaf.shape) == 4]
    assert channels.count(4) == 1 and 3 not in channels


SMALLER = {  # reduces the compilation to seconds
    "desai_vae.py:smoke,vgg": ("data.size=64",),
}


@pytest.mark.slow
@pytest.mark.parametrize("choice", SMALLER)
def test_a_run(choice, tmp_path):
    """Train two steps, and complete two images with the result."""
    shrunk = ("data.train=facades?split=train&count=16", *SMALLER[choice])
    config = configuration.load(f"configs/{choice}", [f"--config.{item}" for item in shrunk])
    [stage] = configuration.build_system(config).stages
    config.stages[stage.name].steps = 2
    networks = config.networks
    with config.unlocked():
        its = networks.generator if "generator" in networks else networks.autoencoder
        its.trunk = dict(name="trunks.Strided", features=[4, 4])
    train(config, tmp_path)
    size, rng = config.data.size, np.random.default_rng(0)
    images, hole = (
        rng.uniform(-1, 1, (2, size, size, 3)).astype(np.float32),
        np.zeros((size, size, 1), np.float32),
    )
    low = size // 2 - 2
    hole[low : low + 4, low : low + 4] = 1
    model = inpaint_jax.load(tmp_path)
    completed = inpaint_jax.complete(model, images, hole)
    assert np.isfinite(completed).all() and np.abs(completed).max() <= 1
    known = np.broadcast_to(hole < 0.5, images.shape)
    np.testing.assert_array_equal(completed[known], images[known])
    with pytest.raises(InputError, match="it was trained for holes inside center"):
        inpaint_jax.complete(model, images, 1 - hole)


@pytest.mark.parametrize("words", ["", ":smoke", ":cpu,published", ":paper"])
def test_desai(words):
    """The paper's seventeen trainings and ours, with latent sizes of the paper or in proportion."""
    experiment = experiments.load(f"configs/papers/desai.py{words}")
    assert len(experiment.arms) == (17 if "published" in words else 18)
    configs = {
        name: configuration.load(arm.config, arm.overrides) for name, arm in experiment.arms.items()
    }
    for name, config in configs.items():
        vae = name.startswith("vae")
        assert config.system == ("desai_vae" if vae else "context_encoder")
        assert config.networks.unit_range == ("published" in words)
        [stage] = config.stages.values()
        assert experiment.holes == (stage.holes,)
    sizes = {
        name: config.networks.autoencoder.bottleneck
        for name, config in configs.items()
        if "vae" in name
    }
    shares = [sizes[f"vae_vgg_{n}"] / sizes["vae_vgg"] for n in (500, 2000, 4000)]
    assert shares[1:] == [0.5, 1] and shares[0] < 0.5
    assert sizes["vae_vgg"] == 4000 or words != ":paper"
    long, short = (configs[name].stages.vae.steps for name in ("vae_vgg", "vae_vgg_4000"))
    assert short < long and ((long, short) == (15625, 4687) or words != ":paper")


def test_the_rows_of_desai():
    tables = experiments.load("configs/papers/desai.py:paper").tables
    assert [len(table.rows) for table in tables] == [3, 2, 12, 2]
    assert [len(row.published) for table in tables for row in table.rows] == [2] * 5 + [1] * 12 + [
        0
    ] * 2
    assert tables[0].rows[1] == (("VAE VGG",), "vae_vgg", ("1747.96", "1784.43"))
    assert tables[1].rows[1] == (("GAN ResNet",), "gan_resnet", ("3030.98", "3038.22"))
    assert tables[2].rows[4] == (("VAE ResNet", "2000", "2000"), "vae_resnet_2000", ("1813.5658",))
    assert tables[2].rows[11] == (("GAN ResNet", "4000", "4000"), "gan_resnet_4000", ("3038.22",))


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
def test_the_long_trainings_of_smaller_latents(scale):
    """D4 and D5: as long as the trainings of Tables 1 and 2, with the latents of Table 3."""
    its, main = (
        experiments.load(f"configs/papers/desai.py:{scale},{what}")
        for what in ("lengths", "tables")
    )
    assert len(its.arms) == 7 and its.holes == main.holes and its.train_count == main.train_count
    for name, arm in its.arms.items():
        full = main.arms[name.removesuffix("_long").rpartition("_")[0]]
        smaller, largest = (configuration.load(one.config, one.overrides) for one in (arm, full))
        assert smaller.stages == largest.stages and smaller.networks != largest.networks
    assert [row.labels[1] for table in its.tables for row in table.rows] == ["2000"] * 3 + [
        "500",
        "2000",
    ] * 2
    assert its.tables[0].rows[1].published == ("1747.96", "1784.43")


def test_unknown_words_of_desai():
    with pytest.raises(
        InputError,
        match="configs/papers/desai.py: unknown words vgg; known: tables, lengths, "
        "smoke, cpu, paper, def",
    ):
        experiments.load("configs/papers/desai.py:vgg")


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
def test_sharma(scale):
    """Every arm loads and uses images of one size; the refined ones share their LSGAN."""
    experiment = experiments.load(f"configs/papers/sharma.py:{scale}")
    configs = {
        name: configuration.load(arm.config, arm.overrides) for name, arm in experiment.arms.items()
    }
    assert len({config.data.size for config in configs.values()}) == 1
    assert configs["context_encoder"].stages.context_encoder.holes == ",".join(experiment.holes)
    assert configs["pluralistic"].stages.pluralistic.holes == ",".join(experiment.holes)
    for name in ("noisy", "projected", "identity"):
        assert experiment.arms[name].reuse == "lsgan"
        assert configs[name].stages.lsgan == configs["lsgan"].stages.lsgan
        assert configs[name].search == configs["lsgan"].search
        assert configs[name].stages.autoencoder.pairs == name
    with pytest.raises(
        InputError, match="papers/sharma.py: unknown words vgg; known: smoke, cpu, paper, default"
    ):
        experiments.load("configs/papers/sharma.py:vgg")


@pytest.mark.parametrize(
    "choice, changes, message",
    [
        (
            "context_encoder.py",
            ("networks.generator.size=24", "stages.context_encoder.holes=center:24"),
            "got 24",
        ),
        (
            "desai_vae.py",
            ("networks.autoencoder.decoder.size=48", "stages.vae.holes=center:48"),
            "side 64 or 32",
        ),
    ],
)
def test_a_block_that_no_network_paints(choice, changes, message, tmp_path):
    """A one-line error before anything is written, instead of a trace from inside a network."""
    overrides = [
        f"--config.{item}" for item in ("data.train=facades?split=train&count=16", *changes)
    ]
    with pytest.raises(InputError, match=message):
        train(configuration.load(f"configs/{choice}:smoke", overrides), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
def test_curricula(scale):
    """Eight curricula, whose trainings differ only in curriculum and seed,
    measured at their levels.
    """
    experiment = experiments.load(f"configs/papers/curricula.py:{scale}")
    configs = {
        name: configuration.load(arm.config, arm.overrides) for name, arm in experiment.arms.items()
    }
    assert len(configs) == (16 if scale == "smoke" else 24)
    for name, config in configs.items():
        rule, _, seed = name.rpartition("_")
        assert (config.stages.on_demand.curriculum, config.seed) == (rule, int(seed))
        assert (config.data.size, config.stages.on_demand.pixels_per_level) == (64, 6)
    with pytest.raises(
        InputError, match="papers/curricula.py: unknown words rigid; known: smoke, cpu, paper"
    ):
        experiments.load("configs/papers/curricula.py:rigid")


@pytest.mark.parametrize("scale, widest", [("smoke", 15), ("cpu", 30), ("paper", 30)])
def test_levels(scale, widest):
    """One, three, five or ten levels divide the same sizes of holes."""
    experiment = experiments.load(f"configs/papers/levels.py:{scale}")
    stages = [
        configuration.load(arm.config, arm.overrides).stages.on_demand
        for arm in experiment.arms.values()
    ]
    assert [stage.levels for stage in stages] == [1, 3, 5, 10]
    assert {stage.levels * stage.pixels_per_level for stage in stages[:3]} == {widest}


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
def test_searches(scale):
    """E25: arms share one DCGAN, and differ from the first in the search alone."""
    experiment = experiments.load(f"configs/papers/searches.py:{scale}")
    configs = {
        name: configuration.load(arm.config, arm.overrides).to_dict()
        for name, arm in experiment.arms.items()
    }
    default = configs.pop("default")
    changed = {}
    for name, config in configs.items():
        assert experiment.arms[name].reuse == "default"
        assert {**config, "search": None} == {**default, "search": None}
        changed[name] = {
            key for key, value in config["search"].items() if value != default["search"][key]
        }
    assert changed.pop("stochastic_clipping") == changed.pop("no_projection") == {"projection"}
    assert changed.pop("normal_start") == {"start"} and changed.pop("four_restarts") == {"restarts"}
    assert changed.pop("last_iterate") == {"answer"}
    assert (
        changed.pop("statistics_per_image")
        == changed.pop("statistics_of_the_batch")
        == {"batch_norm"}
    )
    assert {*changed} == {"nag", "adam", "cosine", "lbfgs"} - {
        "cosine" if scale == "cpu" else "nag"
    }
    assert all(names <= {"optimizer", "iterations"} for names in changed.values())


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
@pytest.mark.parametrize("side", [128, 64])
def test_the_rows_of_salem(scale, side):
    """Every method builds for images of one size; on-demand learning only appears at its 64."""
    experiment = experiments.load(f"configs/papers/salem.py:{scale},at{side}")
    configs = {
        name: configuration.load(arm.config, arm.overrides) for name, arm in experiment.arms.items()
    }
    assert {config.data.size for config in configs.values()} == {
        32 if (scale, side) == ("smoke", 128) else side
    }
    assert ("on_demand" in configs) == (side == 64) and ("self_tuned" in configs) == (side == 128)
    assert {configuration.evaluation_fit(config) for config in configs.values()} == {"crop"}
    assert all(config.data.fit.startswith("random_crop:") for config in configs.values())
    for config in configs.values():
        shapes = {}
        for stage in configuration.build_system(config).stages:
            shapes[stage.name] = jax.eval_shape(partial(initial_state, stage, config), shapes)
    [table] = experiment.tables
    published = {row.labels[0]: row.published[0] for row in table.rows}
    assert list(published.values()) == (
        ["1.96 %", "–", "0.79 %", "3.19 %", "–"] if side == 128 else ["1.96 %", "2 %"]
    )
    assert {row.arm: row.published[2] for row in table.rows if row.published[2] != "–"} == (
        {"l2_gan": "1.96 %"} if side == 128 else {}  # D_Loss
    )
    [column] = table.logged
    adversarial = [
        stage for config in configs.values() for stage in configuration.build_system(config).stages
    ]
    assert column.times == 100 and any("critic" in stage.networks for stage in adversarial)
    with pytest.raises(
        InputError,
        match="configs/papers/salem.py: unknown words tiny; known: at128, at64, smoke, cpu",
    ):
        experiments.load("configs/papers/salem.py:tiny")


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
def test_high_resolution_synthesis_of_salem(scale):
    """One row more, whose content network is that of the context encoder in the same table."""
    experiment = experiments.load(f"configs/papers/salem.py:{scale},high_resolution")
    configs = {
        name: configuration.load(arm.config, arm.overrides) for name, arm in experiment.arms.items()
    }
    assert experiment.arms["neural_patches"].reuse == "context_encoder"
    check_reuse("neural_patches", "context_encoder", configs)
    sizes = {configs[name].data.size for name in experiment.arms}
    assert sizes == {configs["neural_patches"].networks.content.size}
    assert [row.published for row in experiment.tables[0].rows if row.arm == "neural_patches"] == [
        ("2.21 %", "center", "–")
    ]
    with pytest.raises(InputError, match="high_resolution is a method of at128"):
        experiments.load("configs/papers/salem.py:at64,high_resolution")


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
def test_sizes_of_salem(scale):
    """On-demand learning uses 64 px at every scale; self-tuned holes cover at most 5.5 %."""
    ours = {
        net: configuration.load(f"configs/on_demand.py:{net},{scale}")
        for net in ("on_demand", "self_tuned")
    }
    largest = {
        name: 5 * config.stages.on_demand.pixels_per_level / config.data.size
        for name, config in ours.items()
    }
    assert ours["on_demand"].data.size == 64
    assert largest == {"on_demand": 30 / 64, "self_tuned": 30 / 128}


@pytest.mark.parametrize(
    "words, fit",
    [
        ("context_encoder:paper", "random_crop:350"),
        ("context_encoder:cpu,published", "random_crop:175"),
        ("context_encoder:cpu", "random_crop:64-175"),
        ("l2_gan:paper", "random_crop:350"),
        ("on_demand:paper,self_tuned", "random_crop:350"),
        ("on_demand:paper,on_demand", "random_crop:96"),
        ("on_demand:cpu,on_demand", "random_crop:64-96"),
        ("desai_vae:paper", "crop"),
        ("neural_features:paper", "crop"),
    ],
)
def test_what_training_sees(words, fit):
    """Papers 000 and Pathak: shorter side 350 for windows of 128; on-demand learning: 96 for 64."""
    config = configuration.load(words)
    assert (config.data.fit, configuration.evaluation_fit(config)) == (fit, "crop")


def test_fine_tuning_has_the_rate_of_the_first_stage():
    """Spec S12: 2e-4, also with the critic."""
    for words in ("finetune", "refine"):
        stages = configuration.load(f"configs/l2_gan.py:paper,{words}").stages
        rates = [
            rule.learning_rate for stage in stages.values() for rule in stage.optimizer.values()
        ]
        assert rates == [2e-4] * 12


def test_the_letter_of_salem():
    """S8: images of 350 with a missing corner of 128."""
    config = configuration.load("configs/l2_gan.py:literal350,paper")
    [_, *_] = configuration.build_system(config).stages
    assert (config.data.size, config.networks.generator.size) == (350, 128)
    holes = [
        stage.holes for name, stage in config.stages.items() if name.startswith("reconstruction")
    ]
    assert sorted(holes) == [
        "place:128@0+0",
        "place:128@0+222",
        "place:128@222+0",
        "place:128@222+222",
    ]


@pytest.mark.parametrize("words", ["table,smoke", "published,paper", "ablations,cpu"])
def test_buchacek(words):
    """Arms reuse networks of equal training; rows and holes are those of the paper's table."""
    experiment = experiments.load(f"configs/papers/buchacek.py:{words}")
    configs = {
        name: configuration.load(arm.config, arm.overrides) for name, arm in experiment.arms.items()
    }
    for name, arm in experiment.arms.items():
        if arm.reuse:
            check_reuse(name, arm.reuse, configs)
    for table in experiment.tables:
        assert [row.published for row in table.rows][0][0] in ("14.21", "8.09", "8.41")
        assert table.rows[0].arm == ("image_melding" if words.startswith("table") else None)
        for row in table.rows[1:]:
            assert set(table.holes) <= set(experiment.arms[row.arm].holes or experiment.holes)
    if (
        experiment.tables
    ):  # the paper calls both its code's mask files and its figures' strokes "random"
        rows = {table.holes: [row.published for row in table.rows] for table in experiment.tables}
        assert [*rows] == [("center",), ("left",), ("random:0.7",), ("irregular",)]
        assert rows["irregular",] == rows["random:0.7",] != rows["left",]
        assert "ssim_uniform_full" in experiment.metrics()
    with pytest.raises(
        InputError,
        match="papers/buchacek.py: unknown words vgg; known: table, published, ablations",
    ):
        experiments.load("configs/papers/buchacek.py:vgg")


@pytest.mark.parametrize("scale", ["smoke", "cpu", "paper"])
def test_liu(scale):
    """Arms share start and features, or read none; they differ in holes or losses of weight 0."""
    experiment = experiments.load(f"configs/papers/liu.py:{scale}")
    configs = {
        name: configuration.load(arm.config, arm.overrides) for name, arm in experiment.arms.items()
    }
    full = configs["full"].stages
    both = ("local_adversarial", "global_adversarial")
    less = {"no_features": {"feature": 0.0}, "weak_critics": dict.fromkeys(both, 20.0)}
    less |= {
        "no_local": {both[0]: 0.0},
        "no_global": {both[1]: 0.0},
        "no_critics": dict.fromkeys(both, 0.0),
    }
    for name, config in configs.items():
        stages = [stage.name for stage in configuration.build_system(config).stages]
        assert stages == (["inpainter"] if name == "no_features" else ["features", "inpainter"])
        assert experiment.arms[name].reuse == (None if name.endswith("features") else "features")
        assert config.networks == configs["full"].networks
        assert (config.stages.features == full.features) == (name != "drawn_features")
        assert config.stages.inpainter.steps == (0 if name == "features" else full.inpainter.steps)
        assert (config.stages.inpainter.holes == full.inpainter.holes) == (name != "random_holes")
        weights = {label: loss.weight for label, loss in config.stages.inpainter.losses.items()}
        changed = {
            label: weight
            for label, weight in weights.items()
            if weight != full.inpainter.losses[label].weight
        }
        assert changed == less.get(name, {})
    assert (
        len(experiment.holes) == len(set(experiment.holes)) == 17
        and full.inpainter.holes in experiment.holes
    )
    if scale != "smoke":
        assert {"center:4", "center:32", "place:16@0+24", "place:16@24+24", "square:4-32"} <= set(
            experiment.holes
        )
    table = experiment.tables[0]
    assert [row.published for row in table.rows[:2]] == [
        ("17.9027", "0.8997"),
        ("24.3315", "0.9599"),
    ]
    with pytest.raises(
        InputError, match="configs/papers/liu.py: unknown words tiny; known: smoke, cpu, paper"
    ):
        experiments.load("configs/papers/liu.py:tiny")


def test_the_networks_and_weights_of_liu():
    """As published: 8,996,515, 1,232,353 and 727,233 parameters, 64 px, hole 16, batches of 64."""
    config = configuration.load("configs/neural_features.py:paper")
    [features, stage] = configuration.build_system(config).stages
    learnt = jax.eval_shape(partial(initial_state, features, config), {})
    state = jax.eval_shape(partial(initial_state, stage, config), {"features": learnt})
    count = {
        name: sum(leaf.size for leaf in jax.tree.leaves(params))
        for name, params in {
            "generator": state.networks["generator"].params,
            **state.networks["critic"].params,
            "vgg": {
                k: p
                for k, p in learnt.networks["classifier"].params.items()
                if k.startswith(("conv1", "conv2", "conv3_1"))
            },
        }.items()
    }
    assert count == {"generator": 8_996_515, "global": 1_232_353, "local": 727_233, "vgg": 555_328}
    own = config.stages.inpainter
    assert (config.data.size, config.networks.local_size, own.holes, own.batch_size) == (
        64,
        16,
        "center:16",
        64,
    )
    weights = {
        "reconstruction": 1.0,
        "local_adversarial": 200.0,
        "global_adversarial": 200.0,
        "feature": 0.05,
    }
    assert {label: loss.weight for label, loss in own.losses.items()} == weights
    assert {(rule.name, rule.learning_rate, rule.b1) for rule in own.optimizer.values()} == {
        ("adam", 2e-4, 0.5)
    }
    imported = configuration.load("configs/neural_features.py:cpu,vgg16").stages
    assert (imported.features.steps, imported.features.weights) == (0, "vgg16.npz")
    # the paper's, for maps of the paper's width
    assert imported.inpainter.losses.feature.weight == 0.05
    literal = configuration.load("configs/neural_features.py:literal24")
    assert (literal.data.size, literal.networks.seen_size, literal.stages.inpainter.holes) == (
        24,
        64,
        "center:8",
    )
    with pytest.raises(
        InputError,
        match="unknown words published; known: default, best, random_holes, literal24, smoke",
    ):
        configuration.load("configs/neural_features.py:published")
