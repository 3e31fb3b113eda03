"""Metrics by name, custom metrics, and measuring whole sets in batches."""

import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inpaint_jax import masks, metrics
from inpaint_jax.compositing import from_uint8, quantise
from inpaint_jax.errors import InputError
from inpaint_jax.metrics import BatchMetric, Metric, SetMetric, SetScore

HOLE = np.zeros((2, 24, 20, 1), np.float32)
HOLE[:, 4:9] = 1


def noise(seed, shape=(2, 24, 20, 3)):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


PREDICTION, TARGET = noise(0), noise(1)


@pytest.fixture
def my_metrics(tmp_path, monkeypatch):
    """Write the example in the docstring of ``metrics`` as a module."""
    code = metrics.__doc__.split("::\n\n", 1)[1].split("\n\nIt is measured", 1)[0]
    (tmp_path / "my_metrics.py").write_text(textwrap.dedent(code))
    monkeypatch.syspath_prepend(tmp_path)


def test_default_metrics():
    scores = metrics.measure(PREDICTION, TARGET, HOLE)
    assert list(scores) == list(metrics.DEFAULT) == list(metrics.PROTOCOLS)
    assert all(values.shape == (2,) and values.dtype == np.float32 for values in scores.values())
    prediction, target = quantise(PREDICTION), quantise(TARGET)
    np.testing.assert_allclose(
        scores["psnr_hole"], metrics.psnr(prediction, target, HOLE), rtol=1e-5
    )
    np.testing.assert_allclose(scores["l1_pct_full"], metrics.l1_pct(prediction, target), rtol=1e-5)
    np.testing.assert_allclose(scores["ssim_full"], metrics.ssim(prediction, target), rtol=1e-4)
    np.testing.assert_allclose(
        scores["l2_pct_hole"], 100 / 10 ** (scores["psnr_hole"] / 10), rtol=1e-5
    )


def test_uniform_ssim_is_there_for_those_who_name_it():
    (name, scores), *_ = metrics.measure(PREDICTION, TARGET, HOLE, ["ssim_uniform_full"]).items()
    assert name not in metrics.DEFAULT
    uniform = metrics.ssim(quantise(PREDICTION), quantise(TARGET), window="uniform7")
    np.testing.assert_allclose(scores, uniform, rtol=1e-4)


def test_protocols_name_what_they_measure():
    for name, protocol in metrics.protocols(metrics.METRICS).items():
        assert ("hole" if name.endswith("hole") or "legacy" in name else "full") in protocol
        assert "uint8" in protocol and ("range=1" in protocol or name not in metrics.DEFAULT)


def test_the_protocols_of_stored_summaries():
    """The protocols' hash is part of every summary's identity.

    A new hash would make every summary out of date.
    """
    from inpaint_jax.data.files import fingerprint

    assert fingerprint(metrics.protocols()) == fingerprint(metrics.PROTOCOLS) == "51742914c3d0f836"


def test_the_example_of_the_docstring(my_metrics):
    """A ramp of 1 / 255 per column on [0, 1] against a flat image: every difference is 1 / 255."""
    ramp = from_uint8(np.broadcast_to(np.arange(20, dtype=np.uint8)[:, None], (2, 24, 20, 3)))
    flat = np.full_like(ramp, -1)
    scores = metrics.measure(ramp, flat, HOLE, ["psnr_full", "my_metrics:edge_l1_pct"])
    assert list(scores) == ["psnr_full", "my_metrics:edge_l1_pct"]
    np.testing.assert_allclose(scores["my_metrics:edge_l1_pct"], [100 / 255] * 2, rtol=1e-4)
    protocols = metrics.protocols(["my_metrics:edge_l1_pct"])
    assert protocols == {
        "my_metrics:edge_l1_pct": "100 |dx a - dx b|[full,range=1,rgb,mean of images,uint8]"
    }


def test_names():
    assert list(metrics.resolve(["ssim_uniform_full", "default", "psnr_hole"])) == [
        "ssim_uniform_full",
        *metrics.DEFAULT,
    ]
    with pytest.raises(InputError, match="unknown metric 'psnr'; known: .*desai_legacy_sse, "):
        metrics.resolve(["psnr"])


