import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.data.facades import Facades
from inpaint_jax.systems.exemplar import patches
from inpaint_jax.systems.exemplar.distances import fitted, squared_difference, with_gain_and_bias
from inpaint_jax.systems.exemplar.nearest_field import Sources, Target, exact
from inpaint_jax.systems.exemplar.randomised_field import randomised

RNG = np.random.default_rng(0)
COMPARISONS = {"squares": squared_difference(), "gain": with_gain_and_bias((0.9, 1.5), (-0.2, 0.2))}


def patches_of(count, planes=5, pixels=25):
    """Draw random patches, and masks of the pixels that count."""
    values = RNG.uniform(-1, 1, (count, pixels, planes)).astype(np.float32)
    return values, (RNG.uniform(size=(count, pixels)) < 0.6).astype(np.float32)


def task(image, known, *, patch, complete=True):
    """Search neighbours of the patches in the hole among the other patches, or among all."""
    counts = patches.counts(jnp.asarray(known), patch)
    valid = counts == patch * patch if complete else counts > 4
    image, known = jnp.asarray(image, jnp.float32), jnp.asarray(known, jnp.float32)
    return (
        Target(image, jnp.ones(known.shape), counts < patch * patch),
        Sources(image[None], known[None], valid[None]),
    )


def facade(size, number):
    return Facades(size=size)[number]["image"].astype(np.float32) / 127.5 - 1


def square_hole(size, side):
    known = np.ones((size, size), np.float32)
    start = (size - side) // 2
    known[start : start + side, start : start + side] = 0
    return known


def test_mean_squared_difference():
    (target, weight), (source, known) = patches_of(4), patches_of(4)
    both = weight * known
    expected = (both[..., None] * (target - source) ** 2).sum((1, 2)) / both.sum(1)
    np.testing.assert_allclose(
        COMPARISONS["squares"].each(target, weight, source, known), expected, rtol=1e-5
    )
    assert np.isinf(COMPARISONS["squares"].each(target, weight, source, 1 - weight)).all()


@pytest.mark.parametrize("name", COMPARISONS)
def test_all_pairs_are_each_pair(name):
    (target, weight), (source, known) = patches_of(4), patches_of(6)
    comparison = COMPARISONS[name]
    rows = [comparison.each(target, weight, source[[n] * 4], known[[n] * 4]) for n in range(6)]
    np.testing.assert_allclose(
        comparison.pairs(target, weight, source, known), np.stack(rows, 1), rtol=1e-4
    )


def test_gain_and_bias():
    """A brighter copy of a patch with more contrast has distance 0, within limits."""
    limits = {"gain": (0.9, 1.5), "bias": (-0.2, 0.2)}
    colours, known = patches_of(3, planes=3)
    factor, addend = jnp.array([1.2, 1.0, 2.0]), jnp.array([0.1, -0.2, 0.0])
    changed = factor[:, None, None] * colours + addend[:, None, None]
    gain, bias = fitted(changed, colours, known, **limits)
    np.testing.assert_allclose(gain, np.repeat([[1.2], [1.0], [1.5]], 3, 1), rtol=1e-3)
    np.testing.assert_allclose(bias[:2], np.repeat([[0.1], [-0.2]], 3, 1), atol=1e-3)
    # Derivatives of luma keep the gain and drop the bias.
    slopes = RNG.normal(size=(3, 25, 2)).astype(np.float32)
    target = jnp.concatenate([changed, factor[:, None, None] * slopes], -1)
    source = np.concatenate([colours, slopes], -1)
    distance = COMPARISONS["gain"].each(target, jnp.ones((3, 25)), source, known)
    np.testing.assert_allclose(distance[:2], 0, atol=1e-5)
    assert distance[2] > 0.01


def test_flat_patches_keep_their_gain():
    flat = jnp.full((1, 9, 3), 0.25)
    gain, bias = fitted(flat + 0.125, flat, jnp.ones((1, 9)), gain=(0.9, 1.5), bias=(-0.2, 0.2))
    np.testing.assert_allclose(gain, 1.0, rtol=1e-5)
    np.testing.assert_allclose(bias, 0.125, atol=1e-6)


