"""Methods by name: the method that each text opens, and refusals in one line."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import inpaint_jax
from inpaint_jax import cli, masks
from inpaint_jax.completion.export import export
from inpaint_jax.data.facades import draw_facade
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.evaluate import evaluate
from inpaint_jax.evaluation.frozen_holes import write_holes
from inpaint_jax.runs.method_names import label, parse
from inpaint_jax.runs.methods import open_methods
from inpaint_jax.systems.driver import Task

FACADES = "facades?split=test&count=4"


def test_texts_are_taken_apart(tmp_path):
    assert parse("telea?radius=5&x=a+b") == (
        "telea?radius=5&x=a+b",
        "telea",
        {"radius": "5", "x": "a+b"},
    )
    question = tmp_path / "what?now=1"
    question.mkdir()
    assert parse(str(question)) == (str(question), str(question), {})  # exists: taken literally
    assert label(parse(str(question))) == "what?now=1"


@pytest.mark.parametrize(
    "text, words",
    [
        ("photoshop", "unknown method 'photoshop'; known: .*harmonic, .*mean"),
        ("telea?radus=5", "unknown option 'radus'; known: radius"),
        ("mean?power=2", "unknown option 'power'; known: none"),
        ("telea?radius=5&radius=6", "write each option once"),
        ("telea?", "write each option once"),
        (
            "yeh:smoke",
            "the config yeh:smoke trains dcgan: run inpaint train "
            "--config=yeh:smoke --workdir=DIR first",
        ),
        ("", "the name is empty"),
        ("nearest", "nearest needs training images: give --train"),
        ("images?dir=x", r"name stored results as images\?folder=DIR"),
        ("images?folder=nowhere", "no such folder"),
    ],
)
def test_refused_at_the_door(text, words):
    with pytest.raises(InputError, match=words) as caught:
        open_methods([text], size=16)
    assert "\n" not in str(caught.value)


def test_a_config_that_needs_no_training():
    tiny = "&".join(
        (
            "data.size=16",
            "networks.generator.size=16",
            "networks.generator.width=8",
            "stages.dcgan.steps=0",
        )
    )
    [method], setting = open_methods([f"yeh:smoke?{tiny}"])
    assert method.size == setting.size == 16 and method.name.startswith("yeh:smoke?")
    assert int(method.model.states["dcgan"].step) == 0


def test_nearest_searches_all_training_images():
    """The search includes images after the first thousand, unless a number is given."""
    train = "facades?split=train&count=1010"
    everything, some = open_methods(["nearest", "nearest?images=900"], size=8, train=train)[0]
    assert everything.identity == ["nearest", train, 1010] and some.identity[-1] == 900
    [image] = next(examples(open_source(train, size=8), size=8, batch=1, indices=[1005]))["image"]
    hole = np.zeros((8, 8, 1), np.float32)
    hole[2:6, 2:6] = 1
    found, other = (
        next(iter(m.run([Task("0", image, hole)], seed=0))).images[0] for m in (everything, some)
    )
    np.testing.assert_array_equal(found, image)
    assert (other != image).any()


def test_two_of_one_name(workdir):
    with pytest.raises(InputError, match="two methods are called 'mean'"):
        open_methods(["floors", "mean"], size=16, train="facades")
    with pytest.raises(InputError, match="--size=32: .* completes images of 16 pixels"):
        open_methods([str(workdir)], size=32)
    known = "search=CONFIG, checkpoint=STEP, search.*, losses.*, blend.*, slots, precision, self_"
    with pytest.raises(
        InputError, match=re.escape(f"unknown option 'networks.latent_size'; known: {known}")
    ):
        open_methods([f"{workdir}?networks.latent_size=9"])


def test_what_contributing_shows_is_a_method_a_family_and_a_metric(tmp_path, monkeypatch):
    """The examples of CONTRIBUTING, beside a config, named in a call."""
    blocks = Path("CONTRIBUTING.md").read_text().split("```python\n")[1:]
    for name in ("my_methods", "my_masks", "my_metrics"):
        block = next(block for block in blocks if block.startswith(f"# {name}.py"))
        # Other tests have modules of these names: what was imported is forgotten before and after.
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        del sys.modules[name]
        (tmp_path / f"{name}.py").write_text(block.split("```")[0])
    monkeypatch.syspath_prepend(tmp_path)
    given = {
        "size": 16,
        "holes": ["my_masks:frame"],
        "metrics": ["default", "my_metrics:hole_l1"],
    }
    grey, white = evaluate(["my_methods:grey", "my_methods:grey?level=1"], FACADES, **given).rows
    assert (grey["method"], white["method"]) == ("my_methods:grey", "my_methods:grey?level=1")
    assert grey["l2_pct_hole"].mean() != white["l2_pct_hole"].mean()
    for row in (grey, white):
        np.testing.assert_allclose(row["my_metrics:hole_l1"], row["l1_pct_hole"], rtol=1e-5)
    [hole] = masks.evaluation_holes("my_masks:frame", ids=["a"], size=16, seed=0)
    assert hole.sum() == 16**2 - 12**2


def test_other_peoples_results_are_measured_on_the_same_holes(tmp_path):
    """OpenCV's Telea, run by a script on exported holes, gives the numbers of our row."""
    families = ["center", "random:0.8"]
    about = write_holes(families, [FACADES], tmp_path / "given", size=32, seed=3)
    script = """
import sys
from pathlib import Path
from pathlib import Path
import cv2
given, results = map(Path, sys.argv[1:])
for file in given.glob("holes/*/*.png"):
    hole = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    image = cv2.imread(str(given / "damaged" / file.parent.name / file.name))
    (results / file.parent.name).mkdir(parents=True, exist_ok=True)
    completed = cv2.inpaint(image, hole, 3, cv2.INPAINT_TELEA)
    cv2.imwrite(str(results / file.parent.name / file.name), completed)
"""
    subprocess.run(
        [sys.executable, "-c", script, tmp_path / "given", tmp_path / "theirs"], check=True
    )
    theirs = f"images?folder={tmp_path / 'theirs'}"
    rows = evaluate(["telea", theirs], FACADES, families, size=32, seed=3).rows
    assert [(row["method"], row["holes"]) for row in rows] == [
        (name, family) for family in families for name in ("telea", "theirs")
    ]
    for ours, other in (rows[:2], rows[2:]):
        assert ours["holes_hash"] == about["holes_hash"][ours["holes"]] == other["holes_hash"]
        for metric in ("psnr_hole", "ssim_full", "l1_pct_hole"):
            np.testing.assert_allclose(ours[metric], other[metric], rtol=1e-4)


