"""Import of the released networks of pluralistic completion.

These are the encoder, the generator and two discriminators. In the released code, the authors' own
module normalises every convolution spectrally. It keeps the kernel (``weight_bar``) and the vectors
of its power iteration (``weight_u``, ``weight_v``). A block holds its layers twice, by name and in
a list; both names refer to the same numbers.

The names and shapes are those of the released code (lyndonzheng/Pluralistic-Inpainting, commit
034a758895). No released file was at hand: the checks cover what the code would write.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from inpaint_jax.networks.pluralistic import Decoder, Discriminator, Encoder
from inpaint_jax.networks.spectral import power_iteration
from inpaint_jax.networks.spectral_blocks import channels
from inpaint_jax.runs.weights.importing.layers import (
    Arrays,
    Kind,
    Layer,
    Take,
    below,
    plain,
    turned,
)

CONVOLUTION, QUERY, KERNEL, VECTOR = ".module", ".query_conv", ".weight_bar", ".weight_u"
# places in the lists of a block: of the first one, of one with norms, of an output, of all others
LISTED = {
    r"block0\.model\.": {"0": "conv1", "2": "conv2"},
    r"decoder\d+\.model\.": {"0": "norm1", "2": "conv1", "3": "norm2", "5": "conv2"},
    r"out\d+\.model\.": {"2": "conv1"},
    r"[\w.]+?\.model\.": {"1": "conv1", "3": "conv2"},
}
SHORTCUT = re.compile(r"\.shortcut\.\d\.")


def rename(name: str) -> str:
    """Return the layer's name for its copy in a block's list."""
    name = SHORTCUT.sub(".bypass.", name)
    for pattern, places in LISTED.items():
        if found := re.fullmatch(rf"({pattern})(\d)(\..*)", name):
            block = found[1].removesuffix("model.")
            return f"{block}{places[found[2]]}{found[3]}" if found[2] in places else name
    return name


def ours(theirs: str) -> str:
    """Return the path of a layer in our networks."""
    path = theirs.removesuffix(CONVOLUTION).replace(".query_conv", ".query").replace(".", "/")
    path = re.sub(r"^attn(\d)/model/", r"merge\1/", path)
    return re.sub(r"^(out\d+)/conv1$", r"\1", path)


def layers(names: Collection[str]) -> tuple[Layer, ...]:
    """Return all convolutions of a file.

    Convolutions of the discriminators' attention that are never used are left out.
    """
    found = []
    judging = is_critic(names)
    for name in names:
        spectral, query = name.endswith(CONVOLUTION + KERNEL), name.endswith(QUERY + ".weight")
        if not (spectral or query) or (judging and name.startswith("attn2.model.")):
            continue
        theirs = name.removesuffix(KERNEL if spectral else ".weight")
        block, _, part = theirs.removesuffix(CONVOLUTION).rpartition(".")
        normed = part in ("conv1", "conv2") and f"{block}.norm{part[-1]}.weight" in names
        norm = (ours(f"{block}.norm{part[-1]}"), f"{block}.norm{part[-1]}") if normed else ("", "")
        found.append(Layer(ours(theirs), theirs, *norm))
    return tuple(found)


def convert(take: Take, layer: Layer) -> Arrays:
    """Convert a convolution with the vector of its spectral norm.

    The instance norm before it, or the gains of its attention, are converted too.
    """
    if layer.theirs.endswith(QUERY):
        attention = layer.theirs.removesuffix(QUERY)
        gains = {f"params/{attention}/gamma": take(f"{attention}.gamma").reshape(())}
        if attention == "attn1":  # of the generator, which alone looks at an earlier map
            gains["params/flow1/alpha"] = take("attn1.alpha").reshape(())
        return plain(take, layer) | gains
    kernel = take(f"{layer.theirs}{KERNEL}")
    arrays = {"kernel": flipped(kernel) if is_transposed(layer) else turned(kernel)}
    arrays["bias"] = take(f"{layer.theirs}.bias")
    found = dict(below(f"params/{layer.ours}", arrays))
    found[f"stats/batch_stats/{layer.ours}/u"] = take(f"{layer.theirs}{VECTOR}")
    if layer.norm:
        norm = {
            "scale": take(f"{layer.their_norm}.weight"),
            "bias": take(f"{layer.their_norm}.bias"),
        }
        found |= dict(below(f"params/{layer.norm}", norm))
    return found


def is_transposed(layer: Layer) -> bool:
    """Return whether a layer doubles its map."""
    return bool(re.fullmatch(r"decoder\d+/(conv2|bypass)", layer.ours))


def flipped(kernel: np.ndarray) -> np.ndarray:
    """Transpose ``[I, O, h, w]`` of a transposed convolution to our ``[h, w, I, O]``.

    Rows and columns are reversed.
    """
    return np.moveaxis(kernel, (0, 1), (-2, -1))[::-1, ::-1]


def disagreement(layer: Layer, take: Take, arrays: Arrays) -> float:
    """Return the difference of our layer's output from theirs on a random patch.

    The difference is a fraction of their largest value. Their output is computed in float64 as
    their module computes it: one power iteration, then the kernel divided by the singular value.
    Our output comes from the layer's arithmetic on the converted arrays.
    """
    rng, kernel = np.random.default_rng(0), arrays[f"params/{layer.ours}/kernel"]
    bias = arrays[f"params/{layer.ours}/bias"]
    if layer.theirs.endswith(QUERY):
        weight, sigma = take(f"{layer.theirs}.weight").astype(np.float64), 1.0
        our_kernel = jnp.asarray(kernel)
    else:
        weight = take(f"{layer.theirs}{KERNEL}").astype(np.float64)
        matrix, u = (
            weight.reshape(len(weight), -1),
            take(f"{layer.theirs}{VECTOR}").astype(np.float64),
        )
        v = matrix.T @ u
        v /= np.linalg.norm(v) + 1e-12
        sigma = np.linalg.norm(matrix @ v)
        rows = np.moveaxis(kernel, 2 if is_transposed(layer) else 3, 0)
        vector = jnp.asarray(arrays[f"stats/batch_stats/{layer.ours}/u"])
        our_kernel = kernel / power_iteration(jnp.asarray(rows.reshape(len(rows), -1)), vector)[1]
    if is_transposed(layer):  # one pixel paints a patch
        pixel = rng.normal(size=len(weight))
        theirs = np.tensordot(pixel, weight / sigma, 1)
        answer = np.moveaxis(np.tensordot(pixel, np.asarray(our_kernel)[::-1, ::-1], (0, 2)), -1, 0)
    else:
        patch = rng.normal(size=weight.shape[1:])
        theirs = np.tensordot(weight / sigma, patch, 3)
        answer = np.tensordot(np.moveaxis(patch, 0, -1), np.asarray(our_kernel), 3)
    shape = (-1, *(1,) * (theirs.ndim - 1))
    theirs = theirs + take(f"{layer.theirs}.bias").reshape(shape)
    answer = answer + bias.reshape(shape)
    return float(np.abs(answer - theirs).max() / max(np.abs(theirs).max(), 1e-12))


def is_critic(names: Collection[str]) -> bool:
    """Return whether a file holds a discriminator."""
    return any(name.startswith("block1.") for name in names)


def module(arrays: Arrays) -> Any:
    """Return our network for the arrays; their shapes give its size."""
    sizes = {path.removeprefix("params/"): array.shape for path, array in arrays.items()}

    def number(pattern: str) -> int:
        return sum(bool(re.fullmatch(pattern, path)) for path in sizes)

    attention = any(path.startswith("attn") for path in sizes)
    if "generator/conv1/bias" in sizes:
        count = number(r"decoder\d+/conv1/bias")
        width, most = sizes[f"decoder{count - 1}/conv2/bias"][0], sizes["generator/conv2/bias"][0]
        return Decoder(width, most, count, number(r"out\d+/bias"), attention)
    width, count = sizes["block0/conv1/bias"][0], 1 + number(r"encoder\d+/conv1/bias")
    most = sizes[f"encoder{count - 2}/conv2/bias"][0] if count > 1 else width
    if "conv/bias" in sizes:
        return Discriminator(width, most, count, attention)
    return Encoder(
        width, most, sizes["prior/conv2/bias"][0] // 2, count, number(r"infer_prior\d+/conv1/bias")
    )


def inputs(module: Any, arrays: Arrays) -> tuple[Any, ...]:
    """Return example inputs that fix a network's shapes.

    These are images that the network halves to 4 pixels, or a latent of that side.
    """
    images = jnp.zeros((1, 4 << module.layers, 4 << module.layers, 3))
    if isinstance(module, Encoder):
        return images, images
    if isinstance(module, Discriminator):
        return (images,)
    latent = arrays["params/generator/conv1/kernel"].shape[2]
    sizes = [channels(module.width, module.most, i) for i in range(module.layers)]
    features = (
        jnp.zeros((1, 4 << i, 4 << i, size))
        for i, size in zip(reversed(range(module.layers)), sizes, strict=True)
    )
    return jnp.zeros((1, 4, 4, latent)), tuple(features), jnp.zeros((1, 16, 16, 1))


def place(path: str | Path, names: Collection[str]) -> str:
    """Return the path in a stage's networks; only the file name distinguishes discriminators."""
    if is_critic(names):
        return "critic/reconstruction" if Path(path).stem.endswith("D_rec") else "critic/generation"
    return (
        "generator/encoder"
        if any(name.startswith("block0.") for name in names)
        else "generator/decoder"
    )


PLURALISTIC = Kind(
    layers=layers,
    convert=convert,
    module=module,
    rename=rename,
    left_out={
        "*.weight_v": "it is computed from the other vector",
        "attn2.model.*": "unused by the discriminators",
        "attn2.alpha": "unused by the discriminators",
    },
    images="RGB in [-1, 1], 0 inside the hole",
    disagreement=disagreement,
    inputs=inputs,
    place=place,
)
