"""Numbered tables and figures of the papers, and their pages."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli, commands
from inpaint_jax.configs import papers
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import experiments
from inpaint_jax.evaluation.experiments import catalogue, html, reproduce_all
from inpaint_jax.evaluation.experiments.context import FLOORS


def test_every_number_of_the_specification_is_there():
    """Every page serves some part, and a part without a page says what it lacks."""
    assert list(papers.PARTS) == [f"E{number:02d}" for number in range(1, 27)]
    assert {page for part in papers.PARTS.values() for page in part.pages} == {*papers.DATA}
    assert [number for number, part in papers.PARTS.items() if not part.pages] == ["E26"]
    assert papers.PARTS["E26"].lacks


@pytest.mark.parametrize("number", [number for number, part in papers.PARTS.items() if part.pages])
def test_every_part_is_on_its_pages(number):
    """A changed title on a page would silently lose its trainings."""
    for page, starts in papers.PARTS[number].pages.items():
        experiment = experiments.load(catalogue.spec_of(page, "smoke"))
        titles = [one.title for one in experiment.parts()]
        assert all(any(title.startswith(start) for title in titles) for start in starts)
        assert catalogue.arms_of(experiment, starts)


@pytest.mark.parametrize("page", papers.DATA)
def test_every_page_measures_the_floors(page):
    """E26: tables append the floors that an experiment measures."""
    assert {*FLOORS} <= {*experiments.load(catalogue.spec_of(page, "smoke")).against}


def test_a_part_of_two_pages():
    """Figure 6 shows centre holes of 128 px, and squares at the 64 px of on-demand learning."""
    tasks = catalogue.tasks(["E03"], scale="smoke", data={})
    assert {task.spec: task.arms for task in tasks} == {
        "salem:high_resolution,smoke": ("context_encoder", "neural_patches"),
        "salem:at64,smoke": ("on_demand",),
    }


def test_only_built_in_images_of_scale_smoke_are_few():
    [task] = catalogue.tasks(["E12"], scale="smoke", data={})
    assert (task.train, task.images) == (
        "facades?split=train&count=128",
        "facades?split=test&count=8",
    )
    [task] = catalogue.tasks(["E12"], scale="smoke", data={}, count=3)
    assert task.images == "facades?split=test&count=3"
    [task] = catalogue.tasks(["E12"], scale="smoke", data={"faces": "DIR"})
    assert (task.train, task.images) == ("DIR?split=train", "DIR?split=test")
    [task] = catalogue.tasks(["E12"], scale="cpu", data={})
    assert (task.train, task.images) == ("facades?split=train", "facades?split=test")


def test_a_part_trains_what_it_shows_and_what_that_reuses():
    task, other = catalogue.tasks(["E06"], scale="smoke", data={})
    assert other.spec == "desai:lengths,smoke" and len(other.arms) == 3
    assert task.spec == "desai:smoke" and task.arms == ("vae_alexnet", "vae_vgg", "vae_resnet")
    task, published = catalogue.tasks(["E17"], scale="smoke", data={})
    assert (
        task.arms == ("yeh", "with", "watched", "without")
        and published.spec == "buchacek:published,smoke"
    )
    one, _, other = catalogue.tasks(["E12", "E06", "E07"], scale="cpu", data={})
    assert (one.page, other.page) == ("desai", "sharma")
    assert one.arms == ("vae_alexnet", "vae_vgg", "vae_resnet", "gan_alexnet", "gan_resnet")


def test_roles_become_sources():
    data = {
        "cars": "DATA/cars?crop=64",
        "cars_test": "DATA/test_64?count=100",
        "streets": "DATA/streets?split=val",
    }
    tasks = {task.page: task for task in catalogue.tasks(["all"], scale="cpu", data=data)}
    assert list(tasks) == list(papers.DATA) and all(task.arms == () for task in tasks.values())
    cars = tasks["buchacek:ablations"]
    assert cars.spec == "buchacek:ablations,cpu"
    assert (cars.train, cars.images, cars.validation) == (
        "DATA/cars?crop=64&split=train",
        "DATA/test_64?count=100",
        "DATA/cars?crop=64&split=val",
    )
    assert (
        tasks["salem"].train == "DATA/streets?split=val"
        and tasks["salem"].images == "facades?split=test"
    )


def test_programs_of_scale_smoke_are_compiled_quickly(monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(commands, "start_jax", lambda **given: started.append(given["quick"]))
    monkeypatch.setattr(reproduce_all, "reproduce_parts", lambda *_, **__: None)
    for scale in ("smoke", "cpu"):
        assert cli.main(["reproduce", "E06", f"--scale={scale}", f"--workdir={tmp_path}"]) == 0
    assert started == [True, False]


def test_mistakes_are_one_line(capsys, tmp_path):
    for arguments, message in [
        (["E99", f"--workdir={tmp_path}"], "unknown 'E99'; known: list, all, E01"),
        (
            ["E26", f"--workdir={tmp_path}"],
            "reproduce E26 (The floors mean, harmonic and nearest) lacks a page",
        ),
        (["E06"], "reproduce E06 needs --workdir"),
        (["E06", f"--workdir={tmp_path}", "--data", "planes=DIR"], "unknown role 'planes'"),
        (["E06", f"--workdir={tmp_path}", "--train=DIR"], "--train goes with --experiment"),
        (["E06", f"--workdir={tmp_path}", "--scale=huge"], "unknown words huge"),
        (["list", "E06"], "takes no other parts"),
        ([f"--workdir={tmp_path}"], "needs --experiment, --train, --images"),
    ]:
        assert cli.main(["reproduce", *arguments]) == 2
        assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_list_says_how_far_it_is(tmp_path, capsys):
    folder = tmp_path / "desai"
    for arm in ("vae_alexnet", "vae_vgg", "vae_resnet", "gan_alexnet"):
        (folder / arm).mkdir(parents=True)
        (folder / arm / "summary.json").write_text("{}")
    (folder / "report.json").write_text(json.dumps({"experiment": "desai:smoke", "tables": []}))
    assert cli.main(["reproduce", "list", f"--workdir={tmp_path}"]) == 0
    lines = {
        line.split(" ")[1]: line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("| E")
    }
    assert "| done" in lines["E09"] and "| 4 of 5 trainings " in lines["E10"]
    assert "| 3 of 3 trainings, nothing of desai:lengths" in lines["E06"]
    assert "done" not in lines["E12"] and "trainings" not in lines["E12"]
    assert cli.main(["reproduce", "list"]) == 0
    assert "trainings" not in capsys.readouterr().out


def test_parts_are_carried_out_page_by_page_under_one_index(tmp_path, monkeypatch):
    called = []

    def reproduce(spec, workdir, **given):
        called.append((spec, workdir.name, given["slots"], given["images"], given["weights"]))
        workdir.mkdir(parents=True)
        (workdir / "report.json").write_text(json.dumps({"experiment": spec}))

    monkeypatch.setattr(reproduce_all, "reproduce", reproduce)
    weights = {"classifier": "net.npz"}
    arguments = {"scale": "smoke", "data": {}, "count": 8, "weights": weights, "processes": 1}
    reproduce_all.reproduce_parts(["E08", "E24"], tmp_path, **arguments)
    assert [(spec, name, slots, weights) for spec, name, slots, _, weights in called] == [
        ("desai:smoke", "desai", 8, {}),
        ("buchacek:ablations,smoke", "buchacek-ablations", 8, weights),
    ]
    assert called[0][3] == ["facades?split=val&count=8"]
    page = (tmp_path / "index.html").read_text()
    assert 'href="buchacek-ablations/report.html"' in page and "Desai &amp; Ghosal, Table 1" in page


def test_a_page_is_whole_in_one_file(tmp_path):
    for name, size in (("grid", (4, 4)), ("curves", (900, 300))):
        Image.fromarray(np.zeros((size[1], size[0], 3), np.uint8)).save(tmp_path / f"{name}.png")
    table = "| a | b |\n|---|---|\n| one | +1.50 ± 0.20 |\n"
    images = "".join(f"![{name}]({name}.png)\n\n" for name in ("grid", "curves", "lost"))
    html.write_page(
        tmp_path / "report.html", f"# One\n\n## Two & three\n\n{table}\n{images}", title="One <two>"
    )
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2 and 'src="lost.png"' in page
    assert '<img alt="grid" width="4" height="4"' in page
    assert (
        len(re.findall(r'<span class="wide"[^>]*><img alt="curves"', page))
        == 1
        == page.count("<span")
    )
    assert "<td>one</td>" in page and '<td class="number">+1.50 ± 0.20</td>' in page
    assert (
        "<title>One &lt;two&gt;</title>" in page
        and '<a href="#two-three">Two &amp; three</a>' in page
    )
    assert not re.search(r'(src|href)="https?:', page)


def test_an_unknown_role_or_part_is_refused_in_python_too():
    with pytest.raises(InputError, match="unknown role 'planes'"):
        catalogue.tasks(["all"], scale="cpu", data={"planes": "DIR"})