def test_a_missing_result_is_named(tmp_path):
    (tmp_path / "theirs").mkdir()
    Image.fromarray(draw_facade(0, 16)[0]).save(tmp_path / "theirs/other.png")
    with pytest.raises(InputError, match="has no completion of image"):
        evaluate(f"images?folder={tmp_path / 'theirs'}", FACADES, size=16)


def test_a_run_its_file_and_a_search_of_it(workdir, model, tmp_path):
    """A workdir, its exported file, and the workdir under another search, in one table."""
    export(model, tmp_path / "tiny.inpaint", platforms=("cpu",))
    pasted = f"{workdir}?blend.method=paste"
    rows = evaluate([str(workdir), str(tmp_path / "tiny.inpaint"), pasted], FACADES, slots=4).rows
    run, file, other = (row["psnr_hole"] for row in rows)
    assert [row["method"] for row in rows] == ["yeh", "tiny.inpaint", "yeh?blend.method=paste"]
    np.testing.assert_allclose(run, file, atol=0.1)  # one image per batch in the file
    assert (run != other).all()


def test_evaluate_without_a_workdir(tmp_path, capsys):
    arguments = [
        "evaluate",
        "--images=facades?split=test",
        "--count=4",
        "--holes=center",
        f"--output={tmp_path}/out",
    ]
    assert (
        cli.main([*arguments, "--method=mean,harmonic", "--method=telea?radius=2", "--size=16"])
        == 0
    )
    table = json.loads((tmp_path / "out/table.json").read_text())
    assert [row["method"] for row in table["rows"]] == ["mean", "harmonic", "telea?radius=2"]
    metrics = ["--metrics=ssim_uniform_full,psnr_full", "--method=mean", "--size=16"]
    assert cli.main([*arguments, *metrics]) == 0
    [row] = json.loads((tmp_path / "out/table.json").read_text())["rows"]
    assert {"psnr_hole", "psnr_full", "ssim_uniform_full"} <= set(row) and "sse_hole" not in row
    assert "uniform7" in (tmp_path / "out/table.md").read_text()
    assert cli.main([*arguments, "--metrics=beauty", "--method=mean", "--size=16"]) == 2
    assert "unknown metric 'beauty'" in capsys.readouterr().err
    assert cli.main([*arguments, "--method=mean"]) == 2
    assert "give --size" in capsys.readouterr().err
    assert cli.main([*arguments, "--method=mean", "--size=16", "--config.search.iterations=3"]) == 2
    assert "needs --workdir" in capsys.readouterr().err


