"""Trunks: the part of an encoder before its waist, from a picture to a small feature map.

A trunk is a Linen module whose ``__call__(images, *, train)`` returns ``[B, h, w, C]``. ``context_encoder.Generator``
and ``variational.Autoencoder`` take any of them, a user's own included. One with a method ``maps(images, *, train)``,
which returns the maps of all layers, can feed skip connections.
"""

from collections.abc import Sequence

import flax.linen as nn
import jax

from inpaint_jax.networks.layers import BatchNorm, Conv, GroupNorm, leaky_relu, max_pool

HE = nn.initializers.he_normal()
LECUN = nn.initializers.lecun_normal()


class Strided(nn.Module):
    """4x4 kernels of stride 2, leaky ReLU, batch norm from the second on: 32 px a side and n layers to 32 / 2^n.

    The encoder of Pathak et al. 2016 as they released it, and, with biases, what Desai & Ghosal call AlexNet in their
    GAN.

    Attributes:
      features: channels of every layer.
      use_bias: whether the convolutions have biases.
      axis_name: mapped axis over which the statistics of batch norm are taken.
    """

    features: Sequence[int] = (64, 64, 128, 256, 512)
    use_bias: bool = False
    axis_name: str | None = None

    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        return self.maps(images, train=train)[-1]

    @nn.compact
    def maps(self, images: jax.Array, *, train: bool) -> list[jax.Array]:
        """Return the map of every layer, each half as large as the one before it."""
        x, maps = images, []
        for i, features in enumerate(self.features):
            x = Conv(features, 4, strides=2, use_bias=self.use_bias)(x)
            if i > 0:
                x = BatchNorm(axis_name=self.axis_name)(x, use_running_average=not train)
            x = leaky_relu(x)
            maps.append(x)
        return maps


class AlexNet(nn.Module):
    """Five convolutions, the first 11x11 with stride 4, and three poolings (Desai & Ghosal, VAE): 256 px to 6x6.

    Attributes:
      width: channels of the first and of the last feature map.
      pool: side of the last pooling; 1, which is none, suits 128 px, of which it leaves 6x6 too.
      axis_name: mapped axis over which the statistics of batch norm are taken.
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
      last: channels of a 3x3 convolution between the third convolution and the last pooling, which then covers 4x4
        (their GAN, named in the abstract only); 0: none.
      pool: side of the last pooling, where there is no such convolution; 2 suits 128 px, of which it leaves 3x3 too.
      slope: of the leaky ReLUs. Their code passes ``True``, which PyTorch takes for a slope of 1: no ReLU at all.
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
            return max_pool(convolved(x, self.last, 16, kernel=3, slope=0.2), 4, stride=4, padding="SAME")
        return max_pool(x, self.pool, stride=self.pool)


class ResNet(nn.Module):
    """A strided 7x7 convolution and four residual blocks with group norm (Desai & Ghosal): 256 px to 8x8, pooled.

    Attributes:
      width: channels of the first feature map, a multiple of 8.
      last: channels of the last block; 256 in their VAE, 512 in their GAN.
      pool: side of the last pooling; 4 in their VAE (256 px to 3x3), 2 in their GAN (to 4x4); 2 leaves 2x2 of 128 px.
    """

    width: int = 64
    last: int = 256
    pool: int = 4

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        x = max_pool(Conv(self.width, 7, strides=2, padding=3, kernel_init=LECUN)(images), 2, stride=2)
        x = nn.relu(GroupNorm(max(1, self.width // 8))(x))
        for features, stride in ((self.width, 2), (2 * self.width, 1), (4 * self.width, 2), (self.last, 2)):
            x = Residual(features, stride)(x)
        return max_pool(x, self.pool, stride=2)


class Residual(nn.Module):
    """``relu(norm(conv(relu(norm(conv(x)))))) + relu(norm(conv(x)))``, nothing after the sum (Desai & Ghosal).

    Attributes:
      features: channels; groups have 8 each.
      stride: of the first convolution and of the shortcut, which is 1x1 where it is strided and 3x3 where it is not.
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
