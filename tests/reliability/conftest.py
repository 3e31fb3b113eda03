"""Results on disk that tests damage or interrupt.

Each has the command that reads it, and the values that must not change.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from inpaint_jax import cli
from inpaint_jax.data.facades import draw_facade

EXPERIMENT = """
from inpaint_jax.evaluation.experiments import Arm, Comparison, Experiment, TrainingCurve

def get_experiment(argument=""):
    changes = {tiny}
    return Experiment(
        arms=dict(short=Arm("yeh:smoke", (*changes, "--config.stages.dcgan.steps=2"))),
        holes=("center",),
        against=("mean",),
        comparisons=(
            Comparison("All", "method", "psnr_hole", dict(short=("short",), mean=("mean",))),
        ),
        figures=(TrainingCurve("Loss", "dcgan", "loss", dict(short=("short", "loss_generator"))),),
        train_count=0,
    )
"""


class Material(NamedTuple):
    """Results in a folder.

    Attributes:
      command: ``(folder) -> arguments`` of the command that reads the results. Its output goes
        below the folder.
      results: ``(folder) -> value``, which no damage may change silently.
      reads: ``(folder) -> files`` that the command reads.
    """

    command: Callable[[Path], list[str]]
    results: Callable[[Path], object]
    reads: Callable[[Path], list[Path]]

    def run(self, folder: Path) -> int:
        """Run the command in this process; return its exit code."""
        return cli.main(self.command(folder))


def report(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())


def answers(folder: Path) -> object:
    """Return every image of a folder job, and its report without the times of the call."""
    images = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.glob("[pkd]*/**/*.png"))
    }
    return images, report(folder)["job"], report(folder)["images"], report(folder)["skipped"]


def scores(folder: Path) -> object:
    """Return the table of an evaluation without times."""
    rows = json.loads((folder / "table.json").read_text())["rows"]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def tables(folder: Path) -> object:
    """Return the tables of an experiment without times and dates, and its figures."""
    shown = {
        table["title"]: table["markdown"]
        for table in report(folder)["tables"]
        if table["title"] != "Effort"
    }
    return shown, {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Write four images of 16 x 16 pixels."""
    folder = tmp_path_factory.mktemp("images")
    for i in range(4):
        Image.fromarray(draw_facade(i, 16)[0]).save(folder / f"p{i}.png")
    return folder


@pytest.fixture(scope="session")
def experiment_file(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "tiny.py"
    path.write_text(EXPERIMENT.format(tiny=tiny))
    return path


@pytest.fixture(scope="session")
def materials(images, tiny, experiment_file):
    """Return every kind of results, by name."""

    def complete(method: str, output: Path, *more: str) -> list[str]:
        return [
            "complete",
            f"--method={method}",
            f"--images={images}",
            "--holes=center",
            f"--output={output}",
            *more,
        ]

    def files(*patterns: str) -> Callable[[Path], list[Path]]:
        return lambda folder: sorted(
            path for p in patterns for path in folder.glob(p) if path.is_file()
        )

    small = ("--size=16", "--slots=4")
    data = ["--train=facades?split=train&count=64", "--images=facades?split=test&count=4"]
    return {
        "workdir": Material(
            lambda folder: complete(str(folder / "run"), folder / "out"),
            lambda folder: answers(folder / "out"),
            files("run/config.json", "run/dcgan/checkpoints/4/**/*"),
        ),
        "export": Material(
            lambda folder: complete(str(folder / "run.inpaint"), folder / "out"),
            lambda folder: answers(folder / "out"),
            files("run.inpaint"),
        ),
        "job": Material(
            lambda folder: complete("mean", folder, *small),
            answers,
            files("job.json", "records.jsonl", "images/*.png"),
        ),
        "evaluation": Material(
            lambda folder: [
                *(
                    "evaluate",
                    "--method=mean,harmonic",
                    f"--images={images}",
                    "--holes=center,left",
                ),
                *(f"--output={folder}", *small),
            ],
            scores,
            files("completions/*.npz"),
        ),
        "experiment": Material(
            lambda folder: [
                "reproduce",
                f"--experiment={experiment_file}",
                f"--workdir={folder}",
                *data,
            ],
            tables,
            files(
                "*/summary.json",
                "baselines/*/summary.json",
                "**/evaluation/completions/*.npz",
                "short/config.json",
                "short/dcgan/*.json*",
                "short/dcgan/.*.seal",
            ),
        ),
    }


@pytest.fixture(scope="session")
def finished(materials, workdir, tmp_path_factory):
    """Return ``(name) -> folder`` with complete results, made once; do not change them."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            folder = made[name] = tmp_path_factory.mktemp(name) / "whole"
            folder.mkdir()
            if name == "workdir":
                shutil.copytree(workdir, folder / "run")
            if name == "export":
                arguments = [
                    f"--workdir={workdir}",
                    f"--output={folder}/run.inpaint",
                    "--platforms=cpu",
                ]
                assert cli.main(["export", *arguments]) == 0
            assert materials[name].run(folder) == 0
        return made[name]

    return make


@pytest.fixture(scope="session")
def environment():
    """Return the environment of child processes.

    It has the devices of the tests, whose number changes the last bits.
    """
    return {**os.environ, "JAX_NUM_CPU_DEVICES": "4"}
