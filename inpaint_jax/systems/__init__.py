"""One file per method, read top to bottom as its paper's method section.

Each has a ``build(*, size, networks, ..., stages) -> System``. A user's own is named ``module:function``.
"""

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
SYSTEMS = {name: f"{__name__}.{name}:build" for name in METHODS}  # ``naming.resolve`` imports the one that is named
