"""Imports run one way: who may know whom, read from the source of every file."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "inpaint_jax"
FILES = sorted(PACKAGE.rglob("*.py"))

ANYWHERE = {"errors", "examination", "naming", "seeds"}

# A room is a module of the package, or a folder of them: what it may import, besides itself.
ALLOWED = {
    # arrays in, arrays out
    "types": "",
    "optimizers": "",
    "losses": "types",
    "masks": "types",
    "blending": "types",
    "metrics": "types",
    "curriculum": "types",
    "compositing": "types",
    "crops": "types",
    "networks": "types",
    # given their networks, never importing them
    "objective": "types losses",
    "state": "types losses objective compositing",
    "steps": "types losses objective compositing state",
    "latent_inpainting": "types losses objective compositing state",
    # methods
    "systems": "types losses metrics objective compositing state steps latent_inpainting networks masks blending "
    "curriculum optimizers augmentation crops",
    # the world outside
    "interruption": "",
    "files": "",
    "data": "types files",
    "parallel": "types",
    "processes": "",
    "checkpoints": "types",
    "sheets": "files",
    "plots": "files",
    "writers": "types files sheets",
    "tables": "",
    "training_report": "files plots writers",
    "validation": "systems configuration parallel data",
    "stage_data": "systems configuration parallel data interruption projections",
    "augmentation": "types",
    "config_words": "",
    # the harness
    "configuration": "systems",
    "run_record": "configuration",
    "completion": "systems parallel types",
    "model": "systems configuration completion checkpoints parallel",
    "projections": "systems configuration completion data files masks sheets interruption",
    "train": "systems configuration model parallel processes validation stage_data checkpoints files interruption "
    "reuse state training_report imported_weights",
    "reuse": "systems configuration model files state imported_weights",
    "weight_files": "files",
    "imported_weights": "files state weight_files",
    "weight_import": "networks weight_files",
    "job_files": "completion data files",
    "job_report": "completion model files plots run_record",
    "complete_folder": "systems configuration model completion data masks sheets interruption job_files job_report",
    "search_speed": "tables plots",
    "picture_set": "configuration data masks sheets",
    "evaluation_report": "configuration model picture_set metrics files sheets tables search_speed run_record",
    "evaluate": "systems configuration model completion data picture_set metrics files sheets search_speed "
    "interruption evaluation_report types",
    "experiment": "configuration metrics",
    "arm_summary": "configuration picture_set metrics files tables interruption evaluate",
    "experiment_figures": "experiment arm_summary picture_set evaluate sheets plots",
    "experiment_comparisons": "experiment arm_summary picture_set evaluate tables",
    "experiment_report": "experiment arm_summary picture_set evaluation_report experiment_comparisons "
    "experiment_figures files tables",
    "reproduce": "configuration model picture_set interruption run_record train stage_data reuse evaluate experiment "
    "arm_summary experiment_report",
    "export": "systems configuration model compositing files run_record",
    "exported": "",
    "benchmark": "systems configuration model completion data files tables run_record types losses objective "
    "compositing state steps optimizers networks blending parallel",
    # on top
    "cli": "configuration model parallel processes train complete_folder evaluate reproduce weight_import export "
    "benchmark",
    "__main__": "cli",
    "__init__": "model",
}

# Libraries that only some files may know.
CONFINED = {
    "tensorflow": "",
    "orbax": "checkpoints.py",
    "flax": "networks/",
    "grain": "data/",
    "tensorflow_datasets": "data/",
    "tensorboard": "writers.py",
    "matplotlib": "plots.py",
    "cv2": "systems/baselines/",
    "torch": "benchmark/",
    "absl": "cli.py configuration.py",
    "ml_collections": "cli.py configuration.py model.py train.py evaluate.py reproduce.py export.py benchmark.py",
}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports(file: Path) -> list[str]:
    """Every module that a file names in an import, ours down to the room."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: write imports in full"
            assert node.module
            if node.module == "inpaint_jax":  # a room, or an attribute of the package itself
                found += [f"inpaint_jax.{a.name}" if a.name in ALLOWED else "inpaint_jax" for a in node.names]
            else:
                found.append(node.module)
    return found


def name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("file", FILES, ids=name)
def test_rooms(file):
    own = name(file).split("/")[0].removesuffix(".py")
    assert own in ALLOWED or own in ANYWHERE, f"{own} is a new room: say in ALLOWED what it may import"
    allowed = {own, *ANYWHERE, *ALLOWED.get(own, "").split()}
    ours = {room(module) for module in imports(file) if module.split(".")[0] == "inpaint_jax"}
    assert ours - {"__init__"} <= allowed


@pytest.mark.parametrize("file", FILES, ids=name)
def test_libraries(file):
    libraries = {module.split(".")[0] for module in imports(file)}
    for library in libraries & set(CONFINED):
        places = CONFINED[library].split()
        assert any(name(file).startswith(place) for place in places), f"{library} only in {places}"


def test_networks_stay_out_of_steps_and_search():
    """A user may bring an Equinox module or a lambda."""
    for low in ("objective", "state", "steps", "latent_inpainting", "losses"):
        assert "networks" not in ALLOWED[low]


def test_help_does_not_pay_for_jax():
    code = (
        "import sys, inpaint_jax, inpaint_jax.cli;"
        "heavy = {'jax', 'numpy', 'flax', 'optax', 'orbax', 'tensorflow_datasets', 'matplotlib'} & set(sys.modules);"
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
