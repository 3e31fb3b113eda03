"""Plots: written for every shape of input; matplotlib is loaded only when needed."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.runs import plots

FALLING = np.geomspace(100, 1, 20) * np.array([[0.5], [1.0], [2.0]])


@pytest.mark.parametrize(
    ("traces", "weights"),
    [
        (
            {"context": FALLING, "prior": FALLING, "total": 4 * FALLING},
            {"context": 1.0, "prior": 3.0},
        ),
        ({"context": FALLING, "prior": -FALLING}, {"prior": 0.003}),
        ({"context": FALLING[:1], "semantic": 0 * FALLING[:1]}, {"semantic": 0.0}),
        ({"total": FALLING[:, :1]}, {}),
    ],
)
def test_traces(tmp_path, traces, weights):
    plots.plot_traces(tmp_path / "new" / "traces.png", traces, weights, every=5)
    image = np.asarray(Image.open(tmp_path / "new" / "traces.png").convert("L"))
    assert image.shape == (504, 840)
    assert image.std() > 5  # something is drawn


@pytest.mark.parametrize("count", [1, 3, 4])
def test_metrics(tmp_path, count):
    lines = [{"step": s, **{f"loss_{i}": s * i for i in range(count)}} for s in range(5)]
    lines[2]["loss_0"] = None
    plots.plot_metrics(tmp_path / "metrics.png", [{"step": 1, "weighted_loss_0": 0.5}, *lines])
    with Image.open(tmp_path / "metrics.png") as image:
        rows, columns = 1 if count < 4 else 2, min(count, 3)
        assert image.size == (round(408 * columns), 288 * rows)


def test_sweep(tmp_path):
    lines = {"VAE VGG": {4000: 18.0, 125: 15.5, 1000: 17.2}, "VAE AlexNet": {1000: 16.0}}
    plots.plot_sweep(
        tmp_path / "a.png", {"center": lines, "left": lines}, x="bottleneck", y="psnr_hole, test"
    )
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (2 * 552, 432)
        assert np.asarray(image.convert("L")).std() > 5


def test_sweep_of_names(tmp_path):
    """The names keep their order."""
    plots.plot_sweep(
        tmp_path / "a.png",
        {"": {"ours": {"top": 1.0, "left": 3.0, "bottom": 2.0}}},
        x="place",
        y="dB",
    )
    plots.plot_sweep(
        tmp_path / "b.png",
        {"": {"ours": {"left": 3.0, "top": 1.0, "bottom": 2.0}}},
        x="place",
        y="dB",
    )
    one, other = ((tmp_path / name).read_bytes() for name in ("a.png", "b.png"))
    assert one != other


@pytest.mark.parametrize("lines", [[], [{"step": 1, "weighted_loss": 0.5}]])
def test_no_metrics(tmp_path, lines):
    plots.plot_metrics(tmp_path / "a.png", lines)
    assert not (tmp_path / "a.png").exists()


def test_importing_is_cheap():
    code = "import sys, inpaint_jax.runs.plots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_label_has_one_colour_in_all_panels(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "save", lambda canvas, path: drawn.append(canvas))
    line = ([0, 1, 2], [1.0, 2.0, 3.0])
    plots.plot_lines(
        tmp_path / "a.png", {"a": {"x": line, "y": line}, "b": {"z": line, "y": line}}, x="s", y="v"
    )
    first, second = drawn[0].axes
    x, y, z, y_again = (line.get_color() for line in (*first.lines, *second.lines))
    assert y == y_again and len({x, y, z}) == 3
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["x", "y", "z"]
