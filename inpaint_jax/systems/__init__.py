"""One file per method, read top to bottom as its paper's method section."""

from inpaint_jax.systems import context_encoder, desai_vae, l2_gan, lsgan, lsgan_autoencoder, on_demand, yeh

SYSTEMS = {
    "context_encoder": context_encoder.build,
    "desai_vae": desai_vae.build,
    "l2_gan": l2_gan.build,
    "lsgan": lsgan.build,
    "lsgan_autoencoder": lsgan_autoencoder.build,
    "on_demand": on_demand.build,
    "yeh": yeh.build,
}
