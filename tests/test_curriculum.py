"""A-C1 to A-C3 of the specification, the schedules of Gao & Grauman,
and what holds for any measurement.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import curriculum
from inpaint_jax.errors import InputError

PSNR = jnp.array([40.0, 35.0, 30.0, 27.0, 25.0])


def composed(rule, psnr=PSNR, progress=0.0, batch_size=100):
    return np.asarray(
        curriculum.composition(rule, jnp.asarray(psnr), progress, batch_size=batch_size)
    ).tolist()


def test_weights():
    """A-C1."""
    weights = curriculum.inv_psnr(PSNR)
    shares = np.asarray(100 * weights / weights.sum())
    np.testing.assert_allclose(shares, [15.2493, 17.4278, 20.3324, 22.5916, 24.3989], atol=1e-4)


@pytest.mark.parametrize(
    "rule, expected",
    [
        ("inv_psnr", [15, 18, 20, 23, 24]),
        ("inv_mse", [67, 21, 7, 3, 2]),
        ("mse", [2, 5, 15, 30, 48]),
    ],
)
def test_rules(rule, expected):
    """A-C1."""
    assert composed(rule) == expected


def test_equal_measurements():
    """A-C2: the start."""
    for rule in curriculum.RULES:
        assert composed(rule, [20.0] * 5) == [20] * 5
        assert composed(rule, [20.0] * 5, batch_size=64) == [13, 13, 13, 13, 12]


@pytest.mark.parametrize("num_levels", [1, 3, 5, 10])
@pytest.mark.parametrize("rule", curriculum.RULES)
def test_any_measurement(rule, num_levels):
    """A-C2: a whole batch; what is worse never gets fewer where the rule says more,
    nor more where it says fewer.
    """
    psnr = np.random.default_rng(0).uniform(5, 60, (1000, num_levels)).astype(np.float32)
    share = jax.jit(jax.vmap(lambda p: curriculum.composition(rule, p, 0.0, batch_size=100)))(psnr)
    share = np.asarray(share)
    assert (share.sum(1) == 100).all() and (share >= 0).all()
    from_worst = np.take_along_axis(share, np.argsort(psnr, axis=1), axis=1)
    steps = np.diff(from_worst, axis=1)
    assert (steps >= 0).all() if rule == "inv_mse" else (steps <= 0).all()


def test_no_state():
    """A-C3: the same answer to the same question, jitted, and one program for all compositions."""
    traces = []

    @jax.jit
    def composed_levels(psnr):
        traces.append(psnr)
        return curriculum.levels(
            curriculum.composition("mse", psnr, 0.0, batch_size=100), batch_size=100
        )

    first, other, again = composed_levels(PSNR), composed_levels(PSNR[::-1]), composed_levels(PSNR)
    np.testing.assert_array_equal(first, again)
    assert len(traces) == 1 and not np.array_equal(first, other)
    np.testing.assert_array_equal(np.bincount(first, minlength=6), [0, 2, 5, 15, 30, 48])
    assert (np.diff(np.asarray(first)) >= 0).all()


@pytest.mark.parametrize(
    "name, expected",
    [
        ("rigid", [[20] * 5] * 5),
        ("staged", np.diag([100] * 5).tolist()),
        ("anti_staged", np.diag([100] * 5)[::-1].tolist()),
        (
            "cumulative",
            [
                [100, 0, 0, 0, 0],
                [50, 50, 0, 0, 0],
                [33, 33, 34, 0, 0],
                [25, 25, 25, 25, 0],
                [20] * 5,
            ],
        ),
        (
            "anti_cumulative",
            [
                [0, 0, 0, 0, 100],
                [0, 0, 0, 50, 50],
                [0, 0, 34, 33, 33],
                [0, 25, 25, 25, 25],
                [20] * 5,
            ],
        ),
    ],
)
def test_schedules(name, expected):
    """What Gao & Grauman's code has per 100 examples; the last phase lasts until the end."""
    assert [composed(name, progress=phase / 5 + 0.1) for phase in range(5)] == expected
    assert (
        composed(name, progress=0.0) == expected[0] and composed(name, progress=1.0) == expected[-1]
    )


def test_a_rule_of_ones_own(documented):
    """softmax(-p psnr): all levels alike at the start;
    1 : e of two levels that are 1 dB apart at the end.
    """
    documented(curriculum)
    assert composed("my_rules:softest_last", progress=0.0) == [20] * 5
    assert composed("my_rules:softest_last", [21.0, 20.0], progress=1.0) == [27, 73]
    (documented.folder / "other_rules.py").write_text(
        "ones = lambda psnr: 0 * psnr + 1\none = lambda: 1.0\nloss = lambda psnr, loss: psnr"
    )
    assert composed("other_rules:ones") == [20] * 5
    with pytest.raises(InputError, match=r"must return a weight per level, \(5,\), got \(\)"):
        composed("other_rules:one")
    with pytest.raises(InputError, match="needs loss; a rule may take psnr and progress only"):
        composed("other_rules:loss")


def test_unknown_rule():
    with pytest.raises(
        InputError,
        match="unknown curriculum 'psnr'; known: anti_cumulative, .* or module:attribute",
    ):
        composed("psnr")
    with pytest.raises(InputError, match="unknown schedule 'mse'; known: rigid, staged"):
        curriculum.scheduled("mse", 0.0, num_levels=5, batch_size=100)
