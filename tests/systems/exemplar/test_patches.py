import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax.systems.exemplar import patches, pyramid
from inpaint_jax.systems.exemplar.nearest_field import Field
from inpaint_jax.systems.exemplar.onion import onion
from inpaint_jax.systems.exemplar.texture import with_texture
from inpaint_jax.systems.exemplar.turned import turned
from inpaint_jax.systems.exemplar.votes import vote

RNG = np.random.default_rng(0)


def test_gather_cuts_where_the_anchor_says():
    stack = RNG.normal(size=(2, 6, 8, 3)).astype(np.float32)
    anchors = patches.join(jnp.array([0, 1, 1]), jnp.array([0, 3, 1]), jnp.array([5, 0, 2]), (4, 6))
    assert [index.tolist() for index in patches.split(anchors, (4, 6))] == [
        [0, 1, 1],
        [0, 3, 1],
        [5, 0, 2],
    ]
    expected = [stack[0, 0:3, 5:8], stack[1, 3:6, 0:3], stack[1, 1:4, 2:5]]
    np.testing.assert_array_equal(
        patches.gather(stack, anchors, 3), np.reshape(expected, (3, 9, 3))
    )


def test_counts():
    mask = np.zeros((4, 5))
    mask[1, 2] = mask[3, 4] = 1
    assert patches.counts(jnp.asarray(mask), 3).tolist() == [[1, 1, 1], [1, 1, 2]]


def test_a_list_is_worked_off_in_chunks_and_no_further():
    mask = jnp.arange(23) % 3 == 0
    positions, count = patches.listed(mask, 5)
    assert len(positions) == 25 and count == 8 and positions[:8].tolist() == list(range(0, 23, 3))
    double = patches.chunked(lambda number, part: 2 * part, jnp.full(25, -1), positions, count, 5)
    assert double.tolist() == [*range(0, 46, 6), 46, 46, *[-1] * 15]


def test_halving_is_the_mean_of_what_is_known():
    image = jnp.array([[1.0, 3.0, 5.0], [5.0, 7.0, 9.0], [2.0, 4.0, 6.0]])[..., None]
    known = jnp.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    coarse, coarse_known = pyramid.halve(image, known)
    assert coarse[..., 0].tolist() == [[4.0, 0.0], [3.0, 0.0]]
    assert coarse_known.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert pyramid.enlarge(coarse, 3, 3)[..., 0].tolist() == [
        [4.0, 4.0, 0.0],
        [4.0, 4.0, 0.0],
        [3.0, 3.0, 0.0],
    ]


@pytest.mark.parametrize(
    "sides, count", [((16, 99), 1), ((24, 24), 2), ((32, 32), 2), ((64, 90), 3), ((256, 256), 5)]
)
def test_pyramids_end_at_16_pixels(sides, count):
    assert pyramid.levels(*sides) == count


def test_depth():
    known = np.ones((5, 6), np.float32)
    known[0:5, 0:4] = 0
    expected = np.tile([4, 3, 2, 1, 0, 0], (5, 1))
    np.testing.assert_array_equal(pyramid.depth(jnp.asarray(known)), expected)
    assert pyramid.depth(jnp.zeros((3, 4))).tolist() == [[4.0] * 4] * 3


def test_an_onion_continues_stripes():
    stripes = jnp.broadcast_to(
        jnp.array([0.1, 0.4, -0.7, 0.9])[jnp.arange(20) % 4][None, :, None], (20, 20, 1)
    )
    known = jnp.ones((20, 20)).at[6:13, 7:14].set(0.0)
    filled = onion(jnp.where(known[..., None] > 0.5, stripes, 0.0), known, patch=5)
    np.testing.assert_array_equal(filled, stripes)


def fixture_vote(distances, **options):
    """Two patches cover pixel (1, 1) of a 3 x 4 image; their neighbours contain 1 and 5 there."""
    stack = jnp.zeros((2, 3, 4, 1)).at[0, 1, 1].set(1.0).at[1, 1, 1].set(5.0)
    # Patch 0 has the pixel in column 1, patch 1 in column 0: both neighbours must return column 1.
    field = Field(jnp.array([[0, 3]]), jnp.array([distances]))
    region = jnp.zeros((3, 4), bool).at[1, 1].set(True)
    known = options.pop("known", jnp.ones((2, 3, 4)))
    answer = vote(field, stack, known, region, jnp.full((3, 4, 1), 9.0), patch=3, **options)
    assert (answer[~region] == 9.0).all()
    return answer[1, 1, 0]


def test_votes_are_weighted_by_distance_and_confidence():
    weight = np.exp(-1.0 / (2 * 0.5))
    np.testing.assert_allclose(
        fixture_vote([2.0, 3.0], variance=0.5), (1 + 5 * weight) / (1 + weight), rtol=1e-6
    )
    trust = jnp.array([[1.0, 2.0]])
    expected = (1 + 10 * weight) / (1 + 2 * weight)
    np.testing.assert_allclose(
        fixture_vote([2.0, 3.0], variance=0.5, confidence=trust), expected, rtol=1e-6
    )


def test_votes_of_the_nearest_alone():
    assert fixture_vote([2.0, 3.0], variance=0.0) == 1.0
    assert fixture_vote([2.0, 1.9], variance=1.0, sharp=True) == 5.0
    assert fixture_vote([2.0, jnp.inf], variance=1.0) == 1.0
    assert fixture_vote([jnp.inf, jnp.inf], variance=1.0) == 9.0


def test_only_those_who_know_the_pixel_vote():
    known = jnp.ones((2, 3, 4)).at[0, 1, 1].set(0.0)
    assert fixture_vote([2.0, 3.0], variance=1.0, known=known) == 5.0


def test_votes_are_scaled_and_shifted():
    scale, shift = jnp.array([[[2.0], [3.0]]]), jnp.array([[[0.5], [0.0]]])
    assert fixture_vote([0.0, jnp.inf], variance=1.0, scale=scale, shift=shift) == 2.5


def test_turned():
    image = jnp.asarray(RNG.normal(size=(5, 5, 2)), jnp.float32)
    known = jnp.ones((5, 5)).at[0, 1].set(0.0)
    images, masks = jax.jit(lambda *a: turned(*a, angles=(0.0, np.pi / 2), scales=(1.0, 2.0)))(
        image, known
    )
    assert images.shape == (4, 5, 5, 2)
    np.testing.assert_array_equal(images[0], image)
    np.testing.assert_array_equal(masks[0], known)
    np.testing.assert_allclose(images[2], np.rot90(image), atol=1e-5)  # anticlockwise
    np.testing.assert_allclose(images[1][::2, ::2], image[1:4, 1:4], atol=1e-5)  # twice as large


def test_texture_is_the_mean_step_between_known_pixels():
    ramp = jnp.broadcast_to(jnp.arange(12)[None, :, None] / 8, (10, 12, 3))
    known = jnp.ones((10, 12)).at[3:6, 4:8].set(0.0)
    extended = with_texture(jnp.where(known[..., None] > 0.5, ramp, 5.0), known, weight=2.0, side=5)
    np.testing.assert_array_equal(extended[..., 0], jnp.where(known > 0.5, ramp[..., 0], 5.0))
    np.testing.assert_allclose(extended[..., 3], 2 / 8, rtol=1e-6)
    np.testing.assert_array_equal(extended[..., 4], 0)


def test_whole_pixels_of_the_coarser_scale():
    known = jnp.ones((3, 5)).at[0, 1].set(0.0).at[2, 4].set(0.0)
    np.testing.assert_array_equal(pyramid.halve_whole(known), [[0, 1, 1], [1, 1, 0]])
