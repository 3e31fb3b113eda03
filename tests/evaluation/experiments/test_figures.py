"""Figures: contents, refused errors, and the user-defined figure of the docstring."""

import inspect
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.data import sheets
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.experiments import (
    Arm,
    Experiment,
    Grid,
    Inversion,
    TermCurves,
    check,
    figures,
    load,
)
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.figures import inversion
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.networks.classified import ClassifierOutput

GREY = np.full((3, 128, 128, 3), 128, np.uint8)


@pytest.fixture
def context_of(tmp_path):
    """Build a context of white images, with some families completed by some arms."""

    def make(arms, *, families=("left", "top"), images=GREY, traces=None, weights=None):
        shape = (*images.shape[:3], 1)
        gaps = {family: np.zeros(shape, np.float32) for family in families}
        for family, gap in gaps.items():
            gap[:, :, : shape[2] // 2] = family == "left"
            gap[:, : shape[1] // 4] += family == "top"
        summaries = {}
        for arm, completed in arms.items():
            (tmp_path / arm).mkdir()
            arrays = {f"trace_{term}": values for term, values in (traces or {}).items()}
            np.savez(tmp_path / arm / "answer.npz", images=images, seconds=1.0, **arrays)
            measured = {family: {"completions": "answer.npz"} for family in completed}
            summaries[arm] = {
                "measured": {"test": measured},
                "term_weights": {family: weights or {} for family in completed},
            }
        truth = np.ones(images.shape, np.float32)
        test = ImageSet((), [*"abc"[: len(images)]], truth, "", gaps, {}, 0)
        return Context(tmp_path, families, {"test": test}, summaries, {})

    return make


def test_a_grid_of_several_holes(context_of):
    """Families are stacked, each with its own damage; an arm without one of them is left out."""
    context = context_of({"both": ["left", "top"], "one": ["left"]})
    grid = Grid("two", ("damaged", "both", "one"), rows=2, holes=("left", "top"))
    [(title, file)] = grid.draw(context)
    assert (title, file) == ("two", "two.png")
    sheet = np.asarray(Image.open(context.workdir / file))
    first, row = sheets.FONT_SIZE + 2 * sheets.MARGIN, 128 + sheets.GAP
    assert sheet.shape[0] == first + 4 * row
    shown = [
        (sheet[first + i * row : first + (i + 1) * row] == 128).all(2).sum() / 128**2
        for i in range(4)
    ]
    np.testing.assert_allclose(shown, [1.5, 1.5, 1.25, 1.25], atol=0.01)
    files = [file for _, file in Grid("each", ("truth", "one")).draw(context)]
    assert files == ["each-left.png"]  # nothing is completed under the other family


def test_images_picked_by_a_term(context_of):
    """The term is read where the total was least, not where the term was."""
    totals, terms = (
        np.array([[3.0, 1.0, np.nan], [5.0, 4.0, 6.0]]),
        np.array([[0.0, 7.0, np.nan], [1.0, 2.0, 0.5]]),
    )
    context = context_of(
        {"ours": ["left"]}, images=GREY[:2], traces={"total": totals, "semantic": terms}
    )
    grid = Grid("picked", ("ours",), pick="ours", by="semantic", rows=1)
    np.testing.assert_array_equal(grid.scores(context, "ours", "left"), [7.0, 2.0])
    assert grid.picked(context, "left") == [1] and grid._replace(highest=True).picked(
        context, "left"
    ) == [0]


def test_images_picked_by_nothing_known(context_of):
    context = context_of({"ours": ["left"]}, families=("left",))
    with pytest.raises(
        InputError, match="picked: unknown metric or loss term 'psnr'; known: psnr_hole"
    ):
        list(Grid("picked", ("ours",), pick="ours", by="psnr").draw(context))


def test_terms_as_they_are_and_weighted(context_of):
    """A watched term of weight 0 is in no sum, and shown only unweighted."""
    traces = {
        "contextual": np.array([[4.0, 2.0], [6.0, np.nan]]),
        "total": np.array([[8.0, 4.0], [12.0, np.nan]]),
    }
    traces["semantic"] = np.ones((2, 2))
    weights = {"contextual": 2.0, "semantic": 0.0}
    context = context_of({"ours": ["left"]}, images=GREY[:2], traces=traces, weights=weights)
    panels = TermCurves("Terms", "ours").panels(context)
    assert list(panels) == ["left, weighted", "left, unweighted"]
    assert list(panels["left, unweighted"]) == ["contextual", "semantic"]
    assert list(panels["left, weighted"]) == ["contextual", "total"]
    np.testing.assert_array_equal(panels["left, unweighted"]["contextual"][1], [5.0, 2.0])
    np.testing.assert_array_equal(panels["left, weighted"]["contextual"][1], [10.0, 4.0])


def test_the_figure_of_the_docstring(context_of, tmp_path, monkeypatch):
    """The figure is found beside the experiment, refused for an unknown arm, and drawn."""
    _, _, code = inspect.cleandoc(figures.__doc__).partition("::\n")
    (tmp_path / "my_figures.py").write_text(textwrap.dedent(code))
    (tmp_path / "mine.py").write_text(
        "from inpaint_jax.evaluation.experiments import Arm, Experiment\n"
        "def get_experiment(arm='yeh'):\n"
        "    arms = {arm: Arm('yeh:smoke')}\n"
        "    return Experiment(arms, ('left',), (), figures=('my_figures:histogram',))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    experiment = load(f"{tmp_path}/mine.py")
    with pytest.raises(
        InputError, match="How good the images are: unknown arm 'yeh'; known: other"
    ):
        load(f"{tmp_path}/mine.py:other")
    context = context_of({"yeh": ["left"]})
    [histogram] = map(figures.find, experiment.figures)
    assert list(histogram.draw(context)) == [("How good the images are", "histogram.png")]
    with Image.open(tmp_path / "histogram.png") as image:
        assert image.size == (4 * 120, 3 * 120)
    assert list(histogram.draw(context_of({"yeh_2": []})._replace(summaries={"yeh": None}))) == []


def test_images_from_features_are_recovered_once(context_of, monkeypatch):
    """A column per layer beside the truth; a second report reads the stored images."""

    def classify(images):
        return ClassifierOutput(images[:, 0, 0, :2], (), {"early": images, "late": images[:, ::2]})

    context = context_of({"ours": ["left"]}, families=("left",))
    context.summaries["ours"]["identity"] = {"method": "a"}
    monkeypatch.setattr(inversion, "load", lambda _: SimpleNamespace(network=lambda *_: classify))
    figure = Inversion("Layers", "ours", ("early", "late"), rows=2, iterations=3)
    [(_, file)] = figure.draw(context)
    sheet = (context.workdir / file).read_bytes()
    with Image.open(context.workdir / file) as image:
        assert image.size[0] > 3 * 128 and 2 * 128 < image.size[1] < 3 * 128
    monkeypatch.setattr(inversion, "load", lambda _: pytest.fail("they were recovered before"))
    assert (
        list(figure.draw(context)) == [("Layers", file)]
        and (context.workdir / file).read_bytes() == sheet
    )
    assert list(figure.draw(context._replace(summaries={"ours": None}))) == []


@pytest.mark.parametrize(
    "figure, message",
    [
        ("histogram", "figure 'histogram': give an object, or the name module:attribute"),
        ("nowhere:histogram", "figure 'nowhere:histogram': no module 'nowhere'"),
        ("inpaint_jax.evaluation.experiments:Grid", "Grid' is a class: name an instance of it"),
        ("json:dumps", "figure 'json:dumps' has no 'title'"),
        (SimpleNamespace(title="", arms=list, families=list, metrics=list), "has no 'draw'"),
    ],
)
def test_what_is_no_figure(figure, message):
    with pytest.raises(InputError, match=message):
        check(Experiment({"ours": Arm("")}, ("center",), (), figures=(figure,)))


def test_two_figures_of_one_file():
    grids = (Grid("Figure 1: ours", ("ours",)), Grid("figure 1, ours", ("ours",)))
    with pytest.raises(
        InputError,
        match="the figures 'Figure 1: ours' and 'figure 1, ours' would have the same file",
    ):
        check(Experiment({"ours": Arm("")}, ("center",), (), figures=grids))
