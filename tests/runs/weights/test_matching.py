"""A stage that begins with imported weights: the arrays taken, the refusals, and a single read."""

import hashlib
import json

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from ml_collections import ConfigDict

import inpaint_jax
from inpaint_jax.errors import InputError
from inpaint_jax.networks.functional import pure
from inpaint_jax.networks.layers import BatchNorm
from inpaint_jax.networks.vgg19 import VGG19
from inpaint_jax.optimization import state, steps
from inpaint_jax.runs import configuration
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.weights import archive
from inpaint_jax.runs.weights.matching import fitted
from inpaint_jax.systems.interface import Stage
from inpaint_jax.systems.parts.feed_forward import single_pass

LABEL = "stages.perceiver.weights"


class Perceiver(nn.Module):
    """Features of a VGG, a norm with statistics, and a classifier."""

    @nn.compact
    def __call__(self, images, *, train):
        x = VGG19(last="relu1_2", width=4, name="trunk")(images, train=train)["relu1_2"]
        x = BatchNorm(name="norm")(x, use_running_average=not train)
        return nn.Dense(5, name="classifier")(x.mean((1, 2)))


def build(*, size, networks, stages):
    """Build a system of one stage, which has two networks and trains one."""
    del networks, stages
    network, tx = pure(Perceiver()), optax.adam(0.01)

    def init(key, batch, earlier):
        del earlier
        other = {"scale": jnp.ones(3)}, {}, tx
        return state.create(
            key, {"perceiver": (*network.init(key, batch["image"]), tx), "other": other}
        )

    def step(state, batch, earlier, *, axis_name=None):
        del earlier

        def loss(params, stats, batch, key):
            del key
            logits, stats = network.apply(params, stats, batch["image"], train=True)
            return (logits**2).mean(), (stats, {"height": (logits**2).mean(1)})

        return steps.network_step(
            state, batch, state.key, name="perceiver", loss=loss, tx=tx, axis_name=axis_name
        )

    return single_pass(
        lambda states, images, hole: images, Stage("perceiver", init, step), size=size
    )


def config(number, weights):
    own = dict(batch_size=4, steps=number, checkpoint_every=2, image_every=2, log_every=2)
    data = dict(train="facades?split=train&count=8", size=16, fit="crop", flip=False)
    chosen_config = ConfigDict(
        dict(system=f"{__name__}:build", seed=0, data=data, networks={}, stages=dict(perceiver=own))
    )
    return configuration.override(chosen_config, [f"--config.{LABEL}={weights}"] if weights else [])


def begun():
    """Return the shapes of the stage's state."""
    [stage] = build(size=16, networks=None, stages=None).stages
    return jax.eval_shape(
        lambda: stage.init(jax.random.key(0), {"image": jnp.zeros((4, 16, 16, 3))}, {})
    )


VGG = {
    "params/conv1_1/kernel": (3, 3, 3, 4),
    "params/conv1_1/bias": (4,),
    "params/conv1_2/kernel": (3, 3, 4, 4),
    "params/conv1_2/bias": (4,),
}
WHOLE = {
    **{path.replace("params", "params/trunk"): shape for path, shape in VGG.items()},
    "params/norm/scale": (4,),
    "params/norm/bias": (4,),
    "stats/batch_stats/norm/mean": (4,),
    "stats/batch_stats/norm/var": (4,),
}


