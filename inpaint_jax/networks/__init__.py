"""The networks by the names that configs use; a user's own is named ``module:attribute``."""

from inpaint_jax.networks import (
    autoencoder,
    channel_wise,
    context_encoder,
    dcgan,
    decoders,
    encoders,
    global_local,
    googlenet,
    lsgan,
    trunks,
    variational,
    vgg19,
)

NETWORKS = {
    "autoencoder.Autoencoder": autoencoder.Autoencoder,
    "channel_wise.EncoderDecoder": channel_wise.EncoderDecoder,
    "context_encoder.Discriminator": context_encoder.Discriminator,
    "context_encoder.Generator": context_encoder.Generator,
    "dcgan.Discriminator": dcgan.Discriminator,
    "dcgan.Generator": dcgan.Generator,
    "decoders.AlexNet": decoders.AlexNet,
    "decoders.VGG": decoders.VGG,
    "encoders.Encoder": encoders.Encoder,
    "global_local.Discriminator": global_local.Discriminator,
    "global_local.Generator": global_local.Generator,
    "googlenet.GoogLeNet": googlenet.GoogLeNet,
    "lsgan.Discriminator": lsgan.Discriminator,
    "lsgan.Generator": lsgan.Generator,
    "trunks.AlexNet": trunks.AlexNet,
    "trunks.ResNet": trunks.ResNet,
    "trunks.Strided": trunks.Strided,
    "trunks.VGG": trunks.VGG,
    "variational.Autoencoder": variational.Autoencoder,
    "vgg19.VGG19": vgg19.VGG19,
}
