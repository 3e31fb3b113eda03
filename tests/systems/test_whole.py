"""A whole completion in one pure function."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.compositing import composite
from inpaint_jax.errors import InputError
from inpaint_jax.systems import Completion, Driver, System, Task, complete
from inpaint_jax.systems.baselines import BASELINES
from inpaint_jax.systems.parts.feed_forward import single_pass

SIZE = 8
IMAGES = np.random.default_rng(0).uniform(-1, 1, (3, SIZE, SIZE, 3)).astype(np.float32)
HOLE = np.zeros((3, SIZE, SIZE, 1), np.float32)
for i in range(3):
    HOLE[i, 2 : 4 + i, 2:6] = 1
KEYS = jax.random.split(jax.random.key(7), 3)


class Progress(NamedTuple):
    """Progress of the toy system below."""

    image: jax.Array  # [B, H, W, C]
    hole: jax.Array
    count: jax.Array  # [B, K]
    left: jax.Array  # [B]
    done: jax.Array  # [B]


def begin(states, images, hole, keys, k):
    """Every image needs a chunk per row of the hole; an answer begins with a number of its key."""
    rows = hole.max((2, 3)).sum(1).astype(int)
    count = jax.vmap(lambda key: jnp.sort(jax.random.uniform(key, (k,))))(keys)
    return Progress(images, hole, count, rows, rows <= 0)


def advance(states, progress):
    count = progress.count + jnp.where(progress.done, 0, states["toy"]["used"])[:, None]
    return progress._replace(count=count, left=progress.left - 1, done=progress.left <= 1)


def finish(states, progress):
    painted = progress.count[..., None, None, None] * jnp.ones((1, 1, SIZE, SIZE, 3))
    images = jax.vmap(lambda one: composite(progress.image, one, progress.hole), 1, 1)(painted)
    return Completion(
        images, {"count": progress.count}, {"first": progress.count[:, :1]}, progress.left
    )


TOY = System(SIZE, (), begin, advance, finish)
STATES = {"toy": {"used": jnp.float32(2), "unused": jnp.float32(jnp.nan)}}


@pytest.fixture(scope="module")
def answer():
    return jax.jit(lambda *given: complete(TOY, STATES, *given, k=2))(IMAGES, HOLE, KEYS)


def test_every_image_has_the_chunks_that_it_needs(answer):
    """2, 3 and 4 chunks, each of which adds 2; finished images wait unchanged."""
    start = np.stack([np.sort(jax.random.uniform(key, (2,))) for key in KEYS])
    expected = start + 2 * np.array([[2], [3], [4]])
    assert answer.images.shape == (3, 2, SIZE, SIZE, 3)
    np.testing.assert_allclose(answer.losses["count"], expected, rtol=1e-6)
    np.testing.assert_allclose(answer.traces["first"], expected[:, :1], rtol=1e-6)
    np.testing.assert_allclose(answer.images[:, :, 2, 2, 0], expected, rtol=1e-6)
    known = np.broadcast_to(HOLE[:, None] < 0.5, answer.images.shape)
    np.testing.assert_array_equal(
        answer.images[known], np.broadcast_to(IMAGES[:, None], answer.images.shape)[known]
    )


def test_images_do_not_see_each_other_nor_what_holes_hide(answer):
    alone = jax.jit(lambda *given: complete(TOY, STATES, *given, k=2))(
        IMAGES[1:2], HOLE[1:2], KEYS[1:2]
    )
    np.testing.assert_array_equal(alone.images[0], answer.images[1])
    hidden = np.where(HOLE > 0.5, np.float32(np.nan), IMAGES)
    again = jax.jit(lambda *given: complete(TOY, STATES, *given, k=2))(hidden, HOLE, KEYS)
    np.testing.assert_array_equal(again.images, answer.images)


def test_a_baseline_agrees_with_the_driver():
    system = BASELINES["harmonic"]()
    completed = jax.jit(lambda *given: complete(system, {}, *given))(IMAGES, HOLE, KEYS)
    tasks = [Task(str(i), IMAGES[i], HOLE[i]) for i in range(3)]
    results = Driver(system, {}, slots=4).run_all(tasks, seed=0)
    for i in range(3):
        np.testing.assert_allclose(completed.images[i], results[str(i)].images, atol=1e-5)
    assert completed.losses == {} and completed.evaluations is None


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(images=IMAGES[0]), r"images must have the shape \[B, H, W, C\], got \(8, 8, 3\)"),
        (dict(images=IMAGES.astype(np.uint8)), "images must be float, got uint8"),
        (dict(hole=HOLE[:2]), r"hole must have the shape \(3, 8, 8, 1\) for images \(3, 8, 8, 3\)"),
        (
            dict(images=IMAGES[:, :4, :4], hole=HOLE[:, :4, :4]),
            r"completes images of side 8, got \(4, 4\)",
        ),
        (
            dict(keys=jax.random.key(0)),
            r"keys must be one typed key per image, .* got key<fry> \(\)",
        ),
        (dict(keys=jax.random.key_data(KEYS)), r"one typed key per image, .* got uint32 \(3, 2\)"),
        (dict(k=0), "completions per image must be at least 1, got 0"),
    ],
)
def test_what_it_cannot_take(changes, words):
    given = {"images": IMAGES, "hole": HOLE, "keys": KEYS, **changes}
    with pytest.raises(InputError, match=words) as caught:
        complete(TOY, STATES, **given)
    assert "\n" not in str(caught.value)


def test_more_completions_than_there_are():
    once = single_pass(lambda states, images, hole: images)
    with pytest.raises(InputError, match="gives one completion per image, not 2"):
        complete(once, {}, IMAGES, HOLE, KEYS, k=2)
    with pytest.raises(InputError, match="gives fewer completions per image than 2"):
        complete(once._replace(most=None), {}, IMAGES, HOLE, KEYS, k=2)
