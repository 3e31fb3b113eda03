"""Yeh's search in plain PyTorch: the same networks, losses and updates."""

from collections.abc import Iterator
from itertools import count, islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import softplus

from inpaint_jax.evaluation.benchmark import torch_networks as networks
from inpaint_jax.evaluation.benchmark.cases import Case
from inpaint_jax.evaluation.benchmark.torch_settings import check
from inpaint_jax.losses.contextual import importance_weight
from inpaint_jax.naming import resolve
from inpaint_jax.networks import weights_of

CHUNK = 50  # iterations per chunk, as in our search


class Weights(NamedTuple):
    """Parameters and statistics with which a trained network is applied."""

    params: Any
    stats: Any


class Latent:
    """Yeh's search for a batch of latents, ``case.iterations`` per call."""

    def __init__(self, case: Case, device: str, layout: torch.memory_format):
        check(case.config)
        (states,), progress = case.inputs, case.state
        answering = {
            name: Weights(*weights_of(net)) for name, net in states["dcgan"].networks.items()
        }
        self.generator, self.critic = networks.pair(case, answering, device, layout)
        for network in (self.generator, self.critic):
            network.eval().requires_grad_(False)
        place = {"device": device, "memory_format": layout}
        self.search, self.weights = (
            case.config["search"],
            {k: v["weight"] for k, v in case.config["losses"].items()},
        )
        self.iterations = case.iterations
        self.target = networks.turned(progress.image).to(**place)
        importance = importance_weight(progress.hole, window=self.search["window"])
        self.importance = networks.turned(importance).to(**place)
        self.start = torch.tensor(np.asarray(progress.searches.latent[:, 0]), device=device)

    def loss(self, latent: torch.Tensor) -> torch.Tensor:
        """Return one number per image."""
        prediction = self.generator(latent)
        contextual = (self.importance * (prediction - self.target).abs()).sum((1, 2, 3))
        return self.weights["contextual"] * contextual + self.weights["prior"] * softplus(
            -self.critic(prediction)
        )

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Search from the start: best latents ``[B, Z]``, and losses by iteration ``[T, B]``."""
        steps = list(islice(self.steps(), self.iterations))
        return steps[-1][0], torch.stack([total for _, total in steps])

    def steps(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the best latents so far and the losses ``[B]`` of every iteration."""
        options = dict(self.search["optimizer"])
        update = resolve(options.pop("name"), UPDATES, kind="optimizer of the PyTorch benchmark")
        latent, memory = self.start, [torch.zeros_like(self.start)] * 2
        best, best_latent = torch.full_like(latent[:, 0], torch.inf), latent
        for step in count():
            latent.requires_grad_()
            total = self.loss(latent)
            [gradient] = torch.autograd.grad(total.sum(), latent)
            with torch.no_grad():
                best_latent = torch.where((total < best)[:, None], latent, best_latent)
                best = torch.minimum(total, best)
                change, memory = update(gradient, memory, step, **options)
                latent = (latent - change).clamp(-1, 1)
            yield best_latent, total.detach()

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield the losses ``[B, t]`` of every chunk, for all iterations of the config."""
        steps = islice(self.steps(), self.search["iterations"])
        while chunk := [total for _, total in islice(steps, CHUNK)]:
            yield torch.stack(chunk, dim=1).cpu().numpy()


def nag(gradient, memory, step, *, learning_rate, momentum=0.9, decay=1.0, decay_every=100):
    """Compute ``optimizers.nag``: the value to subtract, and the new memory."""
    push = learning_rate * decay ** (step // decay_every + 1) * gradient
    velocity = momentum * memory[0] + push
    return push + momentum * velocity, [velocity]


def adam(gradient, memory, step, *, learning_rate, b1=0.9, b2=0.999, eps=1e-8):
    """Compute ``optax.adam``: the value to subtract, and the new memory."""
    mean, square = (
        b1 * memory[0] + (1 - b1) * gradient,
        b2 * memory[1] + (1 - b2) * gradient.square(),
    )
    root = (square / (1 - b2 ** (step + 1))).sqrt()
    return learning_rate * mean / (1 - b1 ** (step + 1)) / (root + eps), [mean, square]


UPDATES = {"nag": nag, "adam": adam}
