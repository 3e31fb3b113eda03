"""Every test runs on four virtual CPU devices,
with strict rank promotion and warnings as errors.
"""

import importlib
import importlib.metadata
import inspect
import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", os.environ.get("INPAINT_TEST_PLATFORM", "cpu"))
# Most of the suite's time is compiling. LLVM takes half of its time without optimisations, and XLA
# half of the rest without its newer emitters of fused loops, which later versions cannot switch
# off.
os.environ["XLA_FLAGS"] = (
    "--xla_backend_optimization_level=0 "
    + "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1 "
    * importlib.metadata.version("jaxlib").startswith("0.10.")
    + os.environ.get("XLA_FLAGS", "")
)
# Many tests compile the same tiny programs, in child processes too. By default JAX keeps none that
# compiles in less than a second.
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "xla")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")

import jax
import numpy as np
import pytest

jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_numpy_rank_promotion", "raise")

TINY = (  # seconds to compile and train: 16 px, a few channels
    "--config.data.size=16",
    "--config.data.train=facades?split=train&count=64",
    "--config.networks.generator.size=16",
    "--config.networks.generator.width=16",
    "--config.networks.critic.width=8",
    "--config.networks.latent_size=8",
    "--config.search.iterations=6",
    "--config.slots=4",
    "--config.stages.dcgan.batch_size=8",
    "--config.stages.dcgan.steps=4",
    "--config.stages.dcgan.checkpoint_every=2",
    "--config.stages.dcgan.image_every=4",
    "--config.stages.dcgan.log_every=1",
)


@pytest.fixture(scope="session")
def tiny():
    """Arguments that shrink ``configs/yeh.py:smoke`` to seconds."""
    return TINY


@pytest.fixture(scope="session")
def workdir(tmp_path_factory):
    """A trained tiny Yeh run; not to be changed."""
    from inpaint_jax.runs import configuration
    from inpaint_jax.runs.training.loop import train

    folder = tmp_path_factory.mktemp("runs") / "yeh"
    train(configuration.load("configs/yeh.py:smoke", TINY), folder)
    return folder


@pytest.fixture(scope="session")
def model(workdir):
    """The tiny run, loaded."""
    import inpaint_jax

    return inpaint_jax.load(workdir)


class Documented:
    """Writes the module that a docstring shows below a line such as ``# my_masks.py``,
    where Python finds it.
    """

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, module):
        lines = inspect.getdoc(module).splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("    # my_"))
        end = next(
            (i for i in range(first, len(lines)) if lines[i] and not lines[i].startswith("    ")),
            len(lines),
        )
        text = "\n".join(line[4:] for line in lines[first:end])
        (self.folder / lines[first].split()[-1]).write_text(text)
        importlib.invalidate_caches()


@pytest.fixture
def documented(tmp_path, monkeypatch):
    """A folder whose modules can be imported, and what writes an example of a docstring there."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Documented(tmp_path)
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and Path(sys.modules[name].__file__).parent == tmp_path
        ):
            del sys.modules[name]


@pytest.fixture(scope="session")
def samples():
    """What public functions take, by the names of their parameters: ``samples() -> {name: value}``.

    A function that is added is tested with these; a new name of a parameter wants a line here.
    """
    return _samples


BATCH, SIDE = 3, 12


def _samples(missing=0.3, logit=None, seed=0):
    rng = np.random.default_rng(seed)
    hole = (rng.uniform(size=(BATCH, SIDE, SIDE, 1)) < missing).astype(np.float32)
    images = ("prediction", "target", "completed", "image", "generated", "guidance")
    images = (*images, "colours", "rightward", "downward")
    maps = {"relu3_1": (BATCH, 3, 3, 4), "3b": (BATCH, 3, 3, 4), "4b": (BATCH, 2, 2, 6)}
    all_maps = ("features", "target_features", "completed_features")
    logits = rng.normal(size=(2, BATCH)) if logit is None else np.full((2, BATCH), logit)
    classes = ("class_logits", "completed_class_logits")
    return {
        **{name: rng.uniform(-1, 1, (BATCH, SIDE, SIDE, 3)) for name in images},
        **{
            name: {layer: rng.normal(size=shape) for layer, shape in maps.items()}
            for name in all_maps
        },
        **{
            name: rng.normal(size=(BATCH, 5)) if logit is None else np.eye(BATCH, 5, i) * logit
            for i, name in enumerate(classes)
        },
        "real_logits": logits[0],
        "fake_logits": logits[1],
        "hole": hole,
        "importance": (1 - hole) * rng.uniform(0, 1, hole.shape),
        **{name: rng.normal(size=(BATCH, 4, 6)) for name in ("patches", "matched_patches")},
        "patch_weight": rng.uniform(0, 1, (BATCH, 4)),
        "latent": rng.uniform(-1, 1, (BATCH, 5)),
        "mean": rng.normal(size=(BATCH, 5)),
        "log_variance": rng.normal(size=(BATCH, 5)),
        "other_mean": rng.normal(size=(BATCH, 5)),
        "deviation": rng.uniform(0.5, 2, (BATCH, 5)),
        "other_deviation": rng.uniform(0.5, 2, (BATCH, 5)),
        **{
            name: [rng.uniform(-1, 1, (BATCH, n, n, 3)) for n in (6, SIDE)]
            for name in ("predictions", "targets")
        },
        "holes": [hole[:, ::2, ::2], hole],
    }
