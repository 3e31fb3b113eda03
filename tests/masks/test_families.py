import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import masks, seeds
from inpaint_jax.errors import InputError
from inpaint_jax.masks.strokes import _arc, _disc, _line

KEY = jax.random.key(0)
IDS = ("a", "b", "c")
MANY = [str(i) for i in range(64)]

FROZEN = {  # three images of 32 x 32, seed 7: a change here breaks every published table
    "center": "13a1f90cc7586938",
    "center_overlap": "8d48a9e7de55e799",
    "place": "8a4cf70c045af428",
    "half": "38c4e7a05bc523cd",
    "left": "8910d6ac21c5daf4",
    "right": "0742de04ac3477ee",
    "top": "bc56eb99629538c6",
    "bottom": "1602a98861c90285",
    "quarter": "b0f9ac5e9fcd19bf",
    "level": "87346aa1be484b88",
    "square": "6821d894046a2265",
    "rectangles": "66428323d8da9949",
    "random": "6ee0f8ff5c83c164",
    "pattern": "b25e48347700e35c",
    "ellipses": "622540704cdc9197",
    "irregular": "6a497d655d7c1c79",
}


@pytest.fixture(scope="module")
def drawn():
    return {
        name: masks.evaluation_holes(family.example, ids=IDS, size=32, seed=7)
        for name, family in masks.FAMILIES.items()
    }


def test_center():
    hole = np.asarray(masks.center(KEY, 64, side=32))[..., 0]
    assert hole.mean() == 0.25
    assert hole[15, 15] == hole[48, 48] == 0
    assert hole[16:48, 16:48].all()
    np.testing.assert_array_equal(hole, masks.center(KEY, 64)[..., 0])
    assert np.asarray(masks.center(KEY, 128, side=64))[32:96, 32:96].sum() == 64 * 64
    assert np.asarray(masks.center(KEY, 256, side=64))[96:160, 96:160].sum() == 64 * 64


def test_center_overlap():
    hole = np.asarray(masks.center_overlap(KEY, 128, side=64, overlap=4))
    target = np.asarray(masks.center(KEY, 128, side=64))
    assert hole.sum() == hole[36:92, 36:92].sum() == 3136
    assert target.sum() == 4096 and (target - hole).sum() == 960


@pytest.mark.parametrize(
    "side, place",
    {
        "left": np.s_[:, :32],
        "right": np.s_[:, 32:],
        "top": np.s_[:32],
        "bottom": np.s_[32:],
    }.items(),
)
def test_half(side, place):
    hole = np.asarray(masks.half(KEY, 64, side=side))
    assert hole.mean() == 0.5 and hole[place].all()


def test_half_draws_all_four_sides_when_none_is_given():
    holes = masks.evaluation_holes("half", ids=MANY, size=32, seed=0)
    assert len(np.unique(holes.reshape(len(MANY), -1), axis=0)) == 4


def test_halves_of_an_odd_image_share_no_pixel():
    left, right = masks.half(KEY, 5, side="left"), masks.half(KEY, 5, side="right")
    np.testing.assert_array_equal(left + right, np.ones((5, 5, 1)))


@pytest.mark.parametrize(
    "corner, place",
    {
        "tl": np.s_[:64, :64],
        "tr": np.s_[:64, 64:],
        "bl": np.s_[64:, :64],
        "br": np.s_[64:, 64:],
    }.items(),
)
def test_quarter(corner, place):
    hole = np.asarray(masks.quarter(KEY, 128, corner=corner))
    assert hole.mean() == 0.25 and hole[place].all()


def sides_of(holes):
    """Return the sides of the squares; fail unless every hole is one whole square."""
    height, width = holes.any(2).sum((1, 2)), holes.any(1).sum((1, 2))
    np.testing.assert_array_equal(height, width)
    np.testing.assert_array_equal(holes.sum((1, 2, 3)), height * width)
    return height


def test_square_level():
    # 10,000 draws, with the level traced as in a curriculum
    levels = np.repeat(np.arange(1, 6), 2000)
    draw = jax.jit(
        jax.vmap(lambda key, level: masks.square_level(key, 64, level=level).astype(bool))
    )
    sides = sides_of(np.asarray(draw(jax.random.split(KEY, 10_000), levels)))
    for level in range(1, 6):
        assert set(sides[levels == level]) == set(range(6 * level - 5, 6 * level + 1))


