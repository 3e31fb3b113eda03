"""One file per method, read top to bottom as its paper's method section."""

from inpaint_jax.systems import (
    classifier_guided,
    context_encoder,
    desai_vae,
    l2_gan,
    lsgan,
    lsgan_autoencoder,
    neural_features,
    on_demand,
    yeh,
)

SYSTEMS = {
    "classifier_guided": classifier_guided.build,
    "context_encoder": context_encoder.build,
    "desai_vae": desai_vae.build,
    "l2_gan": l2_gan.build,
    "lsgan": lsgan.build,
    "lsgan_autoencoder": lsgan_autoencoder.build,
    "neural_features": neural_features.build,
    "on_demand": on_demand.build,
    "yeh": yeh.build,
}
