"""Import of torchvision's VGG-16 and VGG-19: the convolutions that the file contains."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from inpaint_jax.networks import vgg16, vgg19
from inpaint_jax.runs.weights.importing.layers import Arrays, Kind, Layer, plain


def positions(maps: Sequence[str]) -> list[int]:
    """Return the positions of the convolutions in torchvision's list.

    A ReLU follows each convolution, and a pooling layer the last one of every block.

    Args:
      maps: names of all maps of the network, "relu1_1", ...
    """
    places, place = [], 0
    for name in maps:
        place += name.endswith("_1") and name != maps[0]
        places.append(place)
        place += 2
    return places


def kind(maps: Sequence[str], network: Any) -> Kind:
    """Return the import of one of the networks.

    Args:
      maps: names of all maps of the network.
      network: class of our Linen module, with ``last`` and ``width``.
    """
    convolutions = tuple(
        Layer(name.replace("relu", "conv"), f"features.{place}")
        for name, place in zip(maps, positions(maps), strict=True)
    )

    def layers(names: Collection[str]) -> tuple[Layer, ...]:
        """Return the convolutions up to the last that the file has; at least the first."""
        held = [f"{layer.theirs}.weight" in names for layer in convolutions]
        return convolutions[: max(1, [*held, False].index(False))]

    def module(arrays: Arrays) -> Any:
        """Return our module with the same channels, ending where the file ends."""
        count = sum(path.endswith("/kernel") for path in arrays)
        return network(last=maps[count - 1], width=arrays["params/conv1_1/bias"].size)

    return Kind(
        layers=layers,
        convert=plain,
        module=module,
        rename=lambda name: re.sub(r"^(?=\d)", "features.", name),  # a file of ``vgg.features``
        left_out={"classifier.*": "our network has another layer in this place, or none"},
        images="RGB in [-1, 1]: our network itself normalises them by the statistics of ImageNet",
        stays=("classifier",),
    )


VGG_16 = kind(vgg16.LAYERS, vgg16.VGG16)
VGG_19 = kind(vgg19.LAYERS, vgg19.VGG19)
