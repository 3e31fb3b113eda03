"""The latent loop on toys: A-N4 to A-N8 and A-S2 of the specification."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import latent_inpainting as search
from inpaint_jax import latents, masks, metrics
from inpaint_jax.errors import InputError
from inpaint_jax.losses.contextual import contextual_l1, importance_weight
from inpaint_jax.naming import resolve
from inpaint_jax.optimization import optimizers

NAG = partial(optimizers.nag, 0.01)


def toy_loss(latent):
    """G(z) = z, weights (1, .5, .25, 0), L1 context; A-N5."""
    weights, target = jnp.array([1, 0.5, 0.25, 0]), jnp.array([0.5, -0.5, 0.25, 0])
    value = (weights * jnp.abs(latent - target)).sum()
    return value, {"contextual": value}


START = jnp.array([0, 0, 0, 0.7])


@pytest.mark.parametrize(
    "decay, history, best",
    [
        (1.0, (0.8125, 0.7875625, 0.1924362), 0.0073973),
        (0.95, (0.8125, 0.7888094, 0.2234394), 0.00098768),
    ],
)
def test_toy_history(decay, history, best):
    found = search.invert(toy_loss, START, tx=NAG(decay=decay), num_steps=200, project=search.clip)
    trace = np.asarray(found.trace["total"])
    np.testing.assert_allclose(trace[[0, 1, 10]], history, rtol=1e-5)
    np.testing.assert_allclose(found.best["total"], best, atol=1e-6)
    assert found.best["total"] == trace.min()
    assert found.best_latent[3] == np.float32(0.7)
    np.testing.assert_array_equal(trace, found.trace["contextual"])


def test_clip_keeps_the_velocity():
    path, latent = [], jnp.array([0.95])
    for steps in (1, 2, 3, 4):
        loss = lambda z: (-z.sum(), {})  # noqa: E731  gradient -1 everywhere
        path.append(
            float(
                search.invert(loss, latent, tx=NAG(), num_steps=steps, project=search.clip).latent[
                    0
                ]
            )
        )
    np.testing.assert_allclose(path, [0.969, 0.9961, 1.0, 1.0], rtol=1e-6)


def test_stochastic_projection_redraws_only_what_left():
    latent = jnp.array([0.3, -1.2, 1.5, -0.9])
    projected = search.stochastic_clip(jax.random.key(0), latent)
    np.testing.assert_array_equal(projected[jnp.array([0, 3])], latent[jnp.array([0, 3])])
    assert (jnp.abs(projected) < 1).all()


def test_first_iterate_is_a_candidate_and_the_last_is_not():
    found = search.invert(toy_loss, START, tx=NAG(), num_steps=1, project=search.clip)
    np.testing.assert_array_equal(found.best_latent, START)
    assert not (found.latent == START).all()


@pytest.mark.parametrize("num_steps, chunk", [(7, 3), (6, 3), (200, 50)])
def test_chunks_are_the_whole(num_steps, chunk):
    options = {"tx": NAG(), "num_steps": num_steps}
    whole = search.invert(toy_loss, START, project=search.clip, **options)
    part = search.start(jax.random.key(0), START, ("contextual",), chunk=chunk, **options)
    go = jax.jit(lambda s: search.advance(s, toy_loss, project=search.clip, chunk=chunk, **options))
    for _ in range(-(-num_steps // chunk) + 2):  # two too many: they must change nothing
        part = go(part)
    assert part.step == num_steps
    np.testing.assert_allclose(part.trace["total"][:num_steps], whole.trace["total"], atol=1e-6)
    np.testing.assert_allclose(part.best_latent, whole.best_latent, atol=1e-6)
    np.testing.assert_allclose(part.latent, whole.latent, atol=1e-6)


@pytest.mark.parametrize("chunk", [5, 10, 40])
def test_an_early_finish_is_the_same_in_any_chunks(chunk):
    """f = |z|, one step of 0.1 at a time: 1.0 at first;
    a window of 5 falls from it to 0.6, then 0.1, then no more.
    """
    options = {"tx": optimizers.build({"name": "sgd", "learning_rate": 0.1}), "num_steps": 40}
    rules = {"project": search.unconstrained, "tolerance": 0.01, "patience": 5}
    loss = lambda z: (jnp.abs(z).sum(), {"size": jnp.abs(z).sum()})  # noqa: E731
    found = search.start(jax.random.key(0), jnp.ones(1), ("size",), chunk=chunk, **options)
    go = jax.jit(lambda s: search.advance(s, loss, chunk=chunk, **options, **rules))
    for _ in range(40 // chunk):
        found = go(found)
    np.testing.assert_allclose(found.trace["total"][:11], 1 - 0.1 * np.arange(11), atol=1e-6)
    # After 15 steps the least loss is 0 (at the 11th), after 20 it still is.
    assert found.done and found.step == found.evaluations == 20
    assert (
        np.isnan(found.trace["total"][20:]).all() and np.isfinite(found.trace["total"][:20]).all()
    )
    np.testing.assert_array_equal(found.trace["evaluations"][:20], 1 + np.arange(20))


def test_without_tolerance_nothing_ends_early():
    loss = lambda z: (0 * z.sum(), {})  # noqa: E731
    found = search.invert(loss, jnp.ones(1), tx=NAG(), num_steps=120, project=search.clip)
    assert found.step == 120 and found.done


def test_the_last_iterate_can_be_the_answer():
    options = {
        "tx": optimizers.build({"name": "sgd", "learning_rate": 0.4}),
        "num_steps": 4,
        "chunk": 4,
    }
    loss = lambda z: (jnp.abs(z).sum(), {})  # noqa: E731  evaluated at 0.9, 0.5, 0.1, -0.3
    begin = search.start(jax.random.key(0), 0.9 * jnp.ones(1), (), **options)
    for keep_last, answer in ((False, 0.1), (True, -0.3)):
        found = search.advance(begin, loss, project=search.clip, keep_last=keep_last, **options)
        np.testing.assert_allclose(found.best_latent, [answer], atol=1e-6)
        np.testing.assert_allclose(found.best["total"], abs(answer), atol=1e-6)


@pytest.mark.parametrize(
    "spec", [{"name": "nag", "learning_rate": 0.01}, {"name": "adam", "learning_rate": 0.03}]
)
@pytest.mark.parametrize("keep_last", [False, True])
def test_a_latent_can_be_any_pytree(spec, keep_last):
    """Optimisers that go by single entries do the same to two arrays as to the two in one."""
    tx = optimizers.build(spec, num_steps=50)
    options = {"tx": tx, "num_steps": 50, "project": search.clip, "keep_last": keep_last}
    whole = search.invert(toy_loss, START, **options)

    def loss(latent):
        return toy_loss(jnp.concatenate([latent["first"], *latent["rest"]]))

    parts = search.invert(loss, {"first": START[:1], "rest": (START[1:3], START[3:])}, **options)
    for latent, expected in ((parts.best_latent, whole.best_latent), (parts.latent, whole.latent)):
        assert jax.tree.structure(latent) == jax.tree.structure({"first": 0, "rest": (0, 0)})
        np.testing.assert_allclose(
            jnp.concatenate([latent["first"], *latent["rest"]]), expected, atol=1e-6
        )
    np.testing.assert_allclose(parts.trace["total"], whole.trace["total"], atol=1e-6)


def test_a_line_search_over_two_arrays():
    """(a - 3)^2 + 10 (b + 2)^2: the minimum of a quadratic is found from anywhere."""
    loss = lambda z: jnp.square(z["a"] - 3).sum() + 10 * jnp.square(z["b"] + 2).sum()  # noqa: E731
    tx = optimizers.build({"name": "lbfgs", "memory_size": 4}, num_steps=15)
    starts = {"a": jnp.linspace(-5, 5, 3)[:, None], "b": jnp.ones((3, 2))}
    found = jax.jit(jax.vmap(lambda start: search.invert(loss, start, tx=tx, num_steps=15)))(starts)
    np.testing.assert_allclose(found.best_latent["a"], jnp.full((3, 1), 3.0), atol=1e-3)
    np.testing.assert_allclose(found.best_latent["b"], jnp.full((3, 2), -2.0), atol=1e-3)
    assert set(found.trace) == {"total", "evaluations"} and (found.evaluations > 15).all()


def test_projections_of_several_arrays():
    latent = {"a": jnp.array([0.3, -1.2, 1.5]), "b": jnp.array([0.3, -1.2, 1.5])}
    for leaf in jax.tree.leaves(search.clip(jax.random.key(0), latent)):
        np.testing.assert_array_equal(leaf, jnp.array([0.3, -1, 1]))
    drawn = search.stochastic_clip(jax.random.key(0), latent)
    for leaf in jax.tree.leaves(drawn):
        assert leaf[0] == jnp.float32(0.3) and (jnp.abs(leaf) < 1).all()
    assert (drawn["a"][1:] != drawn["b"][1:]).all()
    alone = search.stochastic_clip(jax.random.key(0), {"a": latent["a"]})
    np.testing.assert_array_equal(
        alone["a"], search.stochastic_clip(jax.random.key(0), latent["a"])
    )
    assert search.unconstrained(jax.random.key(0), latent) is latent


def test_a_projection_of_ones_own(documented):
    documented(latents)
    project = resolve("my_projections:sphere", search.PROJECTIONS, kind="search.projection")
    np.testing.assert_allclose(
        project(jax.random.key(0), jnp.array([3.0, 0, 0, 4])), [1.2, 0, 0, 1.6], rtol=1e-6
    )
    loss = lambda z: -z[0]  # noqa: E731  uphill along the first axis: its pole is (2, 0, 0, 0)
    tx = optimizers.build({"name": "sgd", "learning_rate": 0.5})
    found = search.invert(loss, jnp.ones(4), tx=tx, num_steps=60, project=project)
    np.testing.assert_allclose(found.best_latent, [2, 0, 0, 0], atol=1e-3)


@pytest.mark.parametrize("chunk", [None, 5, 15])
def test_invert_finishes_early(chunk):
    """As in the test of chunks: 20 of 40 steps, one of 0.1 at a time from 1."""
    tx = optimizers.build({"name": "sgd", "learning_rate": 0.1})
    rules = {"num_steps": 40, "tolerance": 0.01, "patience": 5, "chunk": chunk}
    found = search.invert(lambda z: jnp.abs(z).sum(), jnp.ones(1), tx=tx, **rules)
    assert found.step == found.evaluations == 20 and found.done
    assert found.trace["total"].shape == (40,) and np.isfinite(found.trace["total"]).sum() == 20
    np.testing.assert_allclose(found.trace["total"][:11], 1 - 0.1 * np.arange(11), atol=1e-6)


@pytest.mark.parametrize(
    "changed, expected",
    [
        ({"num_steps": 0}, "num_steps, patience and chunk must be at least 1"),
        ({"chunk": 0}, "at least 1"),
        ({"tolerance": -0.1}, "tolerance at least 0"),
        ({"latent": jnp.ones(3, int)}, "a latent must be float, got int32"),
        (
            {"loss": lambda z: z},
            r"a loss returns a scalar, or \(scalar, {term: scalar}\), got \(3,\)",
        ),
        (
            {"loss": lambda z: (z.sum(), z)},
            r"a loss returns a scalar, or \(scalar, {term: scalar}\), got",
        ),
    ],
)
def test_what_makes_no_search(changed, expected):
    arguments = {"loss": jnp.sum, "latent": jnp.ones(3), "tx": NAG(), "num_steps": 2} | changed
    with pytest.raises(InputError, match=expected):
        search.invert(arguments.pop("loss"), arguments.pop("latent"), **arguments)


def test_chunk_length_covers_with_least_padding():
    assert [search.chunk_length(n) for n in (1500, 400, 50, 51, 20, 1)] == [50, 50, 50, 26, 20, 1]


@pytest.fixture(scope="module")
def toy_generator():
    """A-S2: tanh(tanh(z W1) W2), 8 latents, 64 hidden units, 16x16x3."""
    keys = jax.random.split(jax.random.key(3), 2)
    first = jax.random.normal(keys[0], (8, 64)) / np.sqrt(8)
    second = jax.random.normal(keys[1], (64, 16 * 16 * 3)) / np.sqrt(64)
    return lambda latent: jnp.tanh(jnp.tanh(latent @ first) @ second).reshape(16, 16, 3)


OPTIMIZERS = {
    "nag": ({"name": "nag", "learning_rate": 0.01, "decay": 0.95}, 1500),
    "adam": ({"name": "adam", "learning_rate": 0.03}, 1000),
    "cosine": ({"name": "adam", "learning_rate": 0.3, "schedule": "cosine"}, 300),
    "lbfgs": ({"name": "lbfgs", "memory_size": 8}, 150),
}


@pytest.mark.parametrize("spec, num_steps", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_known_latent_is_recovered(toy_generator, spec, num_steps):
    tx = optimizers.build(spec, num_steps=num_steps)
    hole = masks.center(jax.random.key(0), 16)
    importance = importance_weight(hole[None])
    truths = jax.vmap(toy_generator)(
        jax.random.uniform(jax.random.key(4), (10, 8), minval=-1, maxval=1)
    )
    starts = jax.random.uniform(jax.random.key(5), (10, 8), minval=-1, maxval=1)

    def one(truth, start):
        damaged = truth * (1 - hole)

        def loss(latent):
            value = contextual_l1(toy_generator(latent)[None], damaged[None], importance)[0]
            return value, {"contextual": value}

        found = search.invert(loss, start, tx=tx, num_steps=num_steps, project=search.clip)
        return toy_generator(found.best_latent), found

    together, found = jax.jit(jax.vmap(one))(truths, starts)
    psnr = metrics.psnr(together, truths, jnp.broadcast_to(hole, (10, 16, 16, 1)))
    assert (psnr > 40).all(), psnr
    assert (jnp.abs(found.latent) <= 1).all()
    assert (
        (found.evaluations > num_steps).all()
        if spec["name"] == "lbfgs"
        else (found.evaluations == num_steps).all()
    )
    if spec["name"] == "lbfgs":
        return
    # A-N6, A-N8: alone as in company, and twice the same; a permuted batch gives permuted results.
    again, _ = jax.jit(jax.vmap(one))(truths, starts)
    np.testing.assert_array_equal(together, again)
    swapped, _ = jax.jit(jax.vmap(one))(truths[::-1], starts[::-1])
    np.testing.assert_array_equal(swapped[::-1], together)
    # Alone it is compiled differently: 1500 L1 steps around the optimum end elsewhere in the last
    # bits, as good. For equality to the last bit see the slots of the driver.
    alone, _ = jax.jit(one)(truths[7], starts[7])
    np.testing.assert_allclose(alone, together[7], atol=0.05)
