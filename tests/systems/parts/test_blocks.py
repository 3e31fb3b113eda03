"""Input and output of an encoder-decoder."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.systems.parts import blocks

NETWORKS = {"fill": [-0.5, 0.0, 0.25], "unit_range": False}
IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)


def of(side=8, holes="center:6", **changes):
    return blocks.build(
        size=16, side=side, holes=holes, networks={**NETWORKS, **changes}, label="stages.x.holes"
    )


def test_damage_and_its_range():
    """Known pixels are unchanged, the hole has its channel's colour; unit range halves at 0."""
    hole = of().draw(jax.random.key(0), 2)
    damaged = of().damage(IMAGES, hole)
    np.testing.assert_array_equal(damaged[:, :5], IMAGES[:, :5])
    np.testing.assert_array_equal(damaged[0, 8, 8], np.float32([-0.5, 0.0, 0.25]))
    np.testing.assert_allclose(
        of(unit_range=True).damage(IMAGES, hole)[0, 8, 8], [0.25, 0.5, 0.625]
    )
    np.testing.assert_allclose(
        of(fill=-1.0, unit_range=True).damage(IMAGES, hole)[0, 8, 8], [0, 0, 0]
    )


def test_the_mask_channel():
    """L10: one more channel, 1 at known pixels, in either range."""
    hole = of().draw(jax.random.key(0), 2)
    for unit_range in (False, True):
        given = of(mask_channel=True, unit_range=unit_range).damage(IMAGES, hole)
        assert given.shape == (2, 16, 16, 4)
        np.testing.assert_array_equal(given[..., 3:], 1 - hole)
        np.testing.assert_array_equal(
            given[..., :3], of(unit_range=unit_range).damage(IMAGES, hole)
        )


def test_a_ring_that_is_missing_is_filled():
    """A ramp continues through ring and hole; a hole inside the trained one changes nothing."""
    its, ramp = (
        of(),
        np.broadcast_to(
            np.linspace(-1, 1, 16, dtype=np.float32)[None, None, :, None], (2, 16, 16, 3)
        ),
    )
    block = np.zeros((2, 16, 16, 1), np.float32)
    block[:, 4:12, 4:12] = 1
    trained = its.draw(jax.random.key(0), 2)
    shown, hole = its.shown(np.where(block > 0.5, 0, ramp), block)
    np.testing.assert_array_equal(hole, trained)
    np.testing.assert_allclose(
        np.where(trained > 0.5, 0, shown), np.where(trained > 0.5, 0, ramp), atol=1e-4
    )
    same, hole = its.shown(ramp, trained)
    np.testing.assert_array_equal(same, ramp)


def test_the_block_is_the_middle():
    its = of()
    hole = its.draw(jax.random.key(0), 2)
    block = its.cut(IMAGES, hole)
    np.testing.assert_array_equal(block, IMAGES[:, 4:12, 4:12])
    np.testing.assert_array_equal(
        its.paste(jnp.zeros_like(IMAGES), block, hole)[:, 4:12, 4:12], block
    )
    np.testing.assert_array_equal(its.paste(IMAGES, block, hole), IMAGES)
    whole = of(side=16, holes="pattern")
    np.testing.assert_array_equal(whole.cut(IMAGES, hole), IMAGES)


def test_a_block_for_every_corner():
    """Each image gets the block of its own hole, also if the hole is part of a trained one."""
    its = of(holes="quarter:tl,quarter:br,center:6")
    np.testing.assert_array_equal(its.places, [[0, 0], [8, 8], [4, 4]])
    hole = its.draw(jax.random.key(0), 3)
    images = np.concatenate([IMAGES, IMAGES[:1]])
    blocks_of = jax.jit(its.cut)(images, hole)
    np.testing.assert_array_equal(blocks_of[0], images[0, :8, :8])
    np.testing.assert_array_equal(blocks_of[1], images[1, 8:, 8:])
    np.testing.assert_array_equal(blocks_of[2], images[2, 4:12, 4:12])
    np.testing.assert_array_equal(its.cut(hole, hole).sum((1, 2, 3)), [64, 64, 36])
    pasted = jax.jit(its.paste)(jnp.zeros_like(images), blocks_of, hole)
    for i, box in enumerate((np.s_[:8, :8], np.s_[8:, 8:], np.s_[4:12, 4:12])):
        np.testing.assert_array_equal(pasted[i][box], images[i][box])
        assert np.count_nonzero(pasted[i]) == np.count_nonzero(images[i][box])
    part = jnp.zeros((2, 16, 16, 1)).at[0, 9:12, 13:].set(1).at[1, :2, :3].set(1)
    np.testing.assert_array_equal(its.trained_hole(part), hole[jnp.array([1, 0])])
    assert its.supports(part[0]) is None
    nested = of(holes="center:6,center:4")
    inner = jnp.zeros((2, 16, 16, 1)).at[0, 6:10, 6:10].set(1).at[1, 5:7, 5:7].set(1)
    np.testing.assert_array_equal(nested.trained_hole(inner).sum((1, 2, 3)), [16, 36])  # smallest
    assert its.supports(of(side=16, holes="left").draw(jax.random.key(0), 1)[0]) is not None


