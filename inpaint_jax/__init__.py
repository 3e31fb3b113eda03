"""GAN-era image inpainting as pure JAX functions.

The contract that every function of this package keeps:

* Images are ``float32 [B, H, W, C]`` in [-1, 1]. Only ``data/`` and the writers know uint8.
* ``hole`` is ``float32 [B, H, W, 1]``, **1 = missing**. In files, white = missing.
* Networks return logits; losses own the sigmoid. Losses and metrics return ``[B]``; only
  ``losses.objective`` and ``evaluate`` average over a batch.
* A random function takes a typed key first. Options are keyword-only.
* The truth inside a hole never enters a system: systems receive ``fill(image, hole)``.

From Python::

    import inpaint_jax as ij

    model = ij.load("runs/faces")                            # a workdir of `inpaint train`
    completed = ij.complete(model, images, holes, seed=0)    # [B, H, W, C] in [-1, 1]

The public API is what ``__all__`` names, and what the ``__all__`` of those modules names. It is
stable from 0.2 on. Everything else may change.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inpaint_jax import (
        blending,
        compositing,
        curriculum,
        exported,
        latent_inpainting,
        losses,
        masks,
        metrics,
        networks,
        parallel,
        systems,
    )
    from inpaint_jax.errors import InputError
    from inpaint_jax.evaluation.evaluate import evaluate
    from inpaint_jax.runs.completing import complete
    from inpaint_jax.runs.model import load
    from inpaint_jax.runs.training.loop import train

__version__ = "0.2.0"
__all__ = [
    "InputError",
    "blending",
    "complete",
    "compositing",
    "curriculum",
    "evaluate",
    "exported",
    "latent_inpainting",
    "load",
    "losses",
    "masks",
    "metrics",
    "networks",
    "parallel",
    "systems",
    "train",
]

_FUNCTIONS = {  # all other public names are modules
    "InputError": "errors",
    "complete": "runs.completing",
    "evaluate": "evaluation.evaluate",
    "load": "runs.model",
    "train": "runs.training.loop",
}


if not TYPE_CHECKING:  # a type checker knows the names above, and that there are no others

    def __getattr__(name):  # lazy: `import inpaint_jax` and `inpaint --help` do not pay for jax
        if name not in __all__:
            raise AttributeError(f"module 'inpaint_jax' has no attribute {name!r}")
        module = importlib.import_module(f"inpaint_jax.{_FUNCTIONS.get(name, name)}")
        return getattr(module, name) if name in _FUNCTIONS else module


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
