"""Conversion of torch layers to ours: the matching layers, and their arrays."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Take = Callable[[str], np.ndarray]  # returns an array of the source by name
Arrays = dict[str, np.ndarray]  # ours, by path: "params/conv1/kernel"

OUR_EPSILON = 1e-5  # epsilon of our batch norm


class Layer(NamedTuple):
    """A convolution or dense layer, and the norm after it, if any.

    Attributes:
      ours: path in our network, "Residual_0/Conv_0".
      theirs: name in the source, "conv_2x.conv_1".
      norm: path of our norm.
      their_norm: name of the source's norm.
    """

    ours: str
    theirs: str
    norm: str = ""
    their_norm: str = ""


class Kind(NamedTuple):
    """A kind of network whose weights can be imported.

    Attributes:
      layers: ``names of a source -> layers`` that are filled from the source.
      convert: ``(take, layer) -> arrays`` of ours for one layer.
      module: ``arrays -> Linen module`` of ours with these parameters; width and depth follow from
        their shapes.
      disagreement: ``(layer, take, arrays) -> share``, see ``checks.disagreement``; None: the check
        of a plain or batch-normed layer.
      inputs: ``(module, arrays) -> inputs`` that fix the shapes of the module; None: images.
      place: ``(file, names) -> path`` in a stage's networks for which the file is,
        "critic/generation", if its layers fit several; None: they fit one.
      rename: name under which an array of the source is taken; several arrays of one name are
        copies.
      epsilon: epsilon of the source's batch norm.
      left_out: reasons for skipping names of the source that no layer takes, by pattern.
      stays: path prefixes of our layers that may keep their initialisation, or differ in the number
        of outputs.
      images: description of the images that the weights expect.
    """

    layers: Callable[[Collection[str]], tuple[Layer, ...]]
    convert: Callable[[Take, Layer], Arrays]
    module: Callable[[Arrays], Any]
    left_out: dict[str, str]
    images: str
    rename: Callable[[str], str] = str
    epsilon: float = OUR_EPSILON
    stays: tuple[str, ...] = ()
    disagreement: Callable[[Layer, Take, Arrays], float] | None = None
    inputs: Callable[[Any, Arrays], tuple[Any, ...]] | None = None
    place: Callable[[str | Path, Collection[str]], str] | None = None


def plain(take: Take, layer: Layer) -> Arrays:
    """Convert a convolution or dense layer; transpose the kernel ``[O, I, h, w]`` or ``[O, I]``."""
    arrays = {
        "kernel": turned(take(f"{layer.theirs}.weight")),
        "bias": take(f"{layer.theirs}.bias"),
    }
    return dict(below(f"params/{layer.ours}", arrays))


def group_normed(take: Take, layer: Layer) -> Arrays:
    """Convert a convolution and the group norm after it."""
    arrays = plain(take, layer)
    norm = {"scale": take(f"{layer.their_norm}.weight"), "bias": take(f"{layer.their_norm}.bias")}
    return arrays | dict(below(f"params/{layer.norm}", norm))


def batch_normed(take: Take, layer: Layer, *, epsilon: float) -> Arrays:
    """Convert a convolution without bias and the batch norm after it.

    Ours has a bias in the convolution and a norm without a scale. With running statistics the
    outputs are the same: the scale g of ``g (Wx - m) / sqrt(v + epsilon) + b`` goes into kernel and
    mean, the difference of the epsilons into the variance. In training, a norm without a scale
    cancels g, except for its sign.
    """
    weight, scale = (
        take(f"{layer.theirs}.weight"),
        take(f"{layer.their_norm}.weight").astype(np.float64),
    )
    variance = take(f"{layer.their_norm}.running_var").astype(np.float64)
    mean = scale * take(f"{layer.their_norm}.running_mean")
    params = {"kernel": turned(weight * scale[:, None, None, None]), "bias": np.zeros_like(scale)}
    statistics = {"mean": mean, "var": variance + epsilon - OUR_EPSILON}
    return {
        **dict(below(f"params/{layer.ours}", params)),
        f"params/{layer.norm}/bias": take(f"{layer.their_norm}.bias"),
        **dict(below(f"stats/batch_stats/{layer.norm}", statistics)),
    }


def turned(weight: np.ndarray) -> np.ndarray:
    """Transpose ``[O, I, h, w]`` to ``[h, w, I, O]``, ``[O, I]`` to ``[I, O]``."""
    return np.moveaxis(weight, (0, 1), (-1, -2))


def centred(kernel: np.ndarray, side: int) -> np.ndarray:
    """Pad a kernel ``[h, w, I, O]`` with zeros to a larger one, which has the same output.

    A kernel that is already larger is unchanged.
    """
    margins = [
        ((side - n) // 2, side - n - (side - n) // 2) if n < side else (0, 0)
        for n in kernel.shape[:2]
    ]
    return np.pad(kernel, (*margins, (0, 0), (0, 0)))


def below(path: str, arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Return the arrays under whole paths."""
    return ((f"{path}/{name}", array) for name, array in arrays.items())
