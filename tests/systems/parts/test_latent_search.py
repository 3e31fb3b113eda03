"""The parts of a latent search; the generator's image is the latent, so all numbers are known."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.networks.functional import Network, pure
from inpaint_jax.networks.layers import BatchNorm
from inpaint_jax.optimization import state
from inpaint_jax.systems import Driver
from inpaint_jax.systems.parts import latent_search
from inpaint_jax.systems.parts.search_loss import SearchLoss

SIDE, Z = 4, 16
KEYS = jax.random.split(jax.random.key(1), 2)
IMAGES = np.random.default_rng(0).uniform(-0.9, 0.9, (2, SIDE, SIDE, 1)).astype(np.float32)
HOLE = np.zeros((2, SIDE, SIDE, 1), np.float32)
HOLE[:, 1:3, 1:3] = 1


def paint(params, stats, latent, *, train):
    """Return the latent times a parameter; twice that with the statistics of a batch."""
    return params * (2.0 if train else 1.0) * latent.reshape(-1, SIDE, SIDE, 1), stats


def judge(params, stats, images, *, train):
    return images.mean((1, 2, 3)) + params, stats


NETWORKS = {
    "generator": Network(lambda key, z: (1.0, {}), paint),
    "critic": Network(lambda key, x: (0.0, {}), judge),
}
STATES = {
    "prior": state.create(
        jax.random.key(0),
        {
            name: (jnp.float32(value), {}, optax.identity())
            for name, value in (("generator", 0.5), ("critic", 3.0))
        },
    )
}
SEARCH = dict(
    optimizer=dict(name="sgd", learning_rate=1.0),
    iterations=2,
    tolerance=0.0,
    patience=50,
    restarts=1,
    start="uniform",
    projection="none",
    answer="last",
    window=0,
    batch_norm="running",
)


def searched(losses=None, blend="paste", **changes):
    return latent_search.build(
        "prior",
        **NETWORKS,
        latent_size=Z,
        losses=losses or {"l2_sum": {"weight": 2.0}},
        search={**SEARCH, **changes},
        blend={"method": blend, "edge": "known"},
    )


def run(search, k=1):
    system = latent_search.system(search, size=SIDE)
    progress = system.begin(STATES, IMAGES, HOLE, KEYS, k)
    while not progress.done.all():
        progress = jax.jit(system.advance)(STATES, progress)
    return progress, system.finish(STATES, progress)


def test_values_available_to_losses():
    """Latent 1 paints 0.5; the critic returns the mean plus 3; known pixels have weight 1."""
    seen = {}

    def judged(states, prediction, completed):
        seen.update(prediction=prediction, completed=completed)
        return {"mine": prediction}

    total = objective({"l1": {"weight": 1.0}})
    loss = SearchLoss(
        "prior", **NETWORKS, total=total, window=0, mode={"train": False}, judge=judged
    )
    damaged = jnp.asarray(IMAGES * (1 - HOLE))
    total, parts = loss(
        STATES, damaged, jnp.asarray(HOLE), loss.importance(jnp.asarray(HOLE)), jnp.ones((2, Z))
    )
    np.testing.assert_allclose(parts["l1"], np.abs(0.5 - damaged).mean((1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(total, parts["l1"].mean(), rtol=1e-6)
    np.testing.assert_array_equal(seen["completed"], np.where(HOLE > 0.5, 0.5, IMAGES))
    np.testing.assert_allclose(loss.score(STATES, seen["prediction"]), [3.5, 3.5])
    np.testing.assert_array_equal(loss.importance(HOLE), 1 - HOLE)


def test_statistics_of_the_sample():
    assert (searched(batch_norm="sample").loss.paint(STATES, jnp.ones((1, Z))) == 1.0).all()
    assert (searched().loss.paint(STATES, jnp.ones((1, Z))) == 0.5).all()


class Normed(nn.Module):
    """Batch norm of the latent as an image, without scale."""

    axis_name: str | None = None

    @nn.compact
    def __call__(self, latent, *, train):
        image = latent.reshape(-1, SIDE, SIDE, 1)
        return BatchNorm(use_scale=False, axis_name=self.axis_name)(
            image, use_running_average=not train
        )


def test_batch_norm_by_value(monkeypatch):
    """A search normalises by the statistics of each image, of the batch, or by running ones."""
    net = state.NetworkState({"BatchNorm_0": {"bias": jnp.full(1, 0.5)}}, {}, ())
    net = net._replace(
        stats={"batch_stats": {"BatchNorm_0": {"mean": jnp.full(1, 2.0), "var": jnp.full(1, 4.0)}}}
    )
    states = {
        "prior": STATES["prior"]._replace(networks=STATES["prior"].networks | {"generator": net})
    }
    monkeypatch.setitem(NETWORKS, "generator", pure(Normed()))
    latents = np.random.default_rng(0).normal(1, 3, (2, Z)).astype(np.float32)
    expected = {
        "sample": (latents - latents.mean(1, keepdims=True))
        / np.sqrt(latents.var(1, keepdims=True) + 1e-5),
        "running": (latents - 2) / np.sqrt(4 + 1e-5),
    }
    expected["batch"] = (latents - latents.mean()) / np.sqrt(latents.var() + 1e-5)
    for mode, values in expected.items():
        loss = searched(batch_norm=mode).loss
        found = jax.vmap(lambda z, loss=loss: loss.paint(states, z[None])[0], axis_name="images")(
            latents
        )
        np.testing.assert_allclose(
            found.reshape(2, Z), values + 0.5, rtol=1e-5, atol=1e-5, err_msg=mode
        )


def test_weights_that_follow_from_the_family():
    """A weight of 2 counts three times in one family, five times in another; the other is fixed."""
    built = latent_search.build(
        "prior",
        **NETWORKS,
        latent_size=Z,
        losses={"l2_sum": {"weight": 2.0}, "l1": {"weight": 1.0}},
        search=SEARCH,
        blend={"method": "paste", "edge": "known"},
        scales=lambda states, hole, family: {"l2_sum": jnp.array([3.0, 5.0, 7.0])[family]},
        families=("center", "left"),
    )
    system = latent_search.system(built, size=SIDE)
    for family, factor in (("center", 3.0), ("left", 5.0), ("top", 7.0), ("", 7.0)):
        weights = system.weights(STATES, HOLE, family)
        np.testing.assert_array_equal(weights["l2_sum"], [2 * factor] * 2)
        assert weights["l1"] == 1.0
    progress = system.begin(STATES, IMAGES, HOLE, KEYS, 1, family=jnp.array([1, 0]))
    traces = system.advance(STATES, progress).searches.trace
    for row, factor in ((0, 5.0), (1, 3.0)):
        expected = 2 * factor * traces["l2_sum"][row] + traces["l1"][row]
        np.testing.assert_allclose(traces["total"][row], expected, rtol=1e-5)


def test_a_watched_term_is_traced_and_changes_nothing():
    alone, watching = (
        run(searched({"l2_sum": {"weight": 2.0}, **watched}))[1]
        for watched in ({}, {"l1": {"weight": 0.0, "watch": True}})
    )
    np.testing.assert_array_equal(watching.images, alone.images)
    np.testing.assert_array_equal(watching.traces["total"], alone.traces["total"])
    assert set(watching.traces) == {*alone.traces, "l1"} and (watching.traces["l1"] > 0).all()


def origin(key, shape):
    """A user-defined start."""
    return jnp.zeros(shape)


def halve(key, latent):
    """A user-defined projection."""
    return latent / 2


def test_a_start_and_a_projection_of_ones_own():
    """Compute by hand: z = 0 paints z / 2 with loss 2 |z / 2 - y|^2 and gradient -2 y.

    y is the damaged image. The second iterate, the last evaluated one, is half of 2 y and paints
    y / 2. Any hole is supported.
    """
    search = searched(start=f"{__name__}:origin", projection=f"{__name__}:halve")
    progress, completion = run(search)
    damaged = IMAGES * (1 - HOLE)
    np.testing.assert_allclose(
        progress.searches.best_latent[:, 0], damaged.reshape(2, Z), rtol=1e-5, atol=1e-6
    )
    expected = np.where(HOLE > 0.5, damaged / 2, IMAGES)
    np.testing.assert_allclose(completion.images[:, 0], expected, rtol=1e-5, atol=1e-6)
    first, second = (2 * np.square(damaged * share).sum((1, 2, 3)) for share in (1.0, 0.5))
    np.testing.assert_allclose(completion.traces["total"], np.stack([first, second], 1), rtol=1e-5)
    np.testing.assert_array_equal(completion.evaluations, [2, 2])
    assert latent_search.system(search, size=SIDE).supports(HOLE[0]) is None


def test_answers_come_best_first():
    """A search makes at least as many restarts as answers."""
    _, completion = run(searched(optimizer=dict(name="sgd", learning_rate=1e-3)), k=3)
    assert completion.images.shape == (2, 3, SIDE, SIDE, 1)
    assert (np.diff(completion.losses["total"], axis=1) >= 0).all()
    np.testing.assert_array_equal(completion.evaluations, [6, 6])


def test_the_mean_of_the_restarts():
    """The answer "mean" pastes the mean of the images of all restarts, with the mean losses."""
    slow = dict(optimizer=dict(name="sgd", learning_rate=1e-3), restarts=3)
    _, each = run(searched(**slow, answer="best"), k=3)
    _, mean = run(searched(**slow, answer="mean"))
    np.testing.assert_allclose(mean.images, each.images.mean(1, keepdims=True), atol=1e-6)
    for term, values in each.losses.items():
        np.testing.assert_allclose(mean.losses[term], values.mean(1, keepdims=True), rtol=1e-6)
    np.testing.assert_array_equal(mean.traces["total"], each.traces["total"])
    np.testing.assert_array_equal(mean.evaluations, [6, 6])
    assert np.abs(each.images[:, 0] - each.images[:, 1]).max() > 0.1
    assert latent_search.system(searched(answer="best"), size=SIDE).most is None
    system = latent_search.system(searched(answer="mean"), size=SIDE)
    with pytest.raises(InputError, match="gives one completion per image, not 2"):
        Driver(system, STATES, slots=2, k=2)


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(iterations=0), "iterations, patience and restarts must be at least 1"),
        (dict(tolerance=-0.1), "tolerance at least 0"),
        (
            dict(projection="clop"),
            "unknown search.projection 'clop'; known: clip, none, stochastic",
        ),
        (dict(start="zero"), "unknown search.start 'zero'"),
        (dict(answer="first"), "unknown search.answer 'first'"),
        (dict(batch_norm="none"), "unknown search.batch_norm 'none'"),
        (dict(blend="glue"), "unknown blend.method 'glue'"),
        (dict(start="learnt"), "a learnt start needs a config with the stage"),
        (dict(start="learnt", batch_norm="sample"), "a learnt start needs running statistics"),
    ],
)
def test_what_makes_no_search(changes, words):
    with pytest.raises(InputError, match=words) as caught:
        searched(**changes)
    assert "\n" not in str(caught.value)
