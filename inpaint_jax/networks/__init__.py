"""The networks by the names that configs use; a user's own is named ``module:attribute``."""

from inpaint_jax.networks import dcgan

NETWORKS = {
    "dcgan.Discriminator": dcgan.Discriminator,
    "dcgan.Generator": dcgan.Generator,
}
