"""torchvision's VGG-19 as ours: its convolutions, as far as the file has them."""

import re
from collections.abc import Collection

from inpaint_jax.networks.vgg19 import LAYERS, VGG19
from inpaint_jax.runs.weights.importing.layers import Arrays, Kind, Layer, plain


def positions() -> list[int]:
    """Where the convolutions stand in torchvision's list: a ReLU follows each, a pooling the last of every block."""
    places, place = [], 0
    for name in LAYERS:
        place += name.endswith("_1") and name != LAYERS[0]
        places.append(place)
        place += 2
    return places


CONVOLUTIONS = tuple(
    Layer(name.replace("relu", "conv"), f"features.{place}") for name, place in zip(LAYERS, positions(), strict=True)
)


def layers(names: Collection[str]) -> tuple[Layer, ...]:
    """The convolutions up to the last that the file has, at least the first."""
    held = [f"{layer.theirs}.weight" in names for layer in CONVOLUTIONS]
    return CONVOLUTIONS[: max(1, [*held, False].index(False))]


def module(arrays: Arrays) -> VGG19:
    """Ours with as many channels, ending where the file does."""
    count = sum(path.endswith("/kernel") for path in arrays)
    return VGG19(last=LAYERS[count - 1], width=arrays["params/conv1_1/bias"].size)


VGG_19 = Kind(
    layers=layers,
    convert=plain,
    module=module,
    rename=lambda name: re.sub(r"^(?=\d)", "features.", name),  # where ``vgg.features`` was saved by itself
    left_out={"classifier.*": "ours has one layer of another shape in its place, or none"},
    pictures="RGB in [-1, 1]: our network normalises them by the statistics of ImageNet itself",
    stays=("classifier",),
)
