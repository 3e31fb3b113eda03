"""The stage that measures unguided searches, by value: the generator's image is half the latent."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inpaint_jax import parallel
from inpaint_jax.errors import InputError
from inpaint_jax.networks.functional import Network
from inpaint_jax.optimization import state
from inpaint_jax.systems.parts import balance, latent_search

SIDE, BATCH = 4, 8
IMAGES = np.random.default_rng(0).uniform(-0.9, 0.9, (2, BATCH, SIDE, SIDE, 1)).astype(np.float32)
SHARES = {"left": 0.5, "center:2": 0.25}
SETTINGS = dict(holes=",".join(SHARES), steps=2)
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
NETWORKS = dict(
    generator=Network(
        lambda key, z: ({}, {}), lambda p, s, z, *, train: (0.5 * z.reshape(-1, SIDE, SIDE, 1), s)
    ),
    critic=Network(lambda key, x: ({}, {}), lambda p, s, x, *, train: (x.mean((1, 2, 3)), s)),
)
EARLIER = {
    "prior": state.create(
        jax.random.key(0), {name: ({}, {}, optax.identity()) for name in ("generator", "critic")}
    )
}


def energy(latent):
    """Compute the energy of a latent: 4 times the damaged image's at the end of a search."""
    return jnp.square(latent).sum(1)


def searched(losses):
    return latent_search.build(
        "prior",
        **NETWORKS,
        latent_size=SIDE**2,
        losses=losses,
        search=SEARCH,
        blend=dict(method="paste", edge=""),
    )


def made(**changes):
    """Build the stage; one step on 2 sum (0.5 z - damaged)^2 reaches the optimum z = 2 damaged."""
    descent = {"l2_sum": dict(weight=2.0)}
    watched = {"energy": dict(fn=f"{__name__}:energy", weight=0.0, watch=True)}
    loss = searched(descent | watched).loss
    return balance.stage(
        "balance", search=searched(descent), loss=loss, size=SIDE, settings=SETTINGS | changes
    )


@pytest.mark.parametrize("how, devices", [("jit", 1), ("shard_map", 4)])
def test_medians_where_searches_end(how, devices):
    stage, mesh = made(), parallel.mesh(jax.devices()[:devices])
    now = parallel.replicate(stage.init(jax.random.key(3), {}, {}), mesh)
    step, earlier = (
        parallel.data_parallel(stage.step, mesh, how=how),
        parallel.replicate(EARLIER, mesh),
    )
    for number, batch in enumerate(IMAGES):
        now, metrics = step(now, parallel.put_batch({"image": batch}, mesh), earlier)
        left = number == 0
        hole = np.zeros((SIDE, SIDE, 1))
        hole[:, :2] = left
        hole[1:3, 1:3] += not left
        damaged = batch * (1 - hole)
        expected = np.median(4 * np.square(damaged).sum((1, 2, 3)))
        np.testing.assert_allclose(metrics["energy"], expected, rtol=1e-5)
        np.testing.assert_allclose(metrics["l2_sum"], 0.0, atol=1e-9)
        np.testing.assert_allclose(now.schedule["energy"][number], expected, rtol=1e-5)
    np.testing.assert_allclose(now.schedule["share"], list(SHARES.values()))
    assert int(now.step) == 2


def test_a_step_for_every_family():
    assert float(made(steps=0).init(jax.random.key(0), {}, {}).schedule["energy"][1]) == 1.0
    with pytest.raises(
        InputError, match="stages.balance.steps must be 2, one for each family of its holes, got 1"
    ):
        made(steps=1)
    with pytest.raises(InputError, match="unknown hole 'centre'"):
        made(holes="centre", steps=1)
