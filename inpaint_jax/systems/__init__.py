"""Inpainting methods: one file per method, which reads like the method section of the paper.

Every file has a ``build(*, size, networks, ..., stages) -> System``. A config names your own
builder as ``module:function``. A system does nothing by itself: ``complete`` is one pure function
of a batch, a ``Driver`` streams any number of images through a fixed number of slots on the
devices, and ``inpaint_jax.train`` trains the stages.
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
    "neural_patches",
    "on_demand",
    "pluralistic",
    "yeh",
)
# ``naming.resolve`` imports only the chosen module.
SYSTEMS = {name: f"{__name__}.{name}:build" for name in METHODS}
