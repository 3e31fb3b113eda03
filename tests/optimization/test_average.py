"""Average of weights: values, every kind of step, and use by every reader of a network."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import inpaint_jax
from inpaint_jax import parallel
from inpaint_jax.errors import InputError
from inpaint_jax.networks import weights_of
from inpaint_jax.optimization import average, state, steps
from inpaint_jax.runs import configuration
from inpaint_jax.runs.training.loop import train
from inpaint_jax.systems import complete

TX = optax.sgd(1.0)


def begun():
    weights = (
        {"w": jnp.float32(0)},
        {"batch_stats": {"mean": jnp.float32(4), "count": jnp.int32(0)}},
    )
    return average.start(state.create(jax.random.key(0), {"net": (*weights, TX)}))


def step(trained, batch, earlier, *, axis_name=None):
    """Add one to the parameter, halve the statistic, and count."""
    del batch, earlier, axis_name
    net = trained.networks["net"]
    old = net.stats["batch_stats"]
    stats = {"batch_stats": {"mean": old["mean"] / 2, "count": old["count"] + 1}}
    net = state.update(net, {"w": jnp.float32(-1)}, stats, TX)
    return trained._replace(step=trained.step + 1, networks={"net": net}), {}


def test_values_and_warm_up():
    """By hand: d is 2/11 after the first step, 3/12 after the second, and at most the decay."""
    first, _ = average.after(step, 0.999)(begun(), {}, {})
    second, _ = average.after(step, 0.999)(first, {}, {})
    (params, stats), w1 = weights_of(second.networks["net"]), 9 / 11
    np.testing.assert_allclose(params["w"], 0.25 * w1 + 0.75 * 2, rtol=1e-6)
    mean = 2 / 11 * 4 + 9 / 11 * 2
    np.testing.assert_allclose(stats["batch_stats"]["mean"], 0.25 * mean + 0.75 * 1, rtol=1e-6)
    assert stats["batch_stats"]["count"] == 2
    assert second.networks["net"].params["w"] == 2  # training itself goes on from the last weights
    slow, _ = average.after(step, 0.1)(begun(), {}, {})
    np.testing.assert_allclose(weights_of(slow.networks["net"])[0]["w"], 0.9, rtol=1e-6)


def test_no_average_leaves_the_step_alone():
    assert average.after(step, 0.0) is step
    plain = state.create(jax.random.key(0), {"net": ({"w": jnp.float32(3)}, {}, TX)})
    assert weights_of(plain.networks["net"]) == ({"w": 3}, {})


def tiny_config(tiny, *overrides):
    return configuration.load(
        "configs/yeh.py:smoke", [*tiny, *(f"--config.{item}" for item in overrides)]
    )


AVERAGE = "stages.dcgan.average=0.9"


def arrays(states):
    trained = states["dcgan"]
    return jax.device_get(jax.tree.leaves(trained._replace(key=jax.random.key_data(trained.key))))


@pytest.fixture(scope="module")
def averaged(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("averaged")
    return folder, train(tiny_config(tiny, AVERAGE), folder)


def test_a_resumed_run_has_the_same_average(tiny, averaged, tmp_path):
    train(tiny_config(tiny, AVERAGE, "stages.dcgan.steps=2"), tmp_path)
    resumed = train(tiny_config(tiny, AVERAGE), tmp_path)
    for one, other in zip(arrays(averaged[1].states), arrays(resumed.states), strict=True):
        np.testing.assert_array_equal(one, other)


def regression(trained, batch, earlier, *, axis_name=None):
    """Take a step on data: least squares of one parameter."""
    del earlier

    def loss(params, stats, batch, key):
        del key
        error = jnp.square(params["w"] * batch["x"] - batch["y"])
        return error.mean(), (stats, {"error": error})

    tx = optax.sgd(0.1)
    options = {"name": "net", "loss": loss, "tx": tx, "axis_name": axis_name}
    return steps.network_step(trained, batch, jax.random.key(0), **options)


@pytest.mark.parametrize("how", ["jit", "shard_map", "pmap"])
def test_one_device_and_four_agree(how):
    if len(jax.devices()) < 4:
        pytest.skip("needs four devices")
    generator = np.random.default_rng(0)
    batches = [
        dict(zip("xy", generator.normal(size=(2, 8)).astype("f4"), strict=True)) for _ in range(3)
    ]

    def trained(how, count):
        mesh = parallel.mesh(jax.devices()[:count])
        following = parallel.data_parallel(average.after(regression, 0.9), mesh, how=how)
        now = parallel.replicate(begun(), mesh)
        for batch in batches:
            now, _ = following(now, parallel.put_batch(batch, mesh), {})
        return jax.device_get(now.networks["net"].average[0]["w"])

    np.testing.assert_allclose(trained(how, 4), trained("jit", 1), rtol=1e-5)


def test_completions_read_the_average_alone(averaged):
    """The last weights do not matter: a file, a search and a reload use the average."""
    folder, model = averaged
    reloaded = inpaint_jax.load(folder)
    assert len(arrays(reloaded.states)) == len(arrays(model.states))
    trained = model.states["dcgan"]
    spoilt = {
        name: net._replace(params=jax.tree.map(jnp.zeros_like, net.params))
        for name, net in trained.networks.items()
    }
    key = jax.random.key(3)
    images = jax.random.uniform(key, (2, 16, 16, 3), minval=-1, maxval=1)
    hole = jnp.zeros((2, 16, 16, 1)).at[:, 4:12, 4:12].set(1)
    keys = jax.random.split(key, 2)
    answers = [
        complete(model.system, {"dcgan": states}, images, hole, keys).images
        for states in (trained, trained._replace(networks=spoilt))
    ]
    np.testing.assert_array_equal(*answers)


def test_another_decay_is_another_run(tiny, averaged):
    with pytest.raises(InputError, match="differs in stages.dcgan.average"):
        train(tiny_config(tiny, "stages.dcgan.average=0.5"), averaged[0])


def test_an_average_of_zero_is_none(tiny, tmp_path):
    """A run without the config key for averages resumes under a config that sets 0."""
    before = tiny_config(tiny, "stages.dcgan.steps=2")
    with before.unlocked():
        del before.stages.dcgan.average
    train(before, tmp_path)
    model = train(tiny_config(tiny, "stages.dcgan.average=0.0"), tmp_path)
    assert not hasattr(model.states["dcgan"].networks["generator"], "average")


def test_a_decay_of_one_is_refused(tiny, tmp_path):
    with pytest.raises(InputError, match="stages.dcgan.average must be at least 0 and below 1"):
        train(tiny_config(tiny, "stages.dcgan.average=1.0"), tmp_path)
    assert not list(tmp_path.iterdir())
