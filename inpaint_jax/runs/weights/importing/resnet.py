"""Import of the encoder of Desai & Ghosal's ResNet, from a file of their whole VAE or GAN.

Their modules hold every layer twice, under its name and in ``encoder`` or ``res_block``; both
names refer to the same numbers.
"""

import re

from inpaint_jax.networks.trunks import ResNet
from inpaint_jax.runs.weights.importing.layers import Arrays, Kind, Layer, group_normed

BLOCKS = ("conv_2x", "conv_3x", "conv_4x", "conv_5x")
PARTS = (("conv_1", "BN1"), ("conv_2", "BN2"), ("shortcut.0", "shortcut.1"))
LAYERS = (
    Layer("Conv_0", "conv_1", "GroupNorm_0", "encoder.2"),
    *(
        Layer(
            f"Residual_{i}/Conv_{j}",
            f"{block}.{conv}",
            f"Residual_{i}/GroupNorm_{j}",
            f"{block}.{norm}",
        )
        for i, block in enumerate(BLOCKS)
        for j, (conv, norm) in enumerate(PARTS)
    ),
)
ENCODER = {
    "0": "conv_1",
    **{str(4 + i): block for i, block in enumerate(BLOCKS)},
    "9": "bottleneck",
}
RES_BLOCK = {"0": "conv_1", "1": "BN1", "3": "conv_2", "4": "BN2"}
ELSEWHERE = "not of the encoder"


def rename(name: str) -> str:
    """Return the layer's name for its copies in ``encoder`` and ``res_block``."""
    name = re.sub(r"^encoder\.(\d+)(?=\.)", lambda found: ENCODER.get(found[1], found[0]), name)
    return re.sub(
        r"(?<=\.)res_block\.(\d)(?=\.)", lambda found: RES_BLOCK.get(found[1], found[0]), name
    )


def module(arrays: Arrays) -> ResNet:
    """Return our module with the same numbers of channels."""
    return ResNet(
        width=arrays["params/Conv_0/bias"].size, last=arrays["params/Residual_3/Conv_0/bias"].size
    )


RESNET = Kind(
    layers=lambda names: LAYERS,
    convert=group_normed,
    module=module,
    rename=rename,
    left_out={
        pattern: ELSEWHERE
        for pattern in (
            "fc1.*",
            "fc4.*",
            "mean.*",
            "var.*",
            "expand.*",
            "decoder*",
            "bottleneck.*",
            "*.num_batches_tracked",
        )
    },
    images="in [0, 1] (networks.unit_range of a config), the hole black, and BGR, as "
    "their files were written",
)
