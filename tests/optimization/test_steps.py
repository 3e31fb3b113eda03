"""GAN step: A-A8 and A-S5 of the specification, and what the step must not change."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inpaint_jax import parallel
from inpaint_jax.losses import objective
from inpaint_jax.networks import dcgan
from inpaint_jax.networks.functional import pure
from inpaint_jax.optimization import state, steps

GENERATOR = pure(dcgan.Generator(size=16, width=16))
CRITIC = pure(dcgan.Discriminator(width=8))
# counts its updates, and does not blow up rounding as Adam's first steps do
TX = optax.sgd(lambda count: 0.01)
STEP = partial(
    steps.latent_gan_step,
    generate=GENERATOR.apply,
    criticize=CRITIC.apply,
    draw_latent=lambda key, count: jax.random.uniform(key, (count, 8), minval=-1, maxval=1),
    generator_objective=objective({"generator_nonsaturating": {"weight": 1.0}}),
    critic_objective=objective({"discriminator_bce": {"weight": 1.0}}),
    generator_tx=TX,
    critic_tx=TX,
)


@pytest.fixture(scope="module")
def initial():
    keys = jax.random.split(jax.random.key(0), 3)
    return state.create(
        keys[0],
        {
            "generator": (*GENERATOR.init(keys[1], jnp.zeros((1, 8))), TX),
            "critic": (*CRITIC.init(keys[2], jnp.zeros((1, 16, 16, 3))), TX),
        },
    )


BATCH = {"image": jax.random.uniform(jax.random.key(1), (8, 16, 16, 3), minval=-1, maxval=1)}


def updates(network):
    """Return the number of updates that the optimiser has counted."""
    return int(network.opt[1].count)


def test_critic_once_generator_twice(initial):
    after, metrics = jax.jit(STEP)(initial, BATCH, jax.random.key(2))
    assert (updates(after.networks["critic"]), updates(after.networks["generator"])) == (1, 2)
    assert int(after.step) == 1
    assert set(metrics) == {
        "discriminator_bce",
        "generator_nonsaturating",
        "critic_real",
        "critic_fake",
    }


def test_step_equals_its_parts_written_plainly(initial):
    """Textbook order: the critic on stopped fakes, then two new generator passes through it."""
    key = jax.random.key(2)
    after, _ = jax.jit(partial(STEP, generator_updates=2))(initial, BATCH, key)
    latent = jax.random.uniform(key, (8, 8), minval=-1, maxval=1)
    g, d = initial.networks["generator"], initial.networks["critic"]

    def critic_loss(params, stats):
        real, stats = CRITIC.apply(params, stats, BATCH["image"], train=True)
        fake, _ = GENERATOR.apply(g.params, g.stats, latent, train=True)
        fake, stats = CRITIC.apply(params, stats, fake, train=True)
        return (jax.nn.softplus(-real) + jax.nn.softplus(fake)).mean(), stats

    def generator_loss(params, stats):
        fake, stats = GENERATOR.apply(params, stats, latent, train=True)
        return jax.nn.softplus(-CRITIC.apply(d.params, d.stats, fake, train=True)[0]).mean(), stats

    grads, stats = jax.jit(jax.grad(critic_loss, has_aux=True))(d.params, d.stats)
    d = state.update(d, grads, stats, TX)
    for _ in range(2):
        grads, stats = jax.jit(jax.grad(generator_loss, has_aux=True))(g.params, g.stats)
        g = state.update(g, grads, stats, TX)
    for name, plain in (("critic", d), ("generator", g)):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
            after.networks[name].params,
            plain.params,
        )
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
            after.networks[name].stats,
            plain.stats,
        )


def test_generator_updates_leave_the_critic_alone(initial):
    """The critic after one step is bit-identical for any number of generator updates."""
    once, _ = jax.jit(partial(STEP, generator_updates=1))(initial, BATCH, jax.random.key(2))
    twice, _ = jax.jit(partial(STEP, generator_updates=2))(initial, BATCH, jax.random.key(2))
    jax.tree.map(np.testing.assert_array_equal, once.networks["critic"], twice.networks["critic"])


def test_a_stale_critic_scores_before_its_update(initial):
    """With a stale critic only, the critic's update has no effect on the generator in this step."""

    def generators(stale):
        @jax.jit
        def stepped(rate):
            step = partial(STEP, stale_critic=stale, critic_tx=optax.sgd(lambda count: rate))
            return step(initial, BATCH, jax.random.key(2))[0].networks["generator"]

        return stepped(0.01), stepped(1.0)

    jax.tree.map(np.testing.assert_array_equal, *generators(True))
    moved = zip(*(jax.tree.leaves(network.params) for network in generators(False)), strict=True)
    assert any(np.abs(a - b).max() > 1e-5 for a, b in moved)


