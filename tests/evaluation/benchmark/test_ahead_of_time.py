"""Programs compiled for devices that are not here, where their compilers are installed."""

import importlib.util
import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from inpaint_jax import cli, parallel
from inpaint_jax.data import files
from inpaint_jax.evaluation.benchmark import ahead_of_time
from inpaint_jax.evaluation.benchmark.ahead_of_time import compile_for, many
from inpaint_jax.evaluation.benchmark.measurements import read_compiled
from inpaint_jax.evaluation.benchmark.programs import Program
from inpaint_jax.evaluation.benchmark.scale_page import text
from inpaint_jax.runs import configuration

FOUND = {
    "config": "yeh:paper",
    "program": "step of dcgan",
    "target": "h100",
    "batch": 64,
    "devices": 4,
    "flop": None,
    "bytes_accessed": 2e9,
    "bytes": 3 * 2**20,
    "sent": {"all-reduce": 48_700_000, "all-gather": 1_000_000},
    "compile_seconds": 12.3,
}


def test_figures_of_one_device():
    """On the four devices that are here: a gradient of 8 x 16 float32 numbers,
    and half of it per device.
    """

    def step(state, batch, earlier):
        del earlier
        return jax.grad(lambda w: ((batch["image"] @ w) ** 2).mean())(state), {}

    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((8, 16), (12, 8))]
    found = compile_for(
        Program("step of one", step, (shapes[0], {"image": shapes[1]}, {}), 12, carried=0),
        parallel.mesh(),
        {},
    )
    assert (found["batch"], found["devices"], found["sent"]) == (3, 4, {"all-reduce": 4 * 8 * 16})
    products = 2 * 2 * 3 * 8 * 16  # the prediction and the gradient, for a device's three rows
    assert products <= found["flop"] < 1.5 * products


def test_a_batch_for_every_device(tiny):
    config = configuration.load("yeh:smoke", tiny)
    step, search = many(config, 4)
    assert step.images == 32 and search.images == 16 and config.stages.dcgan.batch_size == 8


def test_a_file_becomes_a_table(tmp_path, capsys):
    files.write_json(
        tmp_path / "f.json", {"compiled": [FOUND], "record": {"versions": {"jax": "0.10.2"}}}
    )
    page = text([], [], read_compiled([tmp_path / "f.json"]))
    [line] = [line for line in page.splitlines() if line.startswith("| yeh:paper, step of dcgan")]
    cells = [cell.strip() for cell in line.split("|")[2:-1]]
    assert cells == ["4 h100", "64", "–", "2", "3", "48.7; all-gather 1", "12"]
    assert "Four devices, jax 0.10.2" in page
    (tmp_path / "f.json").write_text("{}")
    assert cli.main(["benchmark", "scale", "--compiled", str(tmp_path / "f.json")]) == 2
    assert "f.json: not written by inpaint benchmark compiled" in capsys.readouterr().err


def test_what_cannot_be_compiled_for(capsys, monkeypatch):
    assert cli.main(["benchmark", "compiled", "h200"]) == 2
    assert "cannot compile for 'h200'; known: h100, v5e" in capsys.readouterr().err

    def missing(*_, **__):
        raise NotImplementedError("topology not implemented for cuda")

    monkeypatch.setattr(ahead_of_time.topologies, "get_topology_desc", missing)
    assert cli.main(["benchmark", "compiled", "h100"]) == 2
    assert (
        "pip install jax-cuda12-plugin jax-cuda12-pjrt nvidia-cuda-nvcc-cu12"
        in capsys.readouterr().err
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "module"),
    [
        ("v5e", "libtpu"),
        pytest.param("h100", "jax_plugins.xla_cuda12", id="h100"),
    ],
)
def test_programs_compile_for_four_devices(target, module, tiny, tmp_path):
    """A step reduces gradients, a search sends nothing."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"needs pip install {ahead_of_time.TARGETS[target].packages}")
    command = [
        sys.executable,
        "-m",
        "inpaint_jax",
        "benchmark",
        "compiled",
        target,
        "--config=yeh:smoke",
        *tiny,
    ]
    done = subprocess.run(
        [*command, f"--output={tmp_path / 'f.json'}"], capture_output=True, text=True
    )
    assert not done.returncode, done.stderr[-2000:]
    step, search = json.loads((tmp_path / "f.json").read_text())["compiled"]
    assert step["program"] == "step of dcgan" and step["devices"] == 4 and step["bytes"] > 0
    assert step["sent"]["all-reduce"] > 0 and search["sent"] == {}