def test_square_level_is_the_same_with_a_traced_level():
    traced = jax.jit(lambda level: masks.square_level(KEY, 64, level=level))(3)
    np.testing.assert_array_equal(traced, masks.square_level(KEY, 64, level=3))


def test_square_reaches_every_side_and_every_border():
    draw = jax.jit(jax.vmap(lambda key: masks.square(key, 12, smallest=2, largest=5).astype(bool)))
    holes = np.asarray(draw(jax.random.split(KEY, 1000)))
    assert set(sides_of(holes)) == {2, 3, 4, 5}
    assert holes.any(0).all()


@pytest.mark.parametrize("p_drop", [0.7, 0.8])
def test_pixels(p_drop):
    holes = jax.vmap(lambda key: masks.pixels(key, 64, p_drop=p_drop))(jax.random.split(KEY, 100))
    assert abs(float(holes.mean()) - p_drop) < 0.002


def test_pixels_at_the_ends():
    assert not masks.pixels(KEY, 16, p_drop=0.0).any()
    assert masks.pixels(KEY, 16, p_drop=1.0).all()


def test_pathak_pattern_has_its_share_in_blobs():
    holes = masks.evaluation_holes("pattern:0.25", ids=MANY, size=32, seed=0)[..., 0]
    np.testing.assert_allclose(holes.mean((1, 2)), 0.25, atol=0.002)
    assert (
        holes[:, 1:] == holes[:, :-1]
    ).mean() > 0.95  # single pixels at this share would agree in 62 %


def test_ellipse_pattern_stops_at_its_share():
    shares = masks.evaluation_holes("ellipses:0.25", ids=MANY, size=32, seed=0).mean((1, 2, 3))
    assert shares.min() >= 0.25 and shares.max() < 0.30


def test_irregular_is_a_hole_of_strokes():
    shares = masks.evaluation_holes("irregular", ids=MANY, size=32, seed=0).mean((1, 2, 3))
    assert 0.1 < shares.min() < 0.4 and 0.6 < shares.max() < 0.9  # few strokes, many strokes


def test_a_line_is_as_thick_as_it_says():
    y, x = np.mgrid[:256, :256]
    line = np.asarray(_line(y, x, jnp.array([100, 50]), jnp.array([100, 200]), 20))
    assert line[:, 120].sum() == 21  # both edges included: 90..110
    assert line[100].sum() == 200 - 50 + 1 + 2 * 10  # round caps
    np.testing.assert_array_equal(
        _disc(y, x, jnp.array([30, 40]), 20), (y - 30) ** 2 + (x - 40) ** 2 <= 100
    )


def test_an_arc_lies_between_its_ellipses_and_angles():
    y, x = np.mgrid[:256, :256]
    arc = np.asarray(
        _arc(y, x, jnp.array([128, 128]), jnp.array([80, 40]), jnp.array([0, 0, 32]), 8)
    )
    v, u = y - 128, x - 128
    outline = ((u / 84) ** 2 + (v / 44) ** 2 <= 1) & ((u / 76) ** 2 + (v / 36) ** 2 > 1) & (v >= 0)
    assert (
        arc != outline
    ).sum() < 0.01 * outline.sum()  # the lower half, but for rounding on its edges
    quarter = np.asarray(
        _arc(y, x, jnp.array([128, 128]), jnp.array([80, 40]), jnp.array([0, 0, 16]), 8)
    )
    np.testing.assert_array_equal(quarter, arc & (u >= 0))


def test_place():
    hole = np.asarray(masks.parse("place:16@3+40")(KEY, 64))
    assert hole.sum() == 256 and hole[3:19, 40:56].all()


def test_location_grid():
    specs = masks.location_grid(64, side=16, count=3)
    assert len(specs) == 9 and specs[1] == "place:16@0+24"
    holes = np.asarray([masks.parse(spec)(KEY, 64) for spec in specs])
    assert holes[0, :16, :16].all() and holes[4, 24:40, 24:40].all() and holes[8, 48:, 48:].all()
    np.testing.assert_array_equal(holes[4], masks.center(KEY, 64, side=16))
    np.testing.assert_array_equal(holes.sum((1, 2, 3)), 256)


