"""Nesterov descent with decay: A-N1 to A-N3 of the specification."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.optimization import optimizers


def descend(tx, steps, z=0.9):
    """Return z_1 .. z_steps on f = z^2 / 2, whose gradient is z."""
    z = jnp.float32(z)
    state, path = tx.init(z), []
    for _ in range(steps):
        updates, state = tx.update(z, state, z)
        z = optax.apply_updates(z, updates)
        path.append(float(z))
    return path


def code_form(steps, z=0.9, momentum=0.9):
    """The recurrence of the released code with a decaying rate, in double precision."""
    v, path = 0.0, []
    for t in range(steps):
        before, v = v, momentum * v - 0.01 * 0.95 ** (t // 100 + 1) * z
        z = z - momentum * before + (1 + momentum) * v
        path.append(z)
    return path


def test_constant_rate():
    expected = [0.8829, 0.8588349, 0.8288045, 0.7937595, 0.7545967]
    np.testing.assert_allclose(descend(optimizers.nag(0.01), 5), expected, rtol=1e-6)
    np.testing.assert_allclose(
        descend(optax.sgd(0.01, momentum=0.9, nesterov=True), 5), expected, rtol=1e-6
    )


def test_decaying_rate():
    np.testing.assert_allclose(
        descend(optimizers.nag(0.01, decay=0.95), 3), [0.883755, 0.8608777, 0.8323054], rtol=1e-6
    )


@pytest.mark.parametrize(
    "step, rate", [(0, 0.0095), (99, 0.0095), (100, 0.009025), (1499, 0.0046329123)]
)
def test_rate_at(step, rate):
    state = list(optimizers.nag(0.01, decay=0.95, momentum=0.0).init(jnp.float32(0)))
    state[0] = state[0]._replace(count=jnp.int32(step))
    update, _ = optimizers.nag(0.01, decay=0.95, momentum=0.0).update(jnp.float32(-1), tuple(state))
    np.testing.assert_allclose(update, rate, rtol=1e-6)


def test_rate_before_the_trace_matches_the_code_and_after_it_drifts():
    path = np.array(descend(optimizers.nag(0.01, decay=0.95), 250))
    np.testing.assert_allclose(path, code_form(250), atol=2e-7)
    after = optax.sgd(lambda t: 0.01 * 0.95 ** (t // 100 + 1), momentum=0.9, nesterov=True)
    assert np.abs(np.array(descend(after, 250)) - code_form(250)).max() > 5e-5


def test_weight_decay_as_pytorch_has_it():
    """The penalty enters the gradient before Adam's moments, at constant and falling rates.

    AdamW differs.
    """
    rule = {"name": "adam_l2", "learning_rate": 0.1, "b1": 0.5, "weight_decay": 0.3}
    by_hand = optax.chain(
        optax.add_decayed_weights(0.3), optax.scale_by_adam(0.5), optax.scale(-0.1)
    )
    path = descend(optimizers.build(rule), 5)
    np.testing.assert_allclose(path, descend(by_hand, 5), rtol=1e-6)
    assert abs(path[-1] - descend(optax.adamw(0.1, 0.5, weight_decay=0.3), 5)[-1]) > 1e-3
    falling = descend(optimizers.build({**rule, "schedule": "linear"}, num_steps=5), 5)
    assert falling[0] == path[0] and falling[-1] > path[-1]


def test_weight_decay_by_hand():
    """g = z + 0.3 z at z = 0.9: Adam's first step is the rate times the sign.

    The second step is computed by hand.
    """
    rate, decay, b1, b2, z, mean, square = 0.1, 0.3, 0.5, 0.999, 0.9, 0.0, 0.0
    expected = []
    for t in (1, 2, 3):
        gradient = z + decay * z
        mean, square = b1 * mean + (1 - b1) * gradient, b2 * square + (1 - b2) * gradient**2
        z -= rate * mean / (1 - b1**t) / ((square / (1 - b2**t)) ** 0.5 + 1e-8)
        expected.append(z)
    np.testing.assert_allclose(
        descend(optimizers.adam_l2(rate, weight_decay=decay, b1=b1), 3), expected, rtol=1e-5
    )


@pytest.mark.parametrize("schedule, factors", [("cosine", [1, 0.5, 0]), ("linear", [1, 0.5, 0])])
def test_a_rate_that_falls_to_nothing(schedule, factors):
    tx = optimizers.build({"name": "sgd", "learning_rate": 0.1, "schedule": schedule}, num_steps=10)
    state, rates = tx.init(jnp.float32(0)), []
    for _ in range(11):
        update, state = tx.update(jnp.float32(-1), state)
        rates.append(float(update))
    np.testing.assert_allclose(rates[::5], 0.1 * np.array(factors), atol=1e-7)


@pytest.mark.parametrize(
    "spec, words",
    [
        (
            {"name": "adam", "learning_rate": 1.0, "schedule": "sine"},
            "unknown opt.schedule 'sine'; known: cosine, drops, linear",
        ),
        ({"name": "lbfgs", "schedule": "cosine"}, "a schedule needs a learning_rate"),
    ],
)
def test_schedules_that_make_no_sense(spec, words):
    with pytest.raises(InputError, match=words):
        optimizers.build(spec, num_steps=10, label="opt")


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="unknown optimiser 'nagg'"):
        optimizers.build({"name": "nagg"})
    with pytest.raises(InputError, match="momentun"):
        optimizers.build({"name": "nag", "learning_rate": 0.1, "momentun": 1})
