"""Networks of pluralistic completion (Zheng et al. 2019): residual, spectrally normalised.

A generator sees the known pixels of an image and, in training, also the missing ones. It paints the
image at several scales from a latent map ``[B, h, w, Z]``, drawn from one of two Gaussians: the
prior, computed from the known pixels, or the posterior, computed from the missing pixels. Each
network has one attention. Layers have the names of the released code.
"""

from collections.abc import Mapping
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from inpaint_jax.networks.attention import ContextFlow, SelfAttention
from inpaint_jax.networks.spectral import SpectralConv
from inpaint_jax.networks.spectral_blocks import (
    Doubling,
    FirstResidual,
    Residual,
    channels,
    leaky_relu,
)

ATTENTION = 2  # halvings from the encoder's first map to the map with attention


class Gaussian(NamedTuple):
    """Independent normal distributions of a latent map.

    Attributes:
      mean: ``[B, h, w, Z]``.
      deviation: standard deviation, same shape, positive.
    """

    mean: jax.Array
    deviation: jax.Array


class Encoded(NamedTuple):
    """Output of the encoder.

    Attributes:
      features: maps of the known part, each half as wide as the previous one; the first has half
        the side of the image.
      prior: distribution of the latent given the known pixels.
      posterior: distribution of the latent given the missing pixels; None if the encoder did not
        see them.
    """

    features: tuple[jax.Array, ...]
    prior: Gaussian
    posterior: Gaussian | None


class Painted(NamedTuple):
    """Output of the generator in training.

    Attributes:
      generation: images from a latent of the prior, ``[B, s, s, 3]`` in [-1, 1], smallest first.
      reconstruction: images from a latent of the posterior, same shapes.
      prior: see ``Encoded``.
      posterior: see ``Encoded``.
      expected: images from the mean of the prior, same shapes; None if they are not painted.
    """

    generation: tuple[jax.Array, ...]
    reconstruction: tuple[jax.Array, ...]
    prior: Gaussian
    posterior: Gaussian
    expected: tuple[jax.Array, ...] | None = None


class Encoder(nn.Module):
    """Map known and missing parts of images ``[B, S, S, 3]``, 0 elsewhere, to ``Encoded``.

    The two parts share all feature layers. The prior has additional layers.

    Attributes:
      width: channels of the first map; doubled at every halving.
      most: channels at most.
      latent: Z, channels of the latent map.
      layers: halvings; S is a multiple of 2^layers.
      inferences: residual blocks of the prior alone.
    """

    width: int = 32
    most: int = 128
    latent: int = 128
    layers: int = 5
    inferences: int = 6

    @nn.compact
    def __call__(
        self, known: jax.Array, missing: jax.Array | None = None, *, train: bool
    ) -> Encoded:
        x = known if missing is None else jnp.concatenate([known, missing])
        x = FirstResidual(self.width, name="block0")(x, train=train)
        features = [x]
        for i in range(self.layers - 1):
            size = channels(self.width, self.most, i + 1)
            x = Residual(size, x.shape[-1], down=True, name=f"encoder{i}")(x, train=train)
            features.append(x)
        count, size = len(known), x.shape[-1]
        inferred = x[:count]
        for i in range(self.inferences):
            inferred = Residual(size, size, name=f"infer_prior{i}")(inferred, train=train)

        def gaussian(name, x):
            values = Residual(2 * self.latent, size, name=name)(x, train=train)
            return Gaussian(values[..., : self.latent], jax.nn.softplus(values[..., self.latent :]))

        posterior = None if missing is None else gaussian("posterior", x[count:])
        return Encoded(
            tuple(feature[:count] for feature in features), gaussian("prior", inferred), posterior
        )


