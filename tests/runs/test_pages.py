"""Config pages, found by path or by name in the installed package."""

import subprocess
import sys
from pathlib import Path

import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import experiments
from inpaint_jax.runs import configuration, pages

ROOT = Path(__file__).parents[2]


def test_shipped_configs_have_the_names_of_their_files():
    files = {page.stem for page in (ROOT / "configs").glob("*.py")} - {"__init__"}
    assert set(pages.shipped(pages.CONFIGS)) == files
    papers = {page.stem for page in (ROOT / "configs" / "papers").glob("*.py")} - {"__init__"}
    assert set(pages.shipped(pages.EXPERIMENTS)) == papers


def test_a_name_is_the_shipped_config_in_any_folder(tmp_path, monkeypatch):
    by_path = configuration.load("configs/yeh.py:smoke,nag", ["--config.seed=3"])
    monkeypatch.chdir(tmp_path)
    by_name = configuration.load("yeh:smoke,nag", ["--config.seed=3"])
    assert configuration.to_plain(by_name) == configuration.to_plain(by_path)
    assert experiments.load("desai:cpu") == experiments.load("papers/desai:cpu")
    assert len(experiments.load("desai:cpu").arms) == 18  # docstring: 17, and one of ours


def test_an_existing_file_wins_over_a_name(tmp_path, monkeypatch):
    (tmp_path / "yeh").write_text("")  # no suffix: importable by its path alone
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="yeh has no function get_config"):
        configuration.load("yeh:smoke")
    (tmp_path / "yeh").unlink()
    (tmp_path / "yeh").mkdir()  # a folder, such as a workdir, is no page
    assert configuration.load("yeh:smoke").system == "yeh"


@pytest.mark.parametrize("name", ["yeah", "configs/yeh.py", "papers/desai", "papers", ""])
def test_unknown_names_list_the_shipped_ones(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = (
        f"--config: no file '{name}', and no shipped config of that name; known: "
        "classifier_guided, context_enc"
    )
    with pytest.raises(InputError, match=words):
        configuration.load(f"{name}:smoke")
    with pytest.raises(
        InputError,
        match="--experiment: no file 'yeh', .* known: buchacek, curricula, desai, levels, liu, ",
    ):
        experiments.load("yeh")


def test_a_page_of_ones_own_begins_with_a_shipped_one(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from inpaint_jax.configs import yeh\n\n\n"
        "def get_config(argument='smoke'):\n"
        "    config = yeh.get_config(argument)\n"
        "    config.seed = 7\n"
        "    return config\n"
    )
    code = (
        "from inpaint_jax.runs import configuration\n"
        "print(configuration.load('mine.py').seed, configuration.load('mine.py:published').system)"
    )
    environment = {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert result.stdout == "7 yeh\n", result.stderr
