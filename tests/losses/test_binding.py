import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.losses import LOSSES, objective
from inpaint_jax.losses.binding import bind

VALUES = {
    "prediction": jnp.array([1.0, 3.0])[:, None, None, None] * jnp.ones((2, 4, 4, 3)),
    "target": jnp.zeros((2, 4, 4, 3)),
    "fake_logits": jnp.zeros(2),
}


def shifted(prediction, *, by=0.0, hole=None):
    """Return a loss value that depends on ``hole`` if it is available."""
    return prediction.mean((1, 2, 3)) + by + (0.0 if hole is None else 100.0)


TABLE = {**LOSSES, "shifted": shifted}


def test_weighted_sum_of_batch_means_and_unweighted_parts():
    total = objective({"l2_mean": {"weight": 0.5}, "generator_nonsaturating": {"weight": 3}})
    assert total.weights == {"l2_mean": 0.5, "generator_nonsaturating": 3.0}
    scalar, parts = jax.jit(total)(VALUES)
    assert scalar.shape == () and set(parts) == {"l2_mean", "generator_nonsaturating"}
    np.testing.assert_allclose(parts["l2_mean"], [1.0, 9.0], rtol=1e-6)
    np.testing.assert_allclose(parts["generator_nonsaturating"], [np.log(2)] * 2, rtol=1e-6)
    np.testing.assert_allclose(scalar, 0.5 * 5.0 + 3 * np.log(2), rtol=1e-6)


def test_gradient_is_the_weighted_one():
    total = objective({"l2_sum": {"weight": 0.25}})
    gradient = jax.grad(lambda p: total({**VALUES, "prediction": p})[0])(VALUES["prediction"])
    np.testing.assert_allclose(gradient, 0.25 * 2 * VALUES["prediction"] / 2, rtol=1e-6)


def test_a_weight_of_zero_switches_off():
    total = objective({"l2_mean": {"weight": 1.0}, "contextual_l1": {"weight": 0}})
    assert total.weights == {"l2_mean": 1.0}
    assert set(total(VALUES)[1]) == {"l2_mean"}  # contextual_l1 needs more than is available


def test_a_watched_term_is_a_part_and_not_in_the_sum():
    total = objective({"l2_mean": {"weight": 0.5}, "l1": {"weight": 0, "watch": True}})
    assert total.weights == {"l2_mean": 0.5, "l1": 0.0} and total.reads("prediction")
    scalar, parts = total(VALUES)
    np.testing.assert_allclose(parts["l1"], [1.0, 3.0], rtol=1e-6)
    np.testing.assert_allclose(scalar, 0.5 * 5.0, rtol=1e-6)
    with pytest.raises(InputError, match="loss 'l1': watch must be true or false, got 1"):
        objective({"l1": {"weight": 1.0, "watch": 1}})


def test_a_weight_for_every_example():
    total = objective({"l2_mean": {"weight": 0.5}})
    scalar, _ = total(VALUES, {"l2_mean": jnp.array([2.0, 4.0])})
    np.testing.assert_allclose(scalar, 0.5 * (2 * 1.0 + 4 * 9.0) / 2, rtol=1e-6)


def test_what_is_read():
    """Active terms read values by the value name; renamed parameters and options are not read."""
    total = bind(
        {
            "l2_mean": {"weight": 1.0},
            "part": {"fn": "generator_nonsaturating", "weight": 1.0, "fake_logits": "local_logits"},
            "whole": {"fn": "generator_nonsaturating", "weight": 0, "fake_logits": "global_logits"},
            "shifted": {"weight": 1.0, "by": 2.0},
        },
        TABLE,
    )
    asked = ("prediction", "target", "local_logits", "hole", "fake_logits", "global_logits", "by")
    assert [name for name in asked if total.reads(name)] == [
        "prediction",
        "target",
        "local_logits",
        "hole",
    ]