def written(path, shapes, *stays):
    """Write a file of weights with arrays of these shapes."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.uniform(0.5, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    about = dict(kind="vgg19", source="vgg19.pth", sha256="0", images="RGB in [-1, 1]", stays=stays)
    archive.write(path, arrays, about)
    return arrays


def final(workdir):
    return jax.device_get(inpaint_jax.load(workdir).states["perceiver"].networks)


def test_no_steps_keep_them_exactly(tmp_path, capsys):
    """A VGG inside a network; the file has more layers than the network needs."""
    path, run = tmp_path / "vgg.npz", tmp_path / "run"
    arrays = written(path, VGG | {"params/conv2_1/bias": (8,)}, "classifier")
    train(config(0, ""), tmp_path / "plain")
    train(config(0, path), run)
    message = f"perceiver: perceiver/trunk takes 4 arrays of {path}; not needed: 1\n"
    assert capsys.readouterr().out == message
    ours, plain = final(run), final(tmp_path / "plain")
    for name in VGG:
        layer, part = name.removeprefix("params/").split("/")
        np.testing.assert_array_equal(ours["perceiver"].params["trunk"][layer][part], arrays[name])
    ours["perceiver"].params["trunk"] = plain["perceiver"].params["trunk"]
    # all else is as initialised, the optimiser's state too
    jax.tree.map(np.testing.assert_array_equal, ours, plain)
    record = json.loads((run / "perceiver/weights.json").read_text())
    assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() and record[
        "file"
    ] == str(path)
    assert record["made"]["source"] == "vgg19.pth" and record["network"] == "perceiver/trunk"
    assert (record["taken"], record["as_initialised"], record["not_needed"]) == (
        4,
        [],
        ["params/conv2_1/bias"],
    )
    assert not (tmp_path / "plain/perceiver/weights.json").exists()


def test_a_classifier_of_other_classes_stays(tmp_path, capsys):
    """A whole network with statistics; 7 classes in the file, 5 in the stage."""
    path = tmp_path / "whole.npz"
    arrays = written(
        path,
        WHOLE | {"params/classifier/kernel": (4, 7), "params/classifier/bias": (7,)},
        "classifier",
    )
    train(config(0, path), tmp_path / "run")
    assert f"takes 8 arrays of {path}; as initialised: classifier\n" in capsys.readouterr().out
    its = final(tmp_path / "run")["perceiver"]
    np.testing.assert_array_equal(
        its.stats["batch_stats"]["norm"]["var"], arrays["stats/batch_stats/norm/var"]
    )
    assert its.params["classifier"]["kernel"].shape == (4, 5)
    same = written(
        path,
        WHOLE | {"params/classifier/kernel": (4, 5), "params/classifier/bias": (5,)},
        "classifier",
    )
    fits = fitted(path, begun(), label=LABEL)
    assert fits.record["as_initialised"] == [] and set(fits.arrays) == set(same)
    written(path, WHOLE, "classifier")
    assert len(fitted(path, begun(), label=LABEL).record["as_initialised"]) == 2


def test_training_goes_on_from_them_and_reads_them_once(tmp_path):
    """Resuming and reuse work without the file and equal the uninterrupted, trained run."""
    path = tmp_path / "vgg.npz"
    arrays = written(path, VGG)
    train(config(4, path), tmp_path / "whole")
    train(config(0, path), tmp_path / "resumed")
    path.unlink()
    for number in (0, 2, 4):
        train(config(number, path), tmp_path / "resumed")
    whole = final(tmp_path / "whole")
    jax.tree.map(np.testing.assert_array_equal, final(tmp_path / "resumed"), whole)
    assert (
        np.abs(
            whole["perceiver"].params["trunk"]["conv1_1"]["bias"] - arrays["params/conv1_1/bias"]
        ).max()
        > 0
    )
    train(config(4, path), tmp_path / "reusing", reuse_from=tmp_path / "whole")
    jax.tree.map(np.testing.assert_array_equal, final(tmp_path / "reusing"), whole)
    texts = [
        (tmp_path / run / "perceiver/weights.json").read_text() for run in ("whole", "reusing")
    ]
    assert texts[0] == texts[1]
    for weights in ("", tmp_path / "else.npz"):
        with pytest.raises(InputError, match=f"trained perceiver differently: {LABEL}"):
            train(config(4, weights), tmp_path / "other", reuse_from=tmp_path / "whole")


@pytest.mark.parametrize(
    "shapes, message",
    [
        (
            {"params/conv9/bias": (4,)},
            r"no network of this stage \(other, perceiver\) has layers like params/conv9/bias",
        ),
        (
            {**VGG, "params/conv1_2/bias": (8,)},
            r"params/conv1_2/bias of the shape \[8\], perceiver/trunk of \[4\]",
        ),
        (
            {k: v for k, v in VGG.items() if "1_2" not in k},
            r"lacks params/conv1_2/bias \[4\], which perceiver/trunk needs",
        ),
        (WHOLE, r"lacks params/classifier/bias \[5\], which perceiver needs"),
    ],
)
def test_weights_that_do_not_fit(shapes, message, tmp_path):
    """One line before anything is written."""
    path = tmp_path / "weights.npz"
    written(path, shapes)
    with pytest.raises(InputError, match=f"^{LABEL}: .*{message}"):
        train(config(2, path), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_classifier_of_other_features_does_not_fit(tmp_path):
    path = tmp_path / "weights.npz"
    written(
        path,
        WHOLE | {"params/classifier/kernel": (8, 7), "params/classifier/bias": (7,)},
        "classifier",
    )
    with pytest.raises(
        InputError, match=r"classifier/kernel of the shape \[8, 7\], perceiver of \[4, 5\]"
    ):
        fitted(path, begun(), label=LABEL)


def test_networks_that_are_alike(tmp_path):
    written(tmp_path / "weights.npz", VGG)
    twins = begun()._replace(networks=dict.fromkeys(("one", "two"), begun().networks["perceiver"]))
    with pytest.raises(InputError, match=f"{LABEL}: the file fits one/trunk and two/trunk equally"):
        fitted(tmp_path / "weights.npz", twins, label=LABEL)


def test_files_of_something_else(tmp_path):
    with pytest.raises(
        InputError, match=f"{LABEL}: .*nowhere.npz cannot be read .No such file or directory"
    ):
        fitted(tmp_path / "nowhere.npz", begun(), label=LABEL)
    np.savez(tmp_path / "arrays.npz", weight=np.ones(3))
    (tmp_path / "text.npz").write_text("weights")
    for name in ("arrays.npz", "text.npz"):
        with pytest.raises(
            InputError,
            match=f"{name} is not a file of imported weights, .*: create one "
            "with inpaint import-wei",
        ):
            fitted(tmp_path / name, begun(), label=LABEL)


def test_any_config_takes_the_key():
    config = configuration.load("configs/yeh.py:smoke", ["--config.stages.dcgan.weights=x.npz"])
    assert config.stages.dcgan.weights == "x.npz"
    assert "weights" not in configuration.load("configs/yeh.py:smoke").stages.dcgan
    with pytest.raises(InputError, match="config.stages has no key 'critic'; known: dcgan"):
        configuration.load("configs/yeh.py:smoke", ["--config.stages.critic.weights=x.npz"])