def test_what_is_painted_outside_the_range_is_clipped():
    """A tanh with images in [0, 1] can reach -1, which maps to -3."""
    block = jnp.full((2, 8, 8, 3), -1.0).at[0].set(0.75)
    pasted = of(unit_range=True).pasted(IMAGES, block, of().draw(jax.random.key(0), 2))
    np.testing.assert_array_equal(pasted[1, 4:12, 4:12], np.full((8, 8, 3), -1.0))
    np.testing.assert_array_equal(pasted[0, 4:12, 4:12], np.full((8, 8, 3), 0.5))
    np.testing.assert_array_equal(pasted[:, :4], IMAGES[:, :4])


def test_holes():
    """A block has one hole, shown with every image; a whole image keeps its own hole."""
    one = of().draw(jax.random.key(0), 3)
    assert one.shape == (3, 16, 16, 1) and one.sum() == 3 * 36
    smaller = jnp.zeros((2, 16, 16, 1)).at[:, 7:9, 7:9].set(1)
    np.testing.assert_array_equal(of().trained_hole(smaller), one[:2])
    whole = of(side=16, holes="random:0.5")
    np.testing.assert_array_equal(whole.trained_hole(smaller), smaller)
    drawn = whole.draw(jax.random.key(0), 3)
    assert (drawn[0] != drawn[1]).any()
    in_rotation = of(side=16, holes="left,center:4").draw(jax.random.key(0), 4)
    np.testing.assert_array_equal(in_rotation.sum((1, 2, 3)), [128, 16, 128, 16])


BLOCK = of()


@pytest.mark.parametrize(
    "low, high, fits", [(5, 11, True), (7, 9, True), (4, 12, True), (5, 13, False), (0, 2, False)]
)
def test_what_a_block_can_complete(low, high, fits):
    hole = np.zeros((16, 16, 1), np.float32)
    hole[low:high, low:high] = 1
    assert BLOCK.supports(hole) == (None if fits else "it was trained for holes inside center:6")
    assert of(side=16, holes="pattern").supports(hole) is None


def test_devices_draw_the_holes_of_the_whole_batch():
    its = of(side=16, holes="random:0.5")
    key = jax.random.key(3)
    split = jax.jit(jax.vmap(lambda _: its.draw(key, 2, "devices"), axis_name="devices"))(
        jnp.arange(2)
    )
    np.testing.assert_array_equal(split.reshape(4, 16, 16, 1), its.draw(key, 4))


def test_views():
    """True, damaged, painted, completed: side by side for every image."""
    its, hole = of(), of().draw(jax.random.key(0), 2)
    views = its.views(jnp.asarray(IMAGES), hole, jnp.zeros((2, 8, 8, 3)))
    assert views.shape == (8, 16, 16, 3)
    np.testing.assert_array_equal(views[::4], IMAGES)
    np.testing.assert_array_equal(views[4 + 1], its.damage(IMAGES, hole)[1])
    assert (views[2][4:12, 4:12] == 0).all() and (views[3][5:11, 5:11] == 0).all()
    np.testing.assert_array_equal(views[3][4], IMAGES[0, 4])  # painted, but not missing


@pytest.mark.parametrize(
    "side, holes, words",
    [
        (18, "center:6", "a block of 18 pixels does not fit an image of 16"),
        (0, "center:6", "a block of 0 pixels does not fit"),
        (
            8,
            "center:10",
            "stages.x.holes: blocks of 8 pixels need fixed holes, each in the middle of a "
            "block, not 'center:10'",
        ),
        (7, "center:6", "in the middle of a block, not 'center:6'"),
        (10, "center:6,quarter:tl", "in the middle of a block, not 'center:6,quarter:tl'"),
        (8, "random:0.5", "in the middle of a block, not 'random:0.5'"),
        (8, "square:8-8", "in the middle of a block, not 'square:8-8'"),
        (8, "random:0", "in the middle of a block, not 'random:0'"),
        (8, "left", "in the middle of a block, not 'left'"),
        (8, "centre", "unknown hole 'centre'"),
        (16, "center:20", "does not fit an image of side 16"),
    ],
)
def test_what_makes_no_sense(side, holes, words):
    with pytest.raises(InputError) as caught:
        of(side, holes)
    assert words in str(caught.value) and "\n" not in str(caught.value)