@pytest.mark.parametrize(
    "code, words",
    [
        ("metric = 3", "is a int, not a Metric or a function"),
        ("def metric(prediction, target, hole): ...", "needs a docstring"),
        ("def metric(prediction, target):\n    '''x'''", r"must take \(prediction, target, hole\)"),
        (
            "def metric(prediction, target, hole):\n    '''x'''\n    return hole.mean()",
            r"\[2\], it returned shape \(\)",
        ),
        ("def metric(prediction, target, hole):\n    '''x'''", r"\[2\], it returned NoneType"),
        (
            "def metric(prediction, target, hole, *, vgg):\n    '''x'''",
            "needs vgg, which the argument given lacks",
        ),
    ],
)
def test_objects_that_are_no_metrics(tmp_path, monkeypatch, request, code, words):
    module = f"wrong_{abs(hash(code))}"
    (tmp_path / f"{module}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=f"metric '{module}:metric' .*{words}") as raised:
        metrics.measure(PREDICTION, TARGET, HOLE, [f"{module}:metric"])
    assert "\n" not in str(raised.value)


def test_a_metric_is_given_what_it_needs():
    def scaled(prediction, target, hole, *, scale):
        return scale(jnp.abs(prediction - target).mean((1, 2, 3)))

    table = {"scaled": Metric(scaled, "scaled", needs=("scale",))}
    scale = jax.tree_util.Partial(jnp.multiply, jnp.float32(3.0))
    scores = metrics.measure(PREDICTION, TARGET, HOLE, table, given={"scale": scale, "other": 1})
    expected = 3 * np.abs(quantise(PREDICTION) - quantise(TARGET)).mean((1, 2, 3))
    np.testing.assert_allclose(scores["scaled"], expected, rtol=1e-5)


def test_batches_of_a_metric_are_those_of_the_whole_set():
    levels = np.random.default_rng(0).integers(0, 256, (2, 70, 16, 16, 3)).astype(np.uint8)
    target, prediction = from_uint8(levels)
    hole = masks.evaluation_holes("center", ids=range(70), size=16, seed=0)
    scores = metrics.measure(prediction, target, hole, ["desai_legacy_sse"])["desai_legacy_sse"]
    np.testing.assert_allclose(
        scores, metrics.desai_legacy_sse(prediction, target, hole), rtol=1e-5
    )


def test_batches_are_whole_batches_of_every_metric():
    """Each score is the number of images in the call: a multiple of 6 and of 50, then the rest."""

    def count(prediction, target, hole):
        return jnp.full(len(prediction), float(len(prediction)))

    images, hole = np.zeros((320, 1, 1, 3), np.float32), np.ones((320, 1, 1, 1), np.float32)
    table = {"six": BatchMetric(count, "", batch=6), "fifty": BatchMetric(count, "", batch=50)}
    scores = metrics.measure(images, images, hole, table)
    np.testing.assert_array_equal(scores["six"], [150] * 300 + [20] * 20)
    np.testing.assert_array_equal(
        metrics.measure(images, images, hole, {"one": Metric(count, "")})["one"], 64
    )


def test_a_metric_of_the_whole_set_gets_it_quantised():
    shapes = []

    def mean(prediction, target, hole):
        shapes.append((prediction.shape, target.shape, hole.shape))
        return prediction.max() - target.max(), np.nan

    prediction, target = (
        np.full((70, 2, 2, 3), 0.2, np.float32),
        np.full((70, 2, 2, 3), 0.1, np.float32),
    )
    hole = np.ones((70, 2, 2, 1), np.float32)
    table = {"mean": SetMetric(mean, ""), "psnr": metrics.METRICS["psnr_full"]}
    scores = metrics.measure(prediction, target, hole, table)
    assert list(scores) == ["mean", "psnr"] and scores["psnr"].shape == (70,)
    assert shapes == [((70, 2, 2, 3), (70, 2, 2, 3), (70, 2, 2, 1))] and isinstance(
        scores["mean"], SetScore
    )
    # 0.2 is level 153, 0.1 level 140
    np.testing.assert_allclose(scores["mean"].value, 13 / 127.5, rtol=1e-5)
    assert np.isnan(scores["mean"].error)


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="shapes differ: prediction"):
        metrics.measure(PREDICTION, TARGET[:, :8], HOLE)
    with pytest.raises(InputError, match="hole must have the shape"):
        metrics.measure(PREDICTION, TARGET, HOLE[:1])
    with pytest.raises(InputError, match="measuring needs at least one image"):
        metrics.measure(PREDICTION[:0], TARGET[:0], HOLE[:0])
