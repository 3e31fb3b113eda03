"""A-S1: every system lowers its loss by at least 30 % on one small batch, in a few dozen steps.

The context encoder, the variational inpainter, pluralistic completion and the learnt start have
this test in their own files.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from inpaint_jax.networks import functional
from inpaint_jax.networks.classified import ClassifierOutput
from inpaint_jax.networks.layers import BatchNorm, Conv
from inpaint_jax.runs import configuration
from inpaint_jax.runs.initial_state import drawn_state

SIZE, COUNT = 16, 8


class Painter(nn.Module):
    """A generator of two layers; compiles in seconds."""

    axis_name: str | None = None

    @nn.compact
    def __call__(self, images, *, train):
        x = BatchNorm(axis_name=self.axis_name)(Conv(8, 3)(images), use_running_average=not train)
        return jnp.tanh(Conv(3, 3)(nn.relu(x)))


class Judge(nn.Module):
    """A critic of any size."""

    @nn.compact
    def __call__(self, images, *, train):
        del train
        return nn.Dense(1)(nn.relu(Conv(4, 3)(images)).mean((1, 2)))[:, 0]


class Classifier(nn.Module):
    """A classifier of images in [0, 255] with an auxiliary output."""

    classes: int = COUNT
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images, *, train):
        x = BatchNorm(axis_name=self.axis_name)(
            Conv(16, 3, strides=2)(images), use_running_average=not train
        )
        logits, other = (nn.Dense(self.classes)(nn.relu(x).reshape(len(x), -1)) for _ in range(2))
        return ClassifierOutput(logits, (other,), {"3b": x, "4b": x})


def loaded(spec, *overrides):
    """Load a config of 16 px."""
    shared = (f"data.size={SIZE}", "data.train=facades?split=train&count=16")
    return configuration.load(spec, [f"--config.{item}" for item in (*shared, *overrides)])


def on_demand():
    config = loaded("on_demand:smoke,on_demand,mse", f"networks.generator.size={SIZE}")
    config.networks.generator.features = [4, 8]
    config.stages.on_demand.pixels_per_level = 2
    return config


def l2_gan():
    config = loaded(
        "l2_gan:smoke,one,finetune",
        "networks.generator.size=8",
        "networks.generator.bottleneck=8",
        "networks.generator.width=4",
        "networks.critic.width=4",
    )
    config.networks.generator.trunk.features = [4, 8]
    return config


def neural_features():
    networks = (
        "networks.local_size=4",
        "networks.features.width=4",
        "networks.features.last=relu2_1",
    )
    feature = (
        "networks.features.classes=10",
        "stages.features.steps=0",
        "stages.inpainter.losses.feature.layer=relu1_2",
    )
    config = loaded("neural_features:smoke", *networks, *feature, "stages.inpainter.holes=center:4")
    config.networks.generator = ConfigDict(dict(name=f"{__name__}:Painter"))
    config.networks.global_critic = config.networks.local_critic = ConfigDict(
        dict(name=f"{__name__}:Judge")
    )
    return config


def guided():
    prior = ("generator.size=16", "generator.width=16", "critic.width=8", "latent_size=8")
    moves = ("stages.classifier.rotation=0", "stages.classifier.shift=0")
    config = loaded("classifier_guided:smoke", *(f"networks.{item}" for item in prior), *moves)
    config.networks.classifier = ConfigDict(dict(name=f"{__name__}:Classifier", classes=COUNT))
    return config


TINY_PRIOR = ("generator.size=16", "generator.width=16", "critic.width=4", "latent_size=8")


def refined():
    networks = (*TINY_PRIOR, "autoencoder.width=4")
    return loaded("lsgan_autoencoder:smoke,noisy", *(f"networks.{item}" for item in networks))


def faster(settings, rate=0.01):
    """Raise every learning rate of a stage."""
    for name, value in settings.items():
        if isinstance(value, ConfigDict):
            faster(value, rate)
        elif name == "learning_rate":
            settings[name] = rate


@pytest.fixture(scope="module")
def batch():
    """Smooth images, each with a different label."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    waves = [
        np.stack([np.sin(5 * x + i), np.cos(4 * y + i), np.sin(3 * (x + y) + i)], -1)
        for i in range(COUNT)
    ]
    return {"image": 0.8 * np.array(waves, np.float32), "label": np.arange(COUNT, dtype=np.int32)}


@pytest.mark.parametrize(
    "make, trained, metric",
    [
        (on_demand, "on_demand", "reconstruction"),
        (l2_gan, "reconstruction", "reconstruction"),
        (l2_gan, "adversarial", "reconstruction"),
        (neural_features, "inpainter", "reconstruction"),
        (guided, "classifier", "cross_entropy"),
        (refined, "autoencoder", "reconstruction"),
    ],
)
def test_the_loss_falls(make, trained, metric, batch):
    config = make()
    for settings in config.stages.values():
        settings.batch_size = COUNT
        faster(settings)
    stages, earlier = {stage.name: stage for stage in configuration.build_system(config).stages}, {}
    for name in list(stages)[: list(stages).index(trained)]:
        earlier[name] = drawn_state(stages[name], config, earlier)
    state, values = drawn_state(stages[trained], config, earlier), []
    step = jax.jit(stages[trained].step)
    for _ in range(60):
        state, metrics = step(state, batch, earlier)
        values.append(metrics)
    values = [float(metrics[metric]) for metrics in values]
    assert np.isfinite(values).all()
    assert np.mean(values[-5:]) < 0.7 * np.mean(values[:2]), (values[:3], values[-3:])


@pytest.mark.parametrize("spec, trained", [("yeh:smoke", "dcgan"), ("lsgan:smoke", "lsgan")])
def test_the_samples_of_a_prior_approach_the_images(spec, trained):
    """A prior has no loss that must fall: its samples get the colour of the images,
    which all have the same.
    """
    config = loaded(spec, *(f"networks.{item}" for item in TINY_PRIOR))
    config.stages[trained].update(batch_size=COUNT, average=0.0)
    faster(config.stages, 2e-3)
    (stage,) = configuration.build_system(config).stages
    colour = jnp.array([0.8, -0.8, 0.4])
    batch = {"image": jnp.broadcast_to(colour, (COUNT, SIZE, SIZE, 3))}
    latents = jax.random.uniform(jax.random.key(1), (COUNT, 8), minval=-1.0)

    @jax.jit
    def distance(state):
        samples = functional.predict(
            stage.networks["generator"], state.networks["generator"], latents
        )
        return jnp.abs(samples.mean((0, 1, 2)) - colour).mean()

    state, step = drawn_state(stage, config, {}), jax.jit(stage.step)
    before = distance(state)
    for _ in range(150):
        state, _ = step(state, batch, {})
    assert distance(state) < 0.7 * before
