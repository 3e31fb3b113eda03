"""A-N1 to A-N3 of the specification: Nesterov's descent and its decay."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inpaint_jax import optimizers
from inpaint_jax.errors import InputError


def descend(tx, steps, z=0.9):
    """z_1 .. z_steps on f = z^2 / 2, whose gradient is z."""
    z = jnp.float32(z)
    state, path = tx.init(z), []
    for _ in range(steps):
        updates, state = tx.update(z, state, z)
        z = optax.apply_updates(z, updates)
        path.append(float(z))
    return path


def code_form(steps, z=0.9, momentum=0.9):
    """The released code's own recurrence with its decaying rate, in double precision."""
    v, path = 0.0, []
    for t in range(steps):
        before, v = v, momentum * v - 0.01 * 0.95 ** (t // 100 + 1) * z
        z = z - momentum * before + (1 + momentum) * v
        path.append(z)
    return path


def test_constant_rate():
    expected = [0.8829, 0.8588349, 0.8288045, 0.7937595, 0.7545967]
    np.testing.assert_allclose(descend(optimizers.nag(0.01), 5), expected, rtol=1e-6)
    np.testing.assert_allclose(descend(optax.sgd(0.01, momentum=0.9, nesterov=True), 5), expected, rtol=1e-6)


def test_decaying_rate():
    np.testing.assert_allclose(
        descend(optimizers.nag(0.01, decay=0.95), 3), [0.883755, 0.8608777, 0.8323054], rtol=1e-6
    )


@pytest.mark.parametrize("step, rate", [(0, 0.0095), (99, 0.0095), (100, 0.009025), (1499, 0.0046329123)])
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
            "unknown opt.schedule 'sine'; known: cosine, linear",
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
