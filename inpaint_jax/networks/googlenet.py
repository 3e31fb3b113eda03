"""GoogLeNet for 64 px images (Buchacek 2020): fewer poolings, batch norm, no response norm."""

import flax.linen as nn
import jax
from jax import numpy as jnp

from inpaint_jax.networks.classified import ClassifierOutput
from inpaint_jax.networks.layers import BatchNorm, Conv, Dropout, max_pool

HE = nn.initializers.he_normal()
# Channels of every inception: 1x1; 1x1 -> 3x3; 1x1 -> 5x5; pooling -> 1x1 (Szegedy et al. 2015,
# Table 1).
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOLED = ("4a", "5a")  # after a pooling of stride 2
AUXILIARY = ("4a", "4d")  # with an auxiliary classifier


class GoogLeNet(nn.Module):
    """Map images ``[B, S, S, 3]`` to ``ClassifierOutput``.

    The network omits the first two poolings and both response norms of Szegedy et al. Every
    convolution has a batch norm without a scale. At stride 1 and 64 px, 3b is 64x64, 4b 32x32 and
    5b 16x16. Layers have the names of Szegedy et al.: "conv1", "conv2_reduce", "conv2_3x3",
    "3a_1x1", "3a_3x3_reduce", ..., "3a_pool", ..., "classifier", and "auxiliary_4a_conv", ...; the
    norms are "conv1_norm", ...

    Attributes:
      classes: number of classes.
      stride: stride of the first convolution; 2 halves every map at a quarter of the cost.
      width: factor on the channels of every layer.
      keep: share of the values that dropout keeps.
      axis_name: mapped axis over which batch norm takes the statistics.
    """

    classes: int = 196
    stride: int = 1
    width: float = 1.0
    keep: float = 0.7
    axis_name: str | None = None

    @nn.compact
    def __call__(self, images: jax.Array, *, train: bool) -> ClassifierOutput:
        def normed(name, x):
            norm = BatchNorm(use_scale=False, axis_name=self.axis_name, name=f"{name}_norm")
            return nn.relu(norm(x, use_running_average=not train))

        def conv(name, x, features, kernel, stride=1):
            layer = Conv(
                round(self.width * features), kernel, strides=stride, kernel_init=HE, name=name
            )
            return normed(name, layer(x))

        def inception(name, x, direct, before_3, of_3, before_5, of_5, pooled):
            branches = (
                conv(f"{name}_1x1", x, direct, 1),
                conv(f"{name}_3x3", conv(f"{name}_3x3_reduce", x, before_3, 1), of_3, 3),
                conv(f"{name}_5x5", conv(f"{name}_5x5_reduce", x, before_5, 1), of_5, 5),
                conv(f"{name}_pool", max_pool(x, 3, stride=1, padding="SAME"), pooled, 1),
            )
            return jnp.concatenate(branches, axis=-1)

        def dropped(x):
            return Dropout(1 - self.keep, axis_name=self.axis_name)(x, train=train)

        def auxiliary(name, x):
            x = conv(f"{name}_conv", x.mean((1, 2), keepdims=True), 128, 1)[:, 0, 0]
            for layer in (f"{name}_dense1", f"{name}_dense2"):
                x = dropped(
                    normed(layer, nn.Dense(round(self.width * 512), kernel_init=HE, name=layer)(x))
                )
            return nn.Dense(self.classes, name=f"{name}_classifier")(x)

        x = conv("conv1", images, 64, 7, self.stride)
        x = conv("conv2_3x3", conv("conv2_reduce", x, 64, 1), 192, 3)
        features, others = {}, []
        for name, branches in INCEPTIONS.items():
            if name in POOLED:
                x = max_pool(x, 3, stride=2, padding="SAME")
            x = features[name] = inception(name, x, *branches)
            if name in AUXILIARY:
                others.append(auxiliary(f"auxiliary_{name}", x))
        logits = nn.Dense(self.classes, name="classifier")(dropped(x.mean((1, 2))))
        return ClassifierOutput(logits, tuple(others), features)
