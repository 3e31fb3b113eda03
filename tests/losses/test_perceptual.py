"""Distances of features and class distributions: A-L4, A-L5, and their invariances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.losses.perceptual import feature_l2, jeffreys, semantic

RNG = np.random.default_rng(0)
ONE, OTHER = (RNG.normal(size=(2, 4, 4, 3)).astype(np.float32) for _ in range(2))


def test_class_distributions():
    """A-L4: KL 0.5108256 one way, 0.3680642 the other."""
    p, q = jnp.log(jnp.array([[0.5, 0.5]])), jnp.log(jnp.array([[0.9, 0.1]]))
    np.testing.assert_allclose(jeffreys(p, q), [0.8788898], rtol=1e-6)
    np.testing.assert_allclose(jeffreys(q, p + 3.0), [0.8788898], rtol=1e-6)
    assert jeffreys(p, p)[0] == 0
    np.testing.assert_allclose(
        jeffreys(jnp.array([[100.0, 0]]), jnp.array([[0, 100.0]])), [2 * 27.631021], rtol=1e-5
    )


def test_relative_distance():
    """A-L5: 5/3; scaling both maps by 7 changes nothing."""
    maps = {"a": jnp.array([1.0, 2, 3]).reshape(1, 1, 3, 1)}
    ones = {"a": jnp.ones((1, 1, 3, 1))}
    np.testing.assert_allclose(semantic(maps, ones, layers={"a": 1.0}), [5 / 3], rtol=1e-6)
    seven = [jax.tree.map(lambda x: 7 * x, its) for its in (maps, ones)]
    np.testing.assert_allclose(semantic(*seven, layers={"a": 1.0}), [5 / 3], rtol=1e-6)
    assert semantic(maps, maps, layers={"a": 1.0})[0] == 0
    np.testing.assert_allclose(
        semantic(maps | {"b": maps["a"]}, ones | {"b": ones["a"]}, layers={"a": 1, "b": 2}), [5]
    )


def test_a_target_that_stands_still():
    """Gradients pass through the completed image too, unless ``stop_target`` is set."""

    def pull(loss, other, **options):
        return jax.grad(lambda other: loss(other, **options).sum())(other)

    def relative(other, **options):
        return semantic({"a": ONE}, {"a": other}, layers={"a": 1.0}, **options)

    def symmetric(other, **options):
        return jeffreys(ONE[:, 0, 0], other, **options)

    for loss, other in ((relative, OTHER), (symmetric, OTHER[:, 0, 0])):
        assert (pull(loss, other) != 0).any() and (pull(loss, other, stop_target=True) == 0).all()


def test_features():
    found = feature_l2({"relu3_1": ONE}, {"relu3_1": OTHER})
    np.testing.assert_allclose(found, np.square(ONE - OTHER).sum((1, 2, 3)), rtol=1e-5)
    averaged = feature_l2({"relu3_1": ONE}, {"relu3_1": OTHER}, reduction="mean")
    np.testing.assert_allclose(averaged, np.square(ONE - OTHER).mean((1, 2, 3)), rtol=1e-5)
    with pytest.raises(InputError, match="unknown reduction 'max'; known: mean, sum"):
        feature_l2({"relu3_1": ONE}, {"relu3_1": OTHER}, reduction="max")
    with pytest.raises(
        InputError, match="feature_l2: no layer 'relu5_1' among relu3_1; choose one"
    ):
        feature_l2({"relu3_1": ONE}, {"relu3_1": OTHER}, layer="relu5_1")


def test_texture_does_not_know_places():
    moved = {"x": np.roll(ONE, (1, 2), (1, 2))}
    np.testing.assert_allclose(feature_l2({"x": ONE}, moved, layer="x", gram=True), 0, atol=1e-9)
    assert (feature_l2({"x": ONE}, moved, layer="x") > 1).all()
    by_hand = [
        np.einsum("pi,pj->ij", x.reshape(16, 3), x.reshape(16, 3)) / 16 for x in (ONE[0], OTHER[0])
    ]
    np.testing.assert_allclose(
        feature_l2({"x": ONE}, {"x": OTHER}, layer="x", gram=True)[0],
        np.square(by_hand[0] - by_hand[1]).sum(),
        rtol=1e-5,
    )


def test_shapes_that_differ():
    with pytest.raises(ValueError, match="features .*target_features"):
        feature_l2({"relu3_1": ONE}, {"relu3_1": OTHER[:, :2]})
    with pytest.raises(ValueError, match="class_logits .*completed_class_logits"):
        jeffreys(jnp.zeros((2, 3)), jnp.zeros((2, 4)))
