"""The learnt start, on an untrained prior: images are the tanh of a linear map of latents."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inpaint_jax import masks, parallel
from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.losses.contextual import importance_weight
from inpaint_jax.networks.encoders import Encoder
from inpaint_jax.networks.functional import Network, pure
from inpaint_jax.optimization import state
from inpaint_jax.systems.parts import learnt_start
from inpaint_jax.systems.parts.search_loss import SearchLoss

SIZE, LATENT, BATCH = 16, 4, 8
ENCODER = pure(Encoder(width=4, latent_size=LATENT, kernel=4))
PRIOR = {
    "generator": (
        jax.random.normal(jax.random.key(7), (LATENT, SIZE * SIZE * 3)),
        {},
        optax.identity(),
    ),
    "critic": ({}, {}, optax.identity()),
}
EARLIER = {"prior": state.create(jax.random.key(0), PRIOR)}


def paint(params, stats, latent, *, train):
    assert not train
    return jnp.tanh(latent @ params).reshape(-1, SIZE, SIZE, 3), stats


def indifferent(params, stats, images, *, train):
    return jnp.zeros(len(images)), stats


LOSS = SearchLoss(
    "prior",
    Network(lambda key, latent: PRIOR["generator"][:2], paint),
    Network(lambda key, images: ({}, {}), indifferent),
    objective({"contextual": {"fn": "contextual_l1", "weight": 0.5}}),
    window=7,
    mode={"train": False},
)


def made(optimizer="adam", rate=5e-3, holes="center:8,left,random:0.5"):
    return learnt_start.stage(
        encoder=ENCODER,
        loss=LOSS,
        size=SIZE,
        holes=holes,
        optimizer={"name": optimizer, "learning_rate": rate},
    )


STAGE = made()
STEP = jax.jit(STAGE.step)
IMAGES = LOSS.paint(
    EARLIER, jax.random.uniform(jax.random.key(1), (BATCH, LATENT), minval=-1, maxval=1)
)


@pytest.fixture(scope="module")
def initial():
    return jax.jit(STAGE.init)(jax.random.key(0), {"image": IMAGES}, EARLIER)


@pytest.fixture(scope="module")
def trained(initial):
    reached = initial
    for _ in range(60):
        reached, _ = STEP(reached, {"image": IMAGES}, EARLIER)
    return reached


def test_training_lowers_the_objective(initial, trained):
    validate = jax.jit(STAGE.validate)
    (before, _), (after, images) = (
        validate(s, {"image": IMAGES}, jax.random.key(9), EARLIER) for s in (initial, trained)
    )
    assert set(after) == {"total", "contextual"} and after["total"].shape == (BATCH,)
    assert after["total"].mean() < 0.6 * before["total"].mean()
    assert set(trained.networks) == {"encoder"} and int(trained.step) == 60
    true, damaged, painted, pasted = (
        np.asarray(images).reshape(BATCH, 4, SIZE, SIZE, 3).swapaxes(0, 1)
    )
    np.testing.assert_array_equal(true, IMAGES)
    missing = (damaged == 0).all(-1, keepdims=True)
    assert missing[0].sum() == 64 and missing[1, :, :8].all()
    weight = importance_weight(jnp.asarray(missing, jnp.float32), window=7).sum((1, 2, 3))
    np.testing.assert_allclose(after["total"], 0.5 * after["contextual"] / weight, rtol=1e-5)
    np.testing.assert_array_equal(pasted, np.where(missing, painted, true))


def test_what_a_hole_hides_never_matters(initial):
    """Hidden pixels affect neither training nor the start of a search; NaN would spread."""
    step = jax.jit(made(holes="center").step)
    hidden = jnp.where(masks.center(jax.random.key(0), SIZE)[None] > 0.5, jnp.nan, IMAGES)
    states = [step(initial, {"image": images}, EARLIER) for images in (IMAGES, hidden)]
    jax.tree.map(np.testing.assert_array_equal, *((s.networks, metrics) for s, metrics in states))


def test_devices_agree():
    """One device, four under jit, four under pmap: equal holes, statistics and gradients."""
    stage = made("sgd", 1e-3, "random:0.5,square:2-9")
    initial = jax.jit(stage.init)(jax.random.key(0), {"image": IMAGES}, EARLIER)

    def run(devices, how):
        mesh = parallel.mesh(jax.devices()[:devices])
        step = parallel.data_parallel(stage.step, mesh, how=how)
        now = parallel.replicate(jax.tree.map(jnp.copy, initial), mesh)
        earlier, metrics = parallel.replicate(EARLIER, mesh), None
        for _ in range(2):
            batch = parallel.put_batch({"image": np.asarray(IMAGES)}, mesh)
            now, metrics = step(now, batch, earlier)
        return jax.device_get(
            (now.networks["encoder"].params, now.networks["encoder"].stats, metrics)
        )

    one = run(1, "jit")
    for other in (run(4, "jit"), run(4, "pmap")):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-4), one, other
        )


@pytest.mark.parametrize(
    "holes, message",
    [
        ("center,triangle", "unknown hole 'triangle'"),
        ("", "unknown hole ''"),
        ("square:9", "cannot read the hole"),
        ("left,center:17", "side 17 does not fit an image of side 16"),
        ("random:1.5", "share of missing pixels"),
    ],
)
def test_bad_holes_are_refused_when_the_stage_is_built(holes, message):
    with pytest.raises(InputError, match=message):
        made(holes=holes)


def test_more_families_than_images(initial):
    stage = made(holes=",".join(["left"] * 9))
    with pytest.raises(InputError, match="batch of 8 images cannot have holes of 9 families"):
        jax.eval_shape(stage.step, initial, {"image": IMAGES}, EARLIER)
