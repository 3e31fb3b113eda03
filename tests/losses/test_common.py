"""Requirements for every loss; a loss added to ``LOSSES`` needs no new test here."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from inpaint_jax import losses
from inpaint_jax.errors import InputError
from inpaint_jax.losses import LOSSES, objective

NOT_DIFFERENTIATED = {"hole", "importance"}


def bound(loss, values):
    """Return the loss as a function of its differentiable values, and the values."""
    names = [name for name, p in inspect.signature(loss).parameters.items() if p.default is p.empty]
    if unknown := [name for name in names if name not in values]:
        pytest.fail(f"{loss.__name__} names {unknown}: say in conftest.py what they look like")
    fixed = {name: values[name] for name in names if name in NOT_DIFFERENTIATED}
    free = {name: values[name] for name in names if name not in NOT_DIFFERENTIATED}
    return (lambda free: loss(**free, **fixed)), free


def single(values):
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), values)


every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@every_loss
def test_one_number_per_example(loss, samples):
    values = single(samples())
    call, free = bound(loss, values)
    eager, jitted = call(free), jax.jit(call)(free)
    assert eager.shape == values["hole"].shape[:1] and eager.dtype == jnp.float32
    np.testing.assert_allclose(eager, jitted, rtol=1e-5)


@every_loss
def test_an_example_does_not_see_its_batch_mates(loss, samples):
    values = single(samples())
    call, free = bound(loss, values)
    together = call(free)
    for i in range(len(together)):
        alone, free = bound(loss, jax.tree.map(lambda x, i=i: x[i : i + 1], values))
        np.testing.assert_allclose(alone(free), together[i : i + 1], rtol=1e-5)

    def one(values):
        call, free = bound(loss, jax.tree.map(lambda x: x[None], values))
        return call(free)[0]

    np.testing.assert_allclose(jax.vmap(one)(values), together, rtol=1e-5)


@every_loss
def test_gradient_against_finite_differences(loss, samples):
    with jax.enable_x64(True):
        values = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), samples())
        call, free = bound(loss, values)
        check_grads(call, (free,), order=1, modes=["rev"], rtol=1e-6, atol=1e-6)


@every_loss
@pytest.mark.parametrize("missing", [0.0, 1.0], ids=["no hole", "nothing but hole"])
@pytest.mark.parametrize("logit", [-50.0, 50.0])
def test_finite_at_the_ends(loss, missing, logit, samples):
    call, free = bound(loss, single(samples(missing, logit)))
    value, pull = jax.vjp(call, free)
    assert jnp.isfinite(value).all()
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(pull(jnp.ones_like(value))))


@every_loss
def test_integers_are_refused(loss, samples):
    """Pass the uint8 values of an image file by mistake."""
    values = single(samples())
    names = [name for name, p in inspect.signature(loss).parameters.items() if p.default is p.empty]
    for name in names:
        wrong = jax.tree.map(lambda x: x.astype(jnp.int32), values[name])
        with pytest.raises(InputError, match="must be float, got int32") as caught:
            loss(**{other: values[other] for other in names} | {name: wrong})
        assert "\n" not in str(caught.value)


@every_loss
def test_options_are_keyword_only(loss):
    for name, parameter in inspect.signature(loss).parameters.items():
        assert (parameter.default is not parameter.empty) == (
            parameter.kind is parameter.KEYWORD_ONLY
        ), name


def test_every_loss_is_public():
    assert {loss.__name__ for loss in LOSSES.values()} <= set(losses.__all__)


def test_a_loss_of_ones_own(documented):
    """Differences of an image whose values are the column numbers: 1 along x, 0 along y."""
    documented(losses)
    ramp = jnp.broadcast_to(jnp.arange(4.0)[:, None], (2, 4, 4, 3))
    for axis, expected in ((1, 0.0), (2, 1.0)):
        terms = {"edge": {"fn": "my_losses:edge_l1", "weight": 0.5, "axis": axis}}
        total, parts = objective(terms)({"prediction": ramp, "target": 0 * ramp})
        np.testing.assert_array_equal(parts["edge"], [expected] * 2)
        assert total == expected / 2
