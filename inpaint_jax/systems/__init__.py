"""One file per method, read top to bottom as its paper's method section."""

from inpaint_jax.systems import context_encoder, desai_vae, yeh

SYSTEMS = {"context_encoder": context_encoder.build, "desai_vae": desai_vae.build, "yeh": yeh.build}
