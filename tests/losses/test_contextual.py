import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import masks
from inpaint_jax.losses.contextual import contextual_l1, contextual_l2, importance_weight

KEY = jax.random.key(0)
CENTER = masks.center(KEY, 64, side=32)[None]


def make_image(seed):
    return jax.random.uniform(jax.random.key(seed), (1, 64, 64, 3), minval=-1.0)


def test_importance_of_the_centre_hole():
    weight = np.asarray(importance_weight(CENTER))[0, ..., 0]
    np.testing.assert_allclose(
        weight[[15, 14, 13, 12], 32], np.array([21, 14, 7, 0]) / 49, rtol=1e-6
    )
    np.testing.assert_allclose(
        weight[[15, 15, 13], [15, 16, 13]], np.array([9, 12, 1]) / 49, rtol=1e-6
    )
    np.testing.assert_allclose(weight.sum(), 106.7755102, rtol=1e-6)
    assert (weight > 0).sum() == 420
    assert not weight[16:48, 16:48].any()


def test_importance_of_the_left_hole_is_the_same_in_every_row():
    weight = np.asarray(importance_weight(masks.half(KEY, 64, side="left")[None]))[0, ..., 0]
    np.testing.assert_allclose(
        weight[:, 32:36], np.broadcast_to(np.array([3, 2, 1, 0]) / 7, (64, 4)), rtol=1e-6
    )
    np.testing.assert_allclose(weight.sum(), 54.8571429, rtol=1e-6)


def test_importance_of_one_missing_pixel():
    weight = np.asarray(importance_weight(jnp.zeros((1, 9, 9, 1)).at[0, 4, 4].set(1.0)))
    assert np.isclose(weight, 1 / 49).sum() == 48
    np.testing.assert_allclose(weight.sum(), 0.9795918, rtol=1e-6)


def test_importance_at_a_corner_reflects():
    hole = jnp.zeros((1, 5, 5, 1)).at[0, 0, 0].set(1.0)
    small, large = importance_weight(hole, window=3)[0, ..., 0], importance_weight(hole)[0, ..., 0]
    np.testing.assert_allclose(
        [small[0, 1], small[1, 1], small[2, 2]], [2 / 9, 1 / 9, 0], rtol=1e-6
    )
    np.testing.assert_allclose([large[0, 1], large[1, 1]], [4 / 49, 4 / 49], rtol=1e-6)


def test_importance_that_grows_away_from_the_hole():
    """First released code: M * conv(M), with sum 3072 known pixels minus the paper's 106.7755."""
    weight = importance_weight(CENTER, counted="known")
    np.testing.assert_allclose(weight.sum(), 3072 - 106.7755102, rtol=1e-6)
    assert weight[0, 0, 0, 0] == 1 and weight[0, 32, 32, 0] == 0
    np.testing.assert_allclose(weight[0, 15, 32, 0], 28 / 49, rtol=1e-6)
    with pytest.raises(ValueError, match="unknown pixels 'all' to count; known: missing, known"):
        importance_weight(CENTER, counted="all")


@pytest.mark.parametrize("window", [6, 13])
def test_a_window_that_makes_no_sense(window):
    with pytest.raises(ValueError, match=f"window must be odd and at most 2 . 5 . 1, got {window}"):
        importance_weight(jnp.zeros((1, 5, 5, 1)), window=window)


def test_gradient_is_the_signed_weight_outside_and_nothing_inside():
    weight = importance_weight(CENTER)
    g, y = make_image(0), make_image(1)
    gradient = jax.grad(lambda g: contextual_l1(g, y, weight).sum())(g)
    np.testing.assert_allclose(gradient, weight * jnp.sign(g - y), rtol=1e-6)
    assert not np.asarray(gradient)[:, 16:48, 16:48].any()


@pytest.mark.parametrize("loss", [contextual_l1, contextual_l2])
@pytest.mark.parametrize("value", [7.0, np.inf, np.nan])
def test_what_the_hole_holds_does_not_matter(loss, value):
    weight = importance_weight(CENTER)
    g, y = make_image(0), make_image(1)
    expected = loss(g, y, weight)
    poison = jnp.where(CENTER > 0.5, value, 0.0)
    np.testing.assert_array_equal(loss(g + poison, y, weight), expected)
    np.testing.assert_array_equal(loss(g, y + poison, weight), expected)
    gradient = jax.grad(lambda g: loss(g, y + poison, weight).sum())(g)
    assert jnp.isfinite(gradient).all()


def test_by_hand():
    weight = jnp.zeros((1, 2, 2, 1)).at[0, 0, 0].set(0.5)
    g, y = jnp.zeros((1, 2, 2, 3)), jnp.full((1, 2, 2, 3), 0.4)
    np.testing.assert_allclose(contextual_l1(g, y, weight), [3 * 0.5 * 0.4], rtol=1e-6)
    np.testing.assert_allclose(contextual_l2(g, y, weight), [3 * (0.5 * 0.4) ** 2], rtol=1e-6)
