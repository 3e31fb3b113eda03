"""Methods of inpainting: one file for each, read top to bottom as its paper's method section.

Each has a ``build(*, size, networks, ..., stages) -> System``; your own is named ``module:function``.
A system does nothing by itself: ``complete`` is one pure function of a batch, a ``Driver`` streams any
number of images through a fixed number of slots on the devices, and ``inpaint_jax.train`` trains the
stages.
"""

from inpaint_jax.systems.driver import Driver, Result, Task
from inpaint_jax.systems.interface import Completion, Stage, System
from inpaint_jax.systems.whole import complete

__all__ = ["SYSTEMS", "Completion", "Driver", "Result", "Stage", "System", "Task", "complete"]

METHODS = (
    "classifier_guided",
    "context_encoder",
    "desai_vae",
    "l2_gan",
    "lsgan",
    "lsgan_autoencoder",
    "neural_features",
    "on_demand",
    "yeh",
)
# ``naming.resolve`` imports the one that is named.
SYSTEMS = {name: f"{__name__}.{name}:build" for name in METHODS}