class Decoder(nn.Module):
    """Map a latent map ``[B, h, w, Z]`` and encoder features to images in [-1, 1].

    The images come smallest first. ``hole`` is the hole of the image, scaled to the features of the
    attention, ``[B, 4 h, 4 w, 1]``; without attention it is ignored.

    Attributes:
      width: channels at the side of the image; doubled at every halving.
      most: channels at most.
      layers: doublings.
      scales: number of painted images, each twice as wide as the previous one; at most ``layers``.
      attention: whether the map after two doublings attends to itself and to the known part.
      skips: append the features of the known part to the map after every doubling but the last.
    """

    width: int = 32
    most: int = 128
    layers: int = 5
    scales: int = 4
    attention: bool = True
    skips: bool = False

    @nn.compact
    def __call__(
        self, latent: jax.Array, features: tuple[jax.Array, ...], hole: jax.Array, *, train: bool
    ) -> tuple[jax.Array, ...]:
        size = channels(self.width, self.most, self.layers - 1)
        x = Residual(size, size, name="generator")(latent, train=train) + features[-1]
        painted = []
        for i in range(self.layers):
            size = channels(self.width, self.most, self.layers - 1 - i)
            x = Doubling(size, name=f"decoder{i}")(x, train=train)
            if self.attention and i == 1:
                x, weights = SelfAttention(name="attn1")(x)
                flow = ContextFlow(name="flow1")(
                    weights, features[self.layers - 1 - ATTENTION], hole
                )
                merge = Residual(size, size, name="merge1")
                x = merge(jnp.concatenate([x, flow], axis=-1), train=train)
            if i >= self.layers - self.scales:
                mirrored = jnp.pad(leaky_relu(x), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
                out = SpectralConv(3, 3, padding="VALID", name=f"out{i}")
                painted.append(jnp.tanh(out(mirrored, train=train)))
                x = jnp.concatenate([x, painted[-1]], axis=-1)
            if self.skips and i < self.layers - 1:
                x = jnp.concatenate([x, features[self.layers - 2 - i]], axis=-1)
        return tuple(painted)


class Generator(nn.Module):
    """Map damaged images to completions.

    The call is ``(known [B, S, S, 3], missing, hole, noise, train)``; ``known`` and ``missing`` are
    0 outside their pixels. In training, ``noise`` is ``(for the prior, for the posterior)``, ``[B,
    h, w, Z]`` each, and the result is ``Painted``. If ``missing`` is None, ``noise`` is ``[B, K, h,
    w, Z]``, and the result is ``[B, K, S, S, 3]``. If ``noise`` is None too, the result is the
    ``expected`` of ``Painted``.

    Attributes:
      encoder: an ``Encoder``.
      decoder: a ``Decoder`` with the same number of layers.
      expected: in training, also paint from the mean of the prior.
    """

    encoder: nn.Module
    decoder: nn.Module
    expected: bool = False

    @nn.compact
    def __call__(self, known, missing, hole, noise, *, train: bool):
        encoded = self.encoder(known, missing, train=train)
        if missing is not None:
            pairs = zip((encoded.prior, encoded.posterior), noise, strict=True)
            latents = [mean + deviation * drawn for (mean, deviation), drawn in pairs]
            latents += [encoded.prior.mean] * self.expected
            paths = len(latents)
            features, holes = jax.tree.map(
                lambda x: jnp.concatenate([x] * paths), (encoded.features, hole)
            )
            painted = self.decoder(jnp.concatenate(latents), features, holes, train=train)
            generation, reconstruction, *expected = zip(
                *(jnp.split(image, paths) for image in painted), strict=True
            )
            return Painted(generation, reconstruction, encoded.prior, encoded.posterior, *expected)
        if noise is None:
            return self.decoder(encoded.prior.mean, encoded.features, hole, train=train)
        count = noise.shape[1]
        mean, deviation = (x[:, None] for x in encoded.prior)
        latent = (mean + deviation * noise).reshape(-1, *noise.shape[2:])
        features, holes = jax.tree.map(lambda x: x.repeat(count, 0), (encoded.features, hole))
        largest = self.decoder(latent, features, holes, train=train)[-1]
        return largest.reshape(-1, count, *largest.shape[1:])


class Discriminator(nn.Module):
    """Map images ``[B, S, S, 3]`` to scores ``[B, h - 2, w - 2, 1]``: 1 means real, 0 painted.

    h = w = S / 2^layers.

    Attributes:
      width: channels of the first map; doubled at every halving.
      most: channels at most.
      layers: halvings.
      attention: whether the map after three halvings attends to itself.
    """

    width: int = 32
    most: int = 128
    layers: int = 5
    attention: bool = True

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = FirstResidual(self.width, name="block0")(images, train=train)
        for i in range(self.layers - 1):
            if self.attention and i == ATTENTION:
                x, _ = SelfAttention(name="attn2")(x)
            size = channels(self.width, self.most, i + 1)
            x = Residual(size, x.shape[-1], down=True, name=f"encoder{i}")(x, train=train)
        x = Residual(x.shape[-1], x.shape[-1], name="block1")(x, train=train)
        return SpectralConv(1, 3, padding="VALID", name="conv")(leaky_relu(x), train=train)


class Critics(nn.Module):
    """Apply one discriminator per kind of image: ``{name: images} -> {name: scores}``.

    Attributes:
      width: as in ``Discriminator``.
      most: as in ``Discriminator``.
      layers: as in ``Discriminator``.
      attention: as in ``Discriminator``.
    """

    width: int = 32
    most: int = 128
    layers: int = 5
    attention: bool = True

    @nn.compact
    def __call__(self, images: Mapping[str, jax.Array], *, train: bool) -> dict[str, jax.Array]:
        shape = (self.width, self.most, self.layers, self.attention)
        return {
            name: Discriminator(*shape, name=name)(shown, train=train)
            for name, shown in images.items()
        }