# after 100 updates it changes nothing
WEARY = optax.sgd(lambda count: jnp.where(count < 100, 0.01, 0.0))


@pytest.fixture(scope="module")
def several(initial):
    """Return the state of a generator and two critics, and a step of all.

    One critic sees images upside down.
    """
    key = jax.random.key(9)
    params, stats = CRITIC.init(key, BATCH["image"][:1])
    both = {"global": params, "local": params}
    critics = state.NetworkState(both, {"global": stats, "local": stats}, WEARY.init(both))
    generator = initial.networks["generator"]
    generator = generator._replace(opt=WEARY.init(generator.params))

    def criticize(params, stats, images, **mode):
        seen = {"global": images, "local": images[:, ::-1]}
        scores = {
            name: CRITIC.apply(params[name], stats[name], seen[name], **mode) for name in seen
        }
        return {name: logits for name, (logits, _) in scores.items()}, {
            name: updated for name, (_, updated) in scores.items()
        }

    def both_of(fn, *values):
        terms = {
            f"{fn}_{name}": {
                "fn": fn,
                "weight": 1.0,
                **{value: value.replace("_", f"_{name}_") for value in values},
            }
            for name in ("global", "local")
        }
        return objective(terms)

    step = partial(
        STEP,
        criticize=criticize,
        generator_objective=both_of("generator_nonsaturating", "fake_logits"),
        critic_objective=both_of("discriminator_bce", "real_logits", "fake_logits"),
        critic_tx=WEARY,
        generator_tx=WEARY,
        generator_updates=1,
    )
    return initial._replace(networks={"generator": generator, "critic": critics}), jax.jit(step)


def test_several_critics(initial, several):
    """Each critic learns as it would alone; every term and score has the critic's name."""
    before, step = several
    after, metrics = step(before, BATCH, jax.random.key(2))
    terms = ("generator_nonsaturating", "discriminator_bce", "critic_real", "critic_fake")
    assert set(metrics) == {f"{term}_{name}" for term in terms for name in ("global", "local")}
    assert metrics["critic_real_global"] != metrics["critic_real_local"]
    params, stats, _ = before.networks["critic"]
    critic = state.NetworkState(params["global"], stats["global"], TX.init(params["global"]))
    alone = initial._replace(networks={**initial.networks, "critic": critic})
    after_alone, told_alone = jax.jit(partial(STEP, generator_updates=1))(
        alone, BATCH, jax.random.key(2)
    )
    np.testing.assert_allclose(metrics["critic_fake_global"], told_alone["critic_fake"], rtol=1e-6)
    params, stats, _ = after.networks["critic"]
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-7),
        (params["global"], stats["global"]),
        after_alone.networks["critic"][:2],
    )


@pytest.mark.parametrize("mover, other", [("generator", "critic"), ("critic", "generator")])
def test_players_leave_each_other_alone(several, mover, other):
    """Critics of rate 0 stay bit-identical while the generator learns, and vice versa."""
    before, step = several
    weary = before.networks[other]._replace(
        opt=jax.tree.map(lambda count: count + 100, before.networks[other].opt)
    )
    after, _ = step(
        before._replace(networks={**before.networks, other: weary}), BATCH, jax.random.key(2)
    )
    params = {
        name: (before.networks[name].params, after.networks[name].params) for name in (mover, other)
    }
    jax.tree.map(np.testing.assert_array_equal, *params[other])
    assert not jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), *params[mover]))


def test_devices_agree(initial):
    """A-S5: one device, four under jit, four under pmap with batch norm over all of them."""

    def run(devices, how):
        mesh = parallel.mesh(jax.devices()[:devices])
        step = parallel.data_parallel(
            lambda s, b, e, *, axis_name=None: STEP(s, b, state.step_key(s), axis_name=axis_name),
            mesh,
            how=how,
        )
        s, metrics = parallel.replicate(jax.tree.map(jnp.copy, initial), mesh), None
        for _ in range(2):
            s, metrics = step(s, parallel.put_batch(BATCH, mesh), {})
        return jax.device_get((s.networks["generator"].params, s.networks["critic"].stats, metrics))

    one = run(1, "jit")
    for other in (run(4, "jit"), run(4, "pmap")):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-4), one, other
        )