@pytest.mark.parametrize("name", masks.FAMILIES)
def test_every_family(name, drawn):
    draw = masks.parse(masks.FAMILIES[name].example)
    holes = drawn[name]
    assert holes.shape == (3, 32, 32, 1) and holes.dtype == np.float32
    assert set(np.unique(holes)) == {0, 1}
    again = masks.evaluation_holes(
        masks.FAMILIES[name].example, ids=("c", "x", "a"), size=32, seed=7
    )
    np.testing.assert_array_equal(again[[2, 0]], holes[[0, 2]])  # by id, not by position
    eager = draw(seeds.example_keys(7, ["b"], "hole")[0], 32)
    assert eager.shape == (32, 32, 1) and eager.dtype == jnp.float32
    np.testing.assert_array_equal(eager, holes[1])  # neither jitted nor mapped
    for part in ("Args:", "Returns:", "[size, size, 1]"):
        assert part in getattr(draw, "func", draw).__doc__


@pytest.mark.parametrize("name", masks.FAMILIES)
def test_frozen_sets(name, drawn):
    assert masks.holes_hash(drawn[name]) == FROZEN.get(name)


def test_holes_hash():
    # sha256 of b"(1, 2, 4, 1)" and the byte 0b01100000
    hole = np.array([0, 1, 1, 0, 0, 0, 0, 0], np.float32).reshape(1, 2, 4, 1)
    assert masks.holes_hash(hole) == hashlib.sha256(b"(1, 2, 4, 1)\x60").hexdigest()[:16]
    assert masks.holes_hash(hole) != masks.holes_hash(hole.reshape(1, 4, 2, 1))


def test_evaluation_holes_do_not_depend_on_x64(drawn):
    with jax.enable_x64(True):
        holes = masks.evaluation_holes("irregular", ids=IDS, size=32, seed=7)
    np.testing.assert_array_equal(holes, drawn["irregular"])


def test_two_seeds_differ():
    one, two = (
        masks.evaluation_holes("random:0.8", ids=IDS, size=32, seed=seed) for seed in (0, 1)
    )
    assert (one != two).any()


@pytest.mark.parametrize(
    "spec, expected",
    [
        ("centre", "known: center, center_overlap, half"),
        ("", "for example center:16"),
        ("random:much", "an example of this family: random:0.8"),
        ("square:4", "square:4-16"),
        ("square:4-8-9", "square:4-16"),
        ("level", "level:2"),
        ("quarter", "quarter:tl"),
        ("quarter:left", "quarter:tl"),
        ("place:8@4", "place:8@0"),
        ("place", "place:8@0"),
        ("left:3", "an example of this family: left"),
        ("center:", "center:16"),
    ],
)
def test_a_spec_that_makes_no_sense(spec, expected):
    with pytest.raises(InputError, match=expected):
        masks.parse(spec)


@pytest.mark.parametrize(
    "spec, expected",
    [
        ("center:17", "side 17 does not fit an image of side 16"),
        ("center:0", "side 0 does not fit"),
        ("center_overlap:4", "side 0 does not fit"),
        ("level:3", "level 3: a hole of side 18 does not fit"),
        ("level:0", "levels start at 1"),
        ("place:8@4+9", "side 8 at 4, 9 extends beyond an image of side 16"),
        ("place:17@0+0", "side 17 does not fit"),
        ("square:8-4", "smallest side 8 is above the largest 4"),
        ("square:1-17", "side 17 does not fit"),
        ("random:1.5", r"must be in \[0, 1\], got 1.5"),
        ("random:nan", r"must be in \[0, 1\], got nan"),
        ("pattern:2", r"must be in \[0, 1\]"),
        ("ellipses:-1", r"must be in \[0, 1\]"),
    ],
)
def test_a_hole_that_does_not_fit(spec, expected):
    with pytest.raises(InputError, match=expected):
        masks.parse(spec)(KEY, 16)


