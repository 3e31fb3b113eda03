"""Imports run one way: who may know whom, read from the source of every file."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "inpaint_jax"
# without inpaint_jax/configs, a link, which rglob does not follow
FILES = sorted(PACKAGE.rglob("*.py"))
PAGES = sorted((PACKAGE.parent / "configs").rglob("*.py"))

# What every file may import: the ground.
GROUND = {"types", "errors", "naming", "seeds", "checks"}

# A room is a folder of the package; a flat file is a room of its own. What each may import, besides
# the ground.
ALLOWED = {
    "types": "",
    "errors": "",
    "naming": "",
    "seeds": "",
    "checks": "",
    # pure: arrays in, arrays out
    "compositing": "",
    "blending": "",
    "curriculum": "",
    "latents": "",
    "latent_inpainting": "latents",
    "parallel": "",
    "exported": "",
    "losses": "",
    "masks": "",
    "metrics": "compositing",
    "networks": "",
    "optimization": "compositing losses",
    "data": "compositing",
    # methods
    "systems": "compositing blending curriculum latents latent_inpainting parallel losses masks "
    "metrics networks optimization",
    # a run, the doors to it, the command line
    "runs": "systems data masks networks optimization parallel compositing exported",
    "completion": "runs systems data masks compositing parallel",
    "evaluation": "runs systems data masks metrics networks losses optimization "
    "blending compositing parallel",
    # the pages of configs/, which nothing else imports: a command finds them by name
    "configs": "runs evaluation masks curriculum compositing",
    "commands": "runs completion evaluation",
    "cli": "commands runs",
    "__main__": "cli",
    "__init__": "blending compositing curriculum exported latent_inpainting losses masks metrics "
    "networks parallel systems runs evaluation",
}

# Libraries that only some files may know.
CONFINED = {
    "tensorflow": "",
    "orbax": "runs/checkpoints.py",
    "flax": "networks/",
    "grain": "data/",
    "tensorflow_datasets": "data/",
    "tensorboard": "runs/training/writers.py",
    "matplotlib": "runs/plots.py",
    "markdown": "evaluation/experiments/html.py",
    "gradio": "completion/page/",
    "pandas": "completion/page/",
    "cv2": "systems/baselines/",
    "skimage": "systems/baselines/",
    "scipy": "systems/parts/membrane.py evaluation/leaderboard/intervals.py",
    "torch": "evaluation/benchmark/",
    "absl": "runs/configuration.py data/workers.py",
    "ml_collections": "runs/configuration.py",
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
                found += [
                    f"inpaint_jax.{a.name}" if a.name in ALLOWED else "inpaint_jax"
                    for a in node.names
                ]
            else:
                found.append(node.module)
    return found


def name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("file", FILES, ids=name)
def test_rooms(file):
    own = name(file).split("/")[0].removesuffix(".py")
    assert own in ALLOWED, f"{own} is a new room: say in ALLOWED what it may import"
    allowed = {own, *ALLOWED[own].split(), *(GROUND if own not in GROUND else {"types", "errors"})}
    ours = {room(module) for module in imports(file) if module.split(".")[0] == "inpaint_jax"}
    assert ours - {"__init__"} <= allowed


@pytest.mark.parametrize("file", FILES, ids=name)
def test_libraries(file):
    libraries = {module.split(".")[0] for module in imports(file)}
    for library in libraries & set(CONFINED):
        places = CONFINED[library].split()
        assert any(name(file).startswith(place) for place in places), f"{library} only in {places}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages(page):
    """A page imports another as ``inpaint_jax.configs``,
    the name that it has where the package is installed.
    """
    modules = imports(page)
    assert not {"configs", "papers"} & {module.split(".")[0] for module in modules}
    ours = {room(module) for module in modules if module.split(".")[0] == "inpaint_jax"}
    assert ours <= {"configs", *ALLOWED["configs"].split(), *GROUND}


def test_no_circle():
    """The rooms can be put in an order in which each imports only rooms before it."""
    graph = {own: set(allowed.split()) for own, allowed in ALLOWED.items()}
    assert list(TopologicalSorter(graph).static_order())


def test_few_rooms_and_flat_files():
    flat = [file for file in FILES if file.parent == PACKAGE]
    rooms = [folder for folder in PACKAGE.iterdir() if (folder / "__init__.py").is_file()]
    assert len(flat) <= 16 and len(rooms) <= 11


def test_networks_stay_out_of_steps_and_search():
    """A user may bring an Equinox module or a lambda."""
    for low in ("optimization", "latent_inpainting", "losses"):
        assert "networks" not in ALLOWED[low]


def test_help_does_not_pay_for_jax():
    code = (
        "import sys, inpaint_jax, inpaint_jax.cli;"
        "heavy = {'jax', 'numpy', 'flax', 'optax', 'orbax', 'tensorflow_datasets', "
        "'matplotlib'} & set(sys.modules);"
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