def rows(count):
    """Return a batch of numbers 0, 1, ... for fitting a line."""
    x = np.arange(count, dtype=np.float32)
    return {"x": x, "y": 3 * x}


def line_loss(params, stats, batch, key, *, axis_name=None):
    """Return (w x + noise - y)^2, with noise drawn for the global batch."""
    count = batch["x"].shape[0]
    noise = steps.global_draw(lambda k, n: jax.random.normal(k, (n,)), key, count, axis_name)
    error = params["w"] * batch["x"] + noise - batch["y"]
    return (error**2).mean(), ({"seen": stats["seen"] + 1}, {"error": error, "slope": params["w"]})


def line_step(s, batch, earlier, *, axis_name=None):
    del earlier
    loss = partial(line_loss, axis_name=axis_name)
    return steps.network_step(
        s, batch, state.step_key(s), name="line", loss=loss, tx=TX, axis_name=axis_name
    )


def line_state():
    networks = {
        "line": ({"w": jnp.ones(())}, {"seen": jnp.zeros(())}, TX),
        "other": ({"w": jnp.ones(3)}, {}, TX),
    }
    return state.create(jax.random.key(0), networks)


def test_network_step_by_hand():
    """d/dw mean((w x - y + n)^2) = 2 mean(x (w x - y + n)), x = 0, 1, at rate 0.01."""
    before = line_state()
    noise = jax.random.normal(jax.random.fold_in(jax.random.key(0), 0), (2,))
    after, metrics = line_step(before, rows(2), {})
    network = after.networks["line"]
    np.testing.assert_allclose(network.params["w"], 1 - 0.01 * (-2 + noise[1]), rtol=1e-6)
    assert int(network.stats["seen"]) == updates(network) == int(after.step) == 1
    np.testing.assert_allclose(metrics["error"], (noise[0] + noise[1] - 2) / 2, rtol=1e-6)
    assert metrics["slope"] == 1 and set(metrics) == {"error", "slope"}
    assert after.networks["other"] is before.networks["other"]


def test_network_step_devices_agree():
    def run(devices, how):
        mesh = parallel.mesh(jax.devices()[:devices])
        step = parallel.data_parallel(line_step, mesh, how=how)
        s, metrics = step(
            parallel.replicate(line_state(), mesh), parallel.put_batch(rows(8), mesh), {}
        )
        return jax.device_get((s.networks, metrics))

    one = run(1, "jit")
    for other in (run(4, "jit"), run(4, "pmap")):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), one, other)


def test_a_tree_of_predictions_and_the_scores_of_real_images():
    """One step by hand: prediction (w, 2 w), score v x of its second part, real x = 5,
    plain descent at rate 0.01.

    The critic descends on v 5 - v 2 w; then the generator on w + (v 2 w - v 5)^2, with the new v
    held fixed.
    """
    tx = optax.sgd(0.01)
    networks = {
        "generator": ({"w": jnp.full((), 1.5)}, {}, tx),
        "critic": ({"v": jnp.full((), 0.4)}, {}, tx),
    }

    def generate(params, stats, given, **mode):
        del mode
        return {"one": params["w"] * given, "two": 2 * params["w"] * given}, stats

    def criticize(params, stats, shown, **mode):
        del mode
        return params["v"] * shown["two"], stats

    def generator_objective(values):
        distance = jnp.square(values["fake_logits"] - values["real_logits"])
        return (values["prediction"]["one"] + distance).mean(), {"distance": distance}

    def critic_objective(values):
        return (values["real_logits"] - values["fake_logits"]).mean(), {}

    after, metrics = steps.adversarial_step(
        state.create(jax.random.key(0), networks),
        jnp.ones(2),
        {"two": jnp.full(2, 5.0)},
        generate=generate,
        criticize=criticize,
        generator_objective=generator_objective,
        critic_objective=critic_objective,
        generator_tx=tx,
        critic_tx=tx,
        generator_updates=1,
        real_scores=True,
    )
    v = 0.4 - 0.01 * (5 - 2 * 1.5)
    np.testing.assert_allclose(after.networks["critic"].params["v"], v, rtol=1e-6)
    w = 1.5 - 0.01 * (1 + 2 * (v * 2 * 1.5 - v * 5) * 2 * v)
    np.testing.assert_allclose(after.networks["generator"].params["w"], w, rtol=1e-6)
    np.testing.assert_allclose(metrics["distance"], (v * 3 - v * 5) ** 2, rtol=1e-6)