def test_families_take_turns():
    draw = jax.jit(masks.cycle("center:4,left,square:2-3", 16), static_argnums=1)
    holes = np.asarray(draw(KEY, 8))
    assert holes.shape == (8, 16, 16, 1)
    np.testing.assert_array_equal(holes[0::3], [masks.center(KEY, 16, side=4)] * 3)
    np.testing.assert_array_equal(holes[1::3], [masks.half(KEY, 16, side="left")] * 3)
    assert set(holes[2::3].sum((1, 2, 3))) <= {4, 9} and not np.array_equal(holes[2], holes[5])
    alone = jax.vmap(lambda key: masks.parse("square:2-9")(key, 16))(jax.random.split(KEY, 5))
    np.testing.assert_array_equal(masks.cycle("square:2-9", 16)(KEY, 5), alone)
    with pytest.raises(InputError, match="a batch of 2 images cannot have holes of 3 families"):
        masks.cycle("center:4,left,square:2-3", 16)(KEY, 2)


def test_a_family_of_ones_own(documented):
    """A cross of width w on 8 x 8 pixels covers 2 * 8 w - w * w pixels."""
    documented(masks)
    cross = np.asarray(masks.parse("my_masks:cross")(KEY, 8))[..., 0]
    assert cross.sum() == 28 and cross[3:5].all() and cross[:, 3:5].all()
    assert masks.parse("my_masks:bars:4")(KEY, 8).sum() == 48
    frozen = masks.evaluation_holes("my_masks:cross", ids=IDS, size=8, seed=0)
    np.testing.assert_array_equal(frozen[..., 0], [cross] * 3)
    mixed = masks.cycle("my_masks:cross,left,my_masks:bars:4", 8)(KEY, 6)
    np.testing.assert_array_equal(mixed.sum((1, 2, 3)), [28, 32, 48, 28, 32, 48])


@pytest.mark.parametrize(
    "spec, expected",
    [
        ("my_masks:crss", "module 'my_masks' has no 'crss'"),
        (
            "my_msks:cross",
            "unknown hole 'my_msks:cross'; known: center, .* your own module:attribute",
        ),
        (
            "my_masks:cross:3",
            "cannot read the hole 'my_masks:cross:3'; an example of this family: my_masks:cross",
        ),
        ("my_masks:bars:wide", "an example of this family: my_masks:bars:4"),
        ("odd_masks:flat", r"the hole 'odd_masks:flat' must be an array \(8, 8, 1\), got \(8, 8\)"),
        ("odd_masks:nothing", r"must be an array \(8, 8, 1\), got NoneType"),
        ("odd_masks:grey", "'odd_masks:grey' has values other than 0"),
    ],
)
def test_a_family_of_ones_own_that_makes_no_sense(documented, spec, expected):
    documented(masks)
    (documented.folder / "odd_masks.py").write_text(
        "import jax.numpy as jnp\n"
        "flat = lambda key, size: jnp.ones((size, size))\n"
        "nothing = lambda key, size: None\n"
        "grey = lambda key, size: jnp.full((size, size, 1), 0.3)\n"
    )
    with pytest.raises(InputError, match=expected):
        masks.evaluation_holes(spec, ids=IDS, size=8, seed=0)


@pytest.mark.parametrize(
    "spec, named",
    [("center", True), ("random:0.8", True), ("my_masks:cross", True), ("holes/left", False)],
)
def test_what_names_a_family(spec, named):
    assert masks.names_family(spec) == named


@pytest.mark.parametrize("size", [32, 64])
def test_holes_of_scattered_pixels(size):
    """Independent pixels are scattered; shapes, small squares and strokes at 64 px are not."""
    specs = (
        "center",
        "left",
        "level:1",
        "rectangles",
        "pattern:0.25",
        *(["irregular"] if size == 64 else []),
    )
    for spec in specs:
        assert not masks.is_scattered(
            masks.evaluation_holes(spec, ids=MANY, size=size, seed=0)
        ).any(), spec
    for spec in ("random:0.25", "random:0.7", "random:0.8"):
        assert masks.is_scattered(
            masks.evaluation_holes(spec, ids=MANY, size=size, seed=0)
        ).all(), spec