@pytest.mark.parametrize("complete", [True, False])
def test_exact_is_the_minimum_over_all_sources(complete):
    known = np.ones((14, 17), np.float32)
    known[4:9, 5:12] = 0
    if not complete:
        known[RNG.uniform(size=known.shape) < 0.5] = 0
    image = RNG.uniform(-1, 1, (14, 17, 3)).astype(np.float32)
    target, sources = task(image, known, patch=3, complete=complete)
    field = exact(target, sources, COMPARISONS["squares"], patch=3, chunk=(32, 16))
    cut = np.array(patches.gather(image[None], jnp.arange(12 * 15), 3))
    counts = np.array(patches.gather(known[None, ..., None], jnp.arange(12 * 15), 3))[..., 0]
    valid = np.asarray(sources.valid).ravel()
    for anchor in range(12 * 15):
        found, distance = int(field.source.ravel()[anchor]), float(field.distance.ravel()[anchor])
        if not target.wanted.ravel()[anchor]:
            assert (found, distance) == (0, np.inf)
            continue
        all_distances = (counts[..., None] * (cut - cut[anchor]) ** 2).sum((1, 2)) / counts.sum(
            1
        ).clip(1)
        all_distances[~valid] = np.inf
        all_distances[anchor] = np.inf  # a patch never matches itself
        assert found == all_distances.argmin()
        np.testing.assert_allclose(distance, all_distances.min(), rtol=1e-5)


def test_a_field_does_not_depend_on_chunks():
    target, sources = task(facade(32, 0), square_hole(32, 10), patch=5)
    fields = [
        exact(target, sources, COMPARISONS["squares"], patch=5, chunk=chunk)
        for chunk in ((512, 512), (64, 100))
    ]
    assert (fields[0].source == fields[1].source).all()
    np.testing.assert_allclose(fields[0].distance, fields[1].distance)


def test_distances_do_not_shrink_with_the_weights_of_a_patch():
    """Deep inside a hole all weights are tiny."""
    target, sources = task(facade(32, 0), square_hole(32, 10), patch=5)
    whole, tiny = (
        exact(
            target._replace(weight=scale * target.weight), sources, COMPARISONS["squares"], patch=5
        )
        for scale in (1.0, 2.0**-60)
    )
    np.testing.assert_array_equal(tiny.distance, whole.distance)
    assert jnp.isfinite(tiny.distance[target.wanted]).all()


@functools.partial(jax.jit, static_argnames="passes")
def search(key, target, sources, start, passes=5):
    return randomised(key, target, sources, COMPARISONS["squares"], start, patch=7, passes=passes)


def test_randomised_after_5_passes_is_within_5_percent_of_exact():
    compare_all = jax.jit(lambda *a: exact(*a, COMPARISONS["squares"], patch=7))
    for number in range(4):
        target, sources = task(facade(64, number), square_hole(64, 24), patch=7)
        start = jnp.zeros(target.wanted.shape, jnp.int32)
        field, best = (
            search(jax.random.key(number), target, sources, start),
            compare_all(target, sources),
        )
        distance, least = field.distance[target.wanted], best.distance[target.wanted]
        assert sources.valid.ravel()[field.source[target.wanted]].all()
        assert (distance >= least - 1e-6).all() and jnp.isinf(field.distance[~target.wanted]).all()
        assert least.mean() <= distance.mean() < 1.05 * least.mean()


def test_randomised_is_a_function_of_its_key_and_never_leaves_the_optimum():
    target, sources = task(facade(64, 5), square_hole(64, 24), patch=7)
    start = jnp.zeros(target.wanted.shape, jnp.int32)
    one, same, other = (
        search(jax.random.key(n), target, sources, start, passes=1) for n in (1, 1, 2)
    )
    assert (one.source == same.source).all() and not (one.source == other.source).all()
    best = exact(target, sources, COMPARISONS["squares"], patch=7)
    kept = search(jax.random.key(3), target, sources, best.source, passes=1)
    np.testing.assert_allclose(
        kept.distance[target.wanted], best.distance[target.wanted], rtol=1e-4, atol=1e-6
    )


def test_randomised_finds_its_way_into_another_image():
    """A second source image contains the shifted content of the hole."""
    image, known = RNG.uniform(-1, 1, (40, 40, 3)).astype(np.float32), square_hole(40, 8)
    target, _ = task(image, known, patch=7)
    stack = jnp.stack([jnp.asarray(image), jnp.roll(jnp.asarray(image), (6, -5), (0, 1))])
    known = jnp.stack([jnp.asarray(known), jnp.ones((40, 40))])
    sources = Sources(stack, known, patches.counts(known, 7) == 49)
    start = jnp.zeros(target.wanted.shape, jnp.int32)
    field = search(jax.random.key(0), target, sources, start, passes=8)
    row, column = jnp.mgrid[:34, :34]
    true = patches.join(jnp.int32(1), row + 6, column - 5, (34, 34))
    assert (field.source == true)[target.wanted].all() and (
        field.distance[target.wanted] == 0
    ).all()