def test_complete_without_a_workdir(tmp_path, capsys):
    """A method without stages completes images at their own sizes;
    known pixels stay as they are.
    """
    for kind in ("images", "holes"):
        (tmp_path / kind).mkdir()
    for i, (width, height) in enumerate([(40, 30), (24, 33)]):
        image = np.asarray(Image.fromarray(draw_facade(i, 48)[0]).resize((width, height)))
        hole = np.zeros((height, width), np.uint8)
        hole[10:20, 8:14] = 255
        Image.fromarray(image).save(tmp_path / f"images/p{i}.png")
        Image.fromarray(hole).save(tmp_path / f"holes/p{i}.png")
    job = [
        "complete",
        f"--images={tmp_path}/images",
        f"--holes={tmp_path}/holes",
        f"--output={tmp_path}/out",
    ]
    assert cli.main([*job, "--method=harmonic"]) == 0
    for i in range(2):
        before, after, hole = (
            np.asarray(Image.open(tmp_path / folder / f"p{i}.png"))
            for folder in ("images", "out/images", "holes")
        )
        assert (after != before)[hole > 0].any()
        np.testing.assert_array_equal(after[hole == 0], before[hole == 0])
    assert cli.main([*job, "--method=telea"]) == 2
    assert "holds another job" in capsys.readouterr().err
    assert cli.main([*job, "--method=floors"]) == 2
    assert "names 3 methods; give one" in capsys.readouterr().err
    several = [*job[:-1], f"--output={tmp_path}/several"]
    assert cli.main([*several, "--method=mean,harmonic", "--method=telea?radius=2"]) == 0
    for name in ("mean", "harmonic", "telea?radius=2"):
        assert (tmp_path / "several" / name / "images" / "p1.png").is_file()


def test_evaluation_returns_its_table(model):
    evaluation = inpaint_jax.evaluate(model, FACADES, ["center", "left"])
    assert [row["holes"] for row in evaluation.rows] == ["center", "left"]
    assert (
        all(row["psnr_hole"].shape == (4,) for row in evaluation.rows)
        and "commit" in evaluation.caption
    )


def test_holes_command(tmp_path, capsys):
    command = [
        "holes",
        "center,quarter:tl",
        "--images=facades?split=test",
        "--count=2",
        "--size=16",
    ]
    assert cli.main([*command, f"--output={tmp_path}/out"]) == 0
    about = json.loads((tmp_path / "out/holes.json").read_text())
    assert (
        set(about["holes_hash"]) == {"center", "quarter:tl"}
        and about["holes_hash"]["center"] in capsys.readouterr().out
    )
    hole = np.asarray(Image.open(next((tmp_path / "out/holes/quarter-tl").glob("*.png"))))
    assert (hole[:8, :8] == 255).all() and hole.sum() == 255 * 64
    assert cli.main([*command, f"--output={tmp_path}/out"]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_every_method_without_training_is_evaluated_at_one_size():
    rows = evaluate(["classical"], FACADES, ["center:5", "random:0.6"], size=16, metrics=()).rows
    names = ["mean", "harmonic", "biharmonic", "telea", "navier_stokes", "fsr_fast", "shift_map"]
    assert [row["method"] for row in rows] == 2 * names
    assert all(np.isfinite(row["psnr_hole"]).all() for row in rows)
    random = {row["method"]: row["psnr_hole"].mean() for row in rows[7:]}
    assert random["biharmonic"] > random["mean"] and random["fsr_fast"] > random["mean"]
