"""Trunks: the part of an encoder before the bottleneck, from an image to a small feature map.

A trunk is a Linen module whose ``__call__(images, *, train)`` returns ``[B, h, w, C]``.
``context_encoder.Generator`` and ``variational.Autoencoder`` accept any trunk, including custom
ones. A trunk with a method ``maps(images, *, train)``, which returns the maps of all layers, can
feed skip connections.
"""

from collections.abc import Sequence

import flax.linen as nn
import jax

from inpaint_jax.networks.layers import BatchNorm, Conv, GroupNorm, leaky_relu, max_pool

HE = nn.initializers.he_normal()
LECUN = nn.initializers.lecun_normal()


class Strided(nn.Module):
    """Convolutions with 4x4 kernels of stride 2, leaky ReLU, and batch norm from the second on.

    n layers reduce a side of 32 px to 32 / 2^n. This is the released encoder of Pathak et al. 2016.
    With biases it is the network that Desai & Ghosal call AlexNet in their GAN.

    Attributes:
      features: channels of every layer.
      use_bias: add biases to the convolutions.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    features: Sequence[int] = (64, 64, 128, 256, 512)
    use_bias: bool = False
    axis_name: str | None = None

    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        return self.maps(images, train=train)[-1]

    @nn.compact
    def maps(self, images: jax.Array, *, train: bool) -> list[jax.Array]:
        """Return the maps of all layers, each with half the side of the previous map."""
        x, maps = images, []
        for i, features in enumerate(self.features):
            x = Conv(features, 4, strides=2, use_bias=self.use_bias)(x)
            if i > 0:
                x = BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)
            x = leaky_relu(x)
            maps.append(x)
        return maps


class AlexNet(nn.Module):
    """Five convolutions and three poolings (Desai & Ghosal, VAE): 256 px to 6x6.

    The first convolution is 11x11 with stride 4.

    Attributes:
      width: channels of the first and of the last feature map.
      pool: side of the last pooling; 1 means no pooling, which gives 6x6 for 128 px.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    width: int = 64
    pool: int = 3
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        def convolved(x, factor, kernel, **geometry):
            x = Conv(factor * self.width, kernel, kernel_init=LECUN, **geometry)(x)
            return nn.relu(BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train))

        x = max_pool(convolved(images, 1, 11, strides=4, padding="VALID"), 3, stride=2)
        x = max_pool(convolved(x, 2, 5), 3, stride=2)
        for factor in (4, 4, 1):
            x = convolved(x, factor, 3)
        return max_pool(x, self.pool, stride=min(2, self.pool))


class VGG(nn.Module):
    """Four 7x7 convolutions with group norm, and poolings of 4 (Desai & Ghosal): 256 px to 3x3.

    Attributes:
      width: channels of the first feature map, a multiple of 8.
      last: channels of a 3x3 convolution between the third convolution and the last pooling, which
        then covers 4x4 (their GAN, mentioned only in the abstract); 0: no such convolution.
      pool: side of the last pooling if ``last`` is 0; 2 gives 3x3 for 128 px.
      slope: slope of the leaky ReLUs. The authors' code passes ``True``, which PyTorch reads as a
        slope of 1, a linear function.
    """

    width: int = 64
    last: int = 0
    pool: int = 4
    slope: float = 0.2

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        def convolved(x, features, groups, kernel=7, slope=self.slope):
            x = GroupNorm(groups)(Conv(features, kernel, kernel_init=LECUN)(x))
            return nn.leaky_relu(x, slope)

        x = Conv(self.width, 7, padding="VALID", kernel_init=LECUN)(images)
        x = max_pool(convolved(x, self.width, 8), 4, stride=4)
        x = max_pool(convolved(x, 2 * self.width, 8), 4, stride=4)
        x = convolved(x, 4 * self.width, 16, slope=0.2)  # the fault is in the first two only
        if self.last:
            return max_pool(
                convolved(x, self.last, 16, kernel=3, slope=0.2), 4, stride=4, padding="SAME"
            )
        return max_pool(x, self.pool, stride=self.pool)


class ResNet(nn.Module):
    """Strided 7x7 convolution and four residual blocks with group norm (Desai & Ghosal).

    256 px become 8x8 before the last pooling.

    Attributes:
      width: channels of the first feature map, a multiple of 8.
      last: channels of the last block; 256 in their VAE, 512 in their GAN.
      pool: side of the last pooling: 4 in their VAE (256 px to 3x3), 2 in their GAN (256 px to
        4x4). 2 gives 2x2 for 128 px.
    """

    width: int = 64
    last: int = 256
    pool: int = 4

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = max_pool(
            Conv(self.width, 7, strides=2, padding=3, kernel_init=LECUN)(images), 2, stride=2
        )
        x = nn.relu(GroupNorm(max(1, self.width // 8))(x))
        for features, stride in (
            (self.width, 2),
            (2 * self.width, 1),
            (4 * self.width, 2),
            (self.last, 2),
        ):
            x = Residual(features, stride)(x)
        return max_pool(x, self.pool, stride=2)


class Residual(nn.Module):
    """Residual block of Desai & Ghosal, without an activation after the sum.

    It computes ``relu(norm(conv(relu(norm(conv(x)))))) + relu(norm(conv(x)))``.

    Attributes:
      features: output channels; each group of the norm has 8 channels.
      stride: stride of the first convolution and of the shortcut. A strided shortcut is 1x1, any
        other is 3x3.
    """

    features: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        def convolved(x, kernel, stride):
            x = Conv(self.features, kernel, strides=stride, padding=kernel // 2, kernel_init=HE)(x)
            return nn.relu(GroupNorm(max(1, self.features // 8))(x))

        residual = convolved(convolved(x, 3, self.stride), 3, 1)
        return residual + convolved(x, 1 if self.stride > 1 else 3, self.stride)
