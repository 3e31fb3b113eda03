"""The benchmark networks in plain PyTorch, with weights and gradients converted from ours.

All feature maps are turned by 180 degrees. In this orientation, the paddings of PyTorch's own
layers equal "SAME", which pads more before a transposed convolution and more after a strided one.
No layer needs manual padding or cropping.
"""

from collections import Counter
from itertools import pairwise
from typing import Any

import jax
import numpy as np
import torch
from torch import nn

from inpaint_jax.evaluation.benchmark.cases import Case

GRID = 4  # side of the smallest feature map
NAMES = {
    nn.Linear: "Dense",
    nn.Conv2d: "Conv",
    nn.ConvTranspose2d: "ConvTranspose",
    nn.BatchNorm2d: "BatchNorm",
}


def dcgan_generator(*, size: int, width: int, kernel: int, latent_size: int) -> nn.Sequential:
    """Build ``networks.dcgan.Generator``: latents ``[B, Z]`` to ``[B, 3, size, size]``."""
    widths = [width >> i for i in range(_doublings(size))]
    layers = [nn.Linear(latent_size, GRID * GRID * width), nn.Unflatten(1, (width, GRID, GRID))]
    for before, after in pairwise([*widths, 3]):
        layers += [nn.BatchNorm2d(before), nn.ReLU(inplace=True), _up(before, after, kernel)]
    return nn.Sequential(*layers, nn.Tanh())


def dcgan_discriminator(*, size: int, width: int, kernel: int) -> nn.Sequential:
    """Build ``networks.dcgan.Discriminator``: ``[B, 3, size, size]`` to logits ``[B]``."""
    widths = [width << i for i in range(_doublings(size))]
    flat = [nn.Flatten(), nn.Linear(GRID * GRID * widths[-1], 1), nn.Flatten(0)]
    return nn.Sequential(*_downwards(widths, kernel), *flat)


def context_encoder_generator(
    *, features: list[int], size: int, width: int, bottleneck: int
) -> nn.Sequential:
    """Build ``networks.context_encoder.Generator`` with a strided trunk to 4x4.

    The network predicts blocks ``[B, 3, size, size]``.
    """
    outwards = _widths(size, width)[::-1]
    layers = [
        nn.Sequential(*_downwards(features, bias=False)),
        nn.Conv2d(features[-1], bottleneck, GRID, bias=False),
    ]
    layers += [nn.BatchNorm2d(bottleneck), nn.LeakyReLU(0.2, inplace=True)]
    layers += [nn.ConvTranspose2d(bottleneck, outwards[0], GRID, bias=False)]
    for before, after in pairwise([*outwards, 3]):
        layers += [nn.BatchNorm2d(before), nn.ReLU(inplace=True), _up(before, after, 4, bias=False)]
    return nn.Sequential(*layers, nn.Tanh())


def context_encoder_discriminator(*, size: int, width: int) -> nn.Sequential:
    """Build ``networks.context_encoder.Discriminator``: ``[B, 3, size, size]`` to logits."""
    widths = _widths(size, width)
    return nn.Sequential(
        *_downwards(widths, bias=False), nn.Conv2d(widths[-1], 1, GRID, bias=False), nn.Flatten(0)
    )


def _doublings(size: int) -> int:
    return (size // GRID).bit_length() - 1


def _widths(size: int, width: int) -> list[int]:
    return [max(width, 8 * width >> i) for i in reversed(range(_doublings(size)))]


def _downwards(widths: list[int], kernel: int = 4, *, bias: bool = True) -> list[nn.Module]:
    """Build strided convolutions, all but the first with batch norm."""
    layers: list[nn.Module] = []
    for before, after in pairwise([3, *widths]):
        layers.append(nn.Conv2d(before, after, kernel, 2, (kernel - 1) // 2, bias=bias))
        layers += [nn.BatchNorm2d(after)] if before != 3 else []
        layers.append(nn.LeakyReLU(0.2, inplace=True))
    return layers


def _up(before: int, after: int, kernel: int, *, bias: bool = True) -> nn.ConvTranspose2d:
    """Build a transposed convolution of stride 2 that doubles the side."""
    return nn.ConvTranspose2d(before, after, kernel, 2, (kernel - 1) // 2, kernel % 2, bias=bias)


def pair(
    case: Case, states: Any, device: str, layout: torch.memory_format
) -> tuple[nn.Sequential, nn.Sequential]:
    """Build the generator and critic of a config with our weights."""
    settings, size = case.config["networks"], case.config["data"]["size"]
    ours, critic = settings["generator"], settings["critic"]
    return loaded(
        dcgan_generator(
            size=size,
            width=ours.get("width", 1024),
            kernel=ours.get("kernel", 3),
            latent_size=settings["latent_size"],
        ),
        dcgan_discriminator(
            size=size, width=critic.get("width", 64), kernel=critic.get("kernel", 5)
        ),
        states,
        device,
        layout,
    )


def loaded(
    generator, critic, states, device: str, layout: torch.memory_format
) -> tuple[nn.Sequential, nn.Sequential]:
    """Load our weights into both networks, and move them to the device."""
    for name, network in {"generator": generator, "critic": critic}.items():
        state = jax.device_get(states[name])
        load(network, state.params, state.stats)
        network.to(device=device, memory_format=layout)
    return generator, critic


def load(module: nn.Sequential, params: Any, stats: Any) -> None:
    """Load our parameters and running statistics into a network."""
    module.load_state_dict(
        {**converted(module, params), **converted(module, stats["batch_stats"])}, strict=False
    )


def converted(module: nn.Sequential, tree: Any) -> dict[str, torch.Tensor]:
    """Convert parameters, gradients or running statistics to PyTorch's names and orientation.

    Layers inside a nested ``Sequential`` correspond to the trunk of our network.
    """
    found, seen = {}, Counter()
    for position, layer in enumerate(module):
        if isinstance(layer, nn.Sequential):
            found |= {
                f"{position}.{name}": value
                for name, value in converted(layer, tree["trunk"]).items()
            }
        if type(layer) not in NAMES:
            continue
        ours = f"{NAMES[type(layer)]}_{seen[type(layer)]}"
        seen[type(layer)] += 1
        for name, value in tree.get(ours, {}).items():
            theirs, array = _leaf(layer, name, np.asarray(value))
            found[f"{position}.{theirs}"] = torch.tensor(np.ascontiguousarray(array))
    return found


def _leaf(layer: nn.Module, name: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    if isinstance(layer, nn.BatchNorm2d):
        return {"scale": "weight", "mean": "running_mean", "var": "running_var"}.get(
            name, name
        ), value
    if isinstance(layer, nn.Linear):
        into_map = layer.out_features > 1
        order = np.arange(layer.out_features if into_map else layer.in_features)
        # HWC to turned CHW
        order = order.reshape(GRID, GRID, -1)[::-1, ::-1].transpose(2, 0, 1).ravel()
        if name == "bias":
            return name, value[order] if into_map else value
        return "weight", value[:, order].T if into_map else value[order].T
    if name == "bias":
        return name, value
    if isinstance(layer, nn.ConvTranspose2d):  # PyTorch already flips these kernels
        return "weight", value.transpose(2, 3, 0, 1)
    return "weight", value[::-1, ::-1].transpose(3, 2, 0, 1)


def turned(images: Any) -> torch.Tensor:
    """Turn images or holes by 180 degrees, ``[B, H, W, C]`` to ``[B, C, H, W]``."""
    return torch.tensor(
        np.ascontiguousarray(np.asarray(images)[:, ::-1, ::-1].transpose(0, 3, 1, 2))
    )
