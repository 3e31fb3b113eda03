"""Import of torchvision's GoogLeNet: the same layers with other names, and another batch norm."""

from collections.abc import Collection, Sequence

import numpy as np

from inpaint_jax.networks.googlenet import INCEPTIONS, GoogLeNet
from inpaint_jax.runs.weights.importing.layers import (
    Arrays,
    Kind,
    Layer,
    Take,
    batch_normed,
    centred,
    plain,
)

BRANCHES = {
    "1x1": "branch1",
    "3x3_reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5_reduce": "branch3.0",
    "5x5": "branch3.1",
    "pool": "branch4.1",
}
NAMES = {"conv1": "conv1", "conv2_reduce": "conv2", "conv2_3x3": "conv3"} | {
    f"{name}_{branch}": f"inception{name}.{theirs}"
    for name in INCEPTIONS
    for branch, theirs in BRANCHES.items()
}
CONVOLUTIONS = tuple(
    Layer(ours, f"{t}.conv", f"{ours}_norm", f"{t}.bn") for ours, t in NAMES.items()
)
CLASSIFIER = Layer("classifier", "fc")
EPSILON = 1e-3
HEADS = "our auxiliary classifiers have other layers"


def layers(names: Collection[str]) -> tuple[Layer, ...]:
    """Return all layers but the auxiliary classifiers; the last classifier if the file has it."""
    return (*CONVOLUTIONS, CLASSIFIER) if "fc.weight" in names else CONVOLUTIONS


def convert(take: Take, layer: Layer) -> Arrays:
    """Convert a layer; torchvision's 3x3 kernels go into the middle of our 5x5 ones."""
    if not layer.norm:
        return plain(take, layer)
    arrays = batch_normed(take, layer, epsilon=EPSILON)
    if layer.ours.endswith("_5x5"):
        path = f"params/{layer.ours}/kernel"
        arrays[path] = centred(arrays[path], 5)
    return arrays


def module(arrays: Arrays) -> GoogLeNet:
    """Return our module with the same numbers of channels and classes."""
    bias = arrays.get("params/classifier/bias", np.zeros(1))
    return GoogLeNet(classes=len(bias), width=arrays["params/conv1/kernel"].shape[-1] / 64)


def of_levels(arrays: Arrays, mean: Sequence[float]) -> Arrays:
    """Adapt arrays from images in [-1, 1] to images in [0, 255] minus a mean colour.

    The first kernel becomes smaller, and its bias carries the difference between the mean colour
    and mid-grey. At the border, the zeros around an image now represent the mean colour, so the
    input of the first kernel differs by that much there.
    """
    kernel = arrays["params/conv1/kernel"].astype(np.float64) / 127.5
    bias = arrays["params/conv1/bias"] + np.einsum(
        "hwio,i->o", kernel, np.asarray(mean, np.float64) - 127.5
    )
    return {**arrays, "params/conv1/kernel": kernel, "params/conv1/bias": bias}


GOOGLENET = Kind(
    layers=layers,
    convert=convert,
    module=module,
    left_out={
        "aux1.*": HEADS,
        "aux2.*": HEADS,
        "*.num_batches_tracked": "our batch norm has no counter",
    },
    images="RGB in [-1, 1], which is what torchvision's transform_input makes of images "
    "that ImageNet normalises",
    epsilon=EPSILON,
    stays=("auxiliary_", "classifier"),
)
