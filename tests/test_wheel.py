"""The wheel: which files it holds, and that it trains,
evaluates and completes where there is no checkout.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

import inpaint_jax

ROOT = Path(__file__).parent.parent
SOURCES = ("inpaint_jax", "configs", "pyproject.toml", "setup.py", "README.md", "LICENSE")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built, as ``pip wheel .`` does, inside a copy of the checkout that holds the rest
    of an earlier build.
    """
    copy = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name,
                copy / name,
                symlinks=True,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        else:
            shutil.copy(ROOT / name, copy)
    stale = copy / "build" / "lib" / "inpaint_jax" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    run(
        *PIP,
        "wheel",
        ".",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--wheel-dir=wheels",
        cwd=copy,
    )
    (built,) = (copy / "wheels").iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel installed, to be put on PYTHONPATH."""
    target = tmp_path_factory.mktemp("site")
    run(*PIP, "install", "--no-deps", "--no-index", f"--target={target}", wheel, cwd=target)
    return target


def run(*command, cwd, **environment):
    """Run a command to its end; return what it printed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    assert {name.split("/")[0] for name in names} == {
        "inpaint_jax",
        f"inpaint_jax-{inpaint_jax.__version__}.dist-info",
    }
    modules = {file.relative_to(ROOT).as_posix() for file in (ROOT / "inpaint_jax").rglob("*.py")}
    pages = {
        f"inpaint_jax/{file.relative_to(ROOT).as_posix()}"
        for file in (ROOT / "configs").rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == modules | pages  # so no stale.py
    assert "inpaint_jax/py.typed" in names
    models = {
        f"portraits-{method}{suffix}"
        for method in ("yeh", "context-encoder")
        for suffix in (".json", ".npz")
    }
    assert {f"inpaint_jax/runs/shipped/models/{file}" for file in models} <= names
    assert not [name for name in names if "/results/" in name]


def test_every_shipped_page_imports(installed, tmp_path):
    code = """if True:
        import importlib, inpaint_jax
        from inpaint_jax.evaluation import experiments
        from inpaint_jax.runs import configuration, pages
        print(inpaint_jax.__file__)
        for name in pages.shipped(pages.CONFIGS):
            configuration.build_system(configuration.load(name))
        for name in pages.shipped(pages.EXPERIMENTS):
            for arm in experiments.load(name).arms.values():
                configuration.load(arm.config, arm.overrides)
        """
    message = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed))
    assert message == f"{installed / 'inpaint_jax' / '__init__.py'}\n"


def test_it_trains_and_evaluates_in_an_empty_folder(installed, tiny, tmp_path):
    def inpaint(*arguments):
        return run(
            sys.executable, "-m", "inpaint_jax", *arguments, cwd=tmp_path, PYTHONPATH=str(installed)
        )

    images = ("--images=facades?split=test", "--count=2", "--holes=center")
    inpaint("train", "--config=yeh:smoke", "--workdir=run", *tiny)
    inpaint("evaluate", "--workdir=run", *images, "--against=mean", "--output=evaluation")
    assert "psnr_hole" in (tmp_path / "evaluation" / "table.md").read_text()


def test_it_completes_without_training_and_without_network(installed, tmp_path):
    """With a shipped model, and with a method that needs none."""
    offline = ("unshare", "--net", "--map-root-user")
    allowed = (
        shutil.which("unshare")
        and not subprocess.run([*offline, "true"], capture_output=True).returncode
    )
    images = ("--images=portraits?split=test", "--count=1", "--holes=center", "--slots=1")
    for method, *more in (["portraits-yeh?search.iterations=2"], ["patchmatch", "--size=32"]):
        command = (
            sys.executable,
            "-m",
            "inpaint_jax",
            "complete",
            f"--method={method}",
            *images,
            *more,
        )
        command = (*(offline if allowed else ()), *command, f"--output={method[:5]}")
        run(*command, cwd=tmp_path, PYTHONPATH=str(installed))
        assert len(list((tmp_path / method[:5] / "images").glob("*.png"))) == 1


def test_the_version_is_the_same_everywhere():
    version = inpaint_jax.__version__
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version
    released = re.findall(r"^## \[?(\d[\w.]*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released[0] == version