def test_a_value_of_another_name():
    """One loss reads the logits of two critics."""
    total = objective(
        {
            "whole": {"fn": "generator_nonsaturating", "weight": 1.0},
            "part": {"fn": "generator_nonsaturating", "weight": 1.0, "fake_logits": "local_logits"},
        },
    )
    _, parts = total({**VALUES, "local_logits": jnp.full(2, -50.0)})
    np.testing.assert_allclose(parts["whole"], [np.log(2)] * 2, rtol=1e-6)
    np.testing.assert_allclose(parts["part"], [50.0, 50.0], rtol=1e-6)
    with pytest.raises(
        InputError, match="loss 'part' needs local_logits; available here: fake_logits"
    ):
        total(VALUES)
    with pytest.raises(InputError, match="loss 'l1': target must be the name of a value"):
        objective({"l1": {"weight": 1.0, "target": 3.0}})


def test_an_objective_without_terms_is_zero():
    scalar, parts = objective({"l1": {"weight": 0.0}})({})
    assert scalar == 0.0 and parts == {}


def test_one_loss_under_two_labels_with_options():
    total = bind(
        {
            "low": {"fn": "shifted", "weight": 1.0},
            "high": {"fn": "shifted", "weight": 10.0, "by": 2.0},
        },
        TABLE,
    )
    scalar, parts = total(VALUES)
    np.testing.assert_allclose(parts["low"], [1.0, 3.0])
    np.testing.assert_allclose(parts["high"], [3.0, 5.0])
    np.testing.assert_allclose(scalar, 2.0 + 40.0)


def test_a_default_gives_way_to_an_available_value():
    total = bind({"shifted": {"weight": 1.0}}, TABLE)
    np.testing.assert_allclose(total(VALUES)[0], 2.0)
    np.testing.assert_allclose(total({**VALUES, "hole": jnp.ones((2, 4, 4, 1))})[0], 102.0)


def test_a_users_loss_by_module_and_attribute(tmp_path, monkeypatch):
    (tmp_path / "my_losses_of_this_test.py").write_text(
        "def edge(prediction):\n    return prediction.sum((1, 2, 3))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    total = objective({"edge": {"fn": "my_losses_of_this_test:edge", "weight": 0.1}})
    np.testing.assert_allclose(total(VALUES)[1]["edge"], [48.0, 144.0])


@pytest.mark.parametrize(
    "terms, expected",
    [
        ({"l3": {"weight": 1}}, "unknown loss 'l3'; known: contextual_l1"),
        ({"l1": {}}, "loss 'l1': weight must be a number, got None"),
        ({"l1": {"weight": "much"}}, "loss 'l1': weight must be a number, got 'much'"),
        ({"l1": {"weight": True}}, "weight must be a number, got True"),
        (
            {"overlap_l2": {"weight": 1, "ring": 3}},
            "'overlap_l2' has no option ring; its options: overlap, ring_weight",
        ),
        ({"l1": {"weight": 1, "p": 3}}, "loss 'l1' has no option p; its options: none"),
        ({"l1": {"weight": 0, "p": 3}}, "loss 'l1' has no option p"),
    ],
)
def test_a_config_that_makes_no_sense(terms, expected):
    with pytest.raises(InputError, match=expected):
        objective(terms)


def test_a_value_that_the_step_does_not_offer():
    total = objective({"reality": {"fn": "discriminator_bce", "weight": 1}})
    with pytest.raises(InputError) as error:
        jax.jit(total)(VALUES)
    message = "loss 'reality' needs real_logits; available here: fake_logits, prediction, target"
    assert str(error.value) == message


@pytest.mark.parametrize(
    "loss, returned",
    [
        (lambda prediction: prediction.mean(), r"shape \(\)"),
        (lambda prediction: prediction.mean(-1), r"shape \(2, 4, 4\)"),
        (lambda prediction: prediction.mean((0, 2, 3)), r"shape \(4,\)"),
        (lambda prediction: (prediction.mean((1, 2, 3)), 0), "tuple"),
        (lambda prediction: None, "NoneType"),
    ],
)
def test_a_loss_of_another_shape(loss, returned):
    total = bind({"mine": {"weight": 1}}, {"mine": loss})
    with pytest.raises(
        InputError,
        match=rf"loss 'mine' must return one number per example, \[2\], it returned {returned}",
    ):
        jax.jit(total)(VALUES)
