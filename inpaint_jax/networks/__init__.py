"""The networks by the names that configs use; a user's own is named ``module:attribute``."""

from inpaint_jax.networks import context_encoder, dcgan, encoders

NETWORKS = {
    "context_encoder.Discriminator": context_encoder.Discriminator,
    "context_encoder.Generator": context_encoder.Generator,
    "dcgan.Discriminator": dcgan.Discriminator,
    "dcgan.Generator": dcgan.Generator,
    "encoders.Encoder": encoders.Encoder,
}
