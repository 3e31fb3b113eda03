"""A run that goes on over another number of devices after every restart."""

import json

import jax
import numpy as np
import pytest

from inpaint_jax import parallel
from inpaint_jax.runs import configuration
from inpaint_jax.runs.training.loop import train
from inpaint_jax.runs.workdir import Workdir

STEPS = (2, 4, 6)  # where the run stops
DEVICES = (1, 4, 2)  # that it then goes on with


@pytest.fixture
def trained(tiny, tmp_path, monkeypatch):
    """Train a tiny DCGAN to some step on the first of the devices;
    return its state and logged losses.
    """

    def run(name, steps, devices, how):
        monkeypatch.setattr(
            parallel, "share_batch", lambda *_, **__: parallel.mesh(jax.devices()[:devices])
        )
        stage = {"steps": steps, "generator_updates": 1, "image_every": 100}
        config = configuration.load("configs/yeh.py:smoke", tiny)
        with config.unlocked():
            config.stages.dcgan.update(stage)
            # Without this epsilon, rounding decides the sign of an update where a gradient is
            # almost 0.
            config.stages.dcgan.optimizer = {
                "name": "adam",
                "learning_rate": 0.1,
                "b1": 0.5,
                "eps": 1.0,
            }
        state = train(config, tmp_path / name, how=how).states["dcgan"]
        assert all(len(leaf.sharding.device_set) == devices for leaf in jax.tree.leaves(state))
        assert int(state.step) == steps
        lines = (
            json.loads(line)
            for line in (tmp_path / name / "dcgan" / "metrics.jsonl").read_text().splitlines()
        )
        return state, {
            line["step"]: line["discriminator_bce"] for line in lines if "discriminator_bce" in line
        }

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    ["shard_map", "jit", "pmap"],
)
def test_one_device_then_four_then_two(trained, tmp_path, how):
    """To float tolerance: means over a batch add up in another order.
    On one device the bits are the same.
    """
    whole, expected = trained("whole", STEPS[-1], 1, how)
    *_, (parts, losses) = [
        trained("parts", *stop, how) for stop in zip(STEPS, DEVICES, strict=True)
    ]
    assert list(losses) == list(expected) == [1, 2, 3, 4, 5, 6]
    assert [losses[step] for step in (1, 2)] == [expected[step] for step in (1, 2)]
    np.testing.assert_allclose(list(losses.values()), list(expected.values()), rtol=1e-5)
    np.testing.assert_array_equal(jax.random.key_data(whole.key), jax.random.key_data(parts.key))
    for name, network in whole.networks.items():
        for a, b in zip(
            *(jax.tree.leaves((n.params, n.stats)) for n in (network, parts.networks[name])),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5, err_msg=name)  # they moved by 0.1
    assert Workdir(tmp_path / "parts").stage("dcgan").latest() == STEPS[-1]
