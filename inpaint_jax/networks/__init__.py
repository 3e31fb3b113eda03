"""Networks by config name; a custom network is named ``module:attribute``.

A network is a Linen module ``(*inputs, *, train) -> outputs``, used as a pair of pure functions::

    generator = networks.build({"name": "dcgan.Generator", "size": 64})
    params, stats = generator.init(key, jnp.zeros((1, 100)))
    images, stats = generator.apply(params, stats, latents, train=True)
"""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn

from inpaint_jax.errors import InputError
from inpaint_jax.naming import resolve
from inpaint_jax.networks import (
    alexnet,
    autoencoder,
    channel_wise,
    context_encoder,
    dcgan,
    decoders,
    encoders,
    global_local,
    googlenet,
    lsgan,
    pluralistic,
    trunks,
    variational,
    vgg16,
    vgg19,
)
from inpaint_jax.networks.classified import ClassifierOutput
from inpaint_jax.networks.functional import (
    Network,
    computing_in,
    predict,
    pure,
    side_by_side,
    weights_of,
)

__all__ = [
    "NETWORKS",
    "ClassifierOutput",
    "Network",
    "build",
    "predict",
    "pure",
    "side_by_side",
    "weights_of",
]

NETWORKS = {
    "alexnet.AlexNet": alexnet.AlexNet,
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
    "pluralistic.Critics": pluralistic.Critics,
    "pluralistic.Decoder": pluralistic.Decoder,
    "pluralistic.Discriminator": pluralistic.Discriminator,
    "pluralistic.Encoder": pluralistic.Encoder,
    "pluralistic.Generator": pluralistic.Generator,
    "trunks.AlexNet": trunks.AlexNet,
    "trunks.ResNet": trunks.ResNet,
    "trunks.Strided": trunks.Strided,
    "trunks.VGG": trunks.VGG,
    "variational.Autoencoder": variational.Autoencoder,
    "vgg16.Classifier": vgg16.Classifier,
    "vgg16.VGG16": vgg16.VGG16,
    "vgg19.Classifier": vgg19.Classifier,
    "vgg19.VGG19": vgg19.VGG19,
}


def build(spec: Mapping[str, Any], *, label: str = "network") -> Network:
    """Build the network that a config describes.

    Args:
      spec: ``{"name": "dcgan.Generator" or "my_nets:UNet", **fields of the module}``. A field that
        is such a description itself is a module: ``{"name": "context_encoder.Generator", "trunk":
        {"name": "trunks.VGG"}}``. With "precision", see ``computing_in``.
      label: the config key, for error messages.

    Returns:
      The pure functions of the module, see ``Network``.

    Raises:
      InputError: unknown name, unknown field, or an integer field below 1 (a width, a kernel, a
        size).
    """
    fields = dict(spec)
    precision = fields.pop("precision", "")
    return computing_in(pure(_module(fields, label)), precision)


def _module(spec: Mapping[str, Any], label: str) -> nn.Module:
    fields: dict[str, Any] = {
        field: _module(value, f"{label}.{field}")
        if isinstance(value, Mapping) and "name" in value
        else value
        for field, value in spec.items()
    }
    module = resolve(fields.pop("name"), NETWORKS, kind=label)
    for field, value in fields.items():
        numbers = value if isinstance(value, list | tuple) else [value]
        if any(type(number) is int and number < 1 for number in numbers):
            raise InputError(f"{label}.{field} must be at least 1, got {value}")
    try:
        return module(**fields)
    except TypeError as error:
        raise InputError(f"{label} {spec['name']!r}: {error}") from error
