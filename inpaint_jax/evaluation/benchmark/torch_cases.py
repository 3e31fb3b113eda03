"""The benchmark cases in plain PyTorch: the same networks, losses and updates."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from inpaint_jax.checks import cores
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.benchmark import torch_networks as networks
from inpaint_jax.evaluation.benchmark.cases import Case
from inpaint_jax.evaluation.benchmark.measure import Work, rate, seconds
from inpaint_jax.evaluation.benchmark.torch_search import Latent
from inpaint_jax.evaluation.benchmark.torch_settings import check
from inpaint_jax.systems.parts import blocks


class Adversarial:
    """A training step by Adam: the critic once, then the generator ``updates`` times."""

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        rates: Sequence[float],
        b1: float,
        updates: int,
    ):
        self.generator, self.critic, self.updates = generator, critic, updates
        self.generator_tx, self.critic_tx = (
            torch.optim.Adam(net.parameters(), rate, (b1, 0.999), fused=True)
            for net, rate in zip((generator, critic), rates, strict=True)
        )

    def step(
        self, given: torch.Tensor, real: torch.Tensor, loss: Callable
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take one step; return the losses of the critic and (last) generator.

        ``loss(fake, logits)`` is the generator's loss.
        """
        fake = self.generator(given)
        critic_loss = (softplus(-self.critic(real)) + softplus(self.critic(fake.detach()))).mean()
        descend(self.critic_tx, critic_loss)
        self.critic.requires_grad_(False)  # the generator's update needs no critic gradients
        generator_loss = critic_loss
        for number in range(self.updates):
            fake = self.generator(given) if number else fake
            generator_loss = loss(fake, self.critic(fake))
            descend(self.generator_tx, generator_loss)
        self.critic.requires_grad_(True)
        return critic_loss.detach(), generator_loss.detach()


class Dcgan:
    """The training step of the DCGAN; new latents at every call, unless given."""

    def __init__(self, case: Case, device: str, layout: torch.memory_format):
        check(case.config)
        stage = case.config["stages"]["dcgan"]
        rule = stage["optimizer"]
        nets = networks.pair(case, case.state.networks, device, layout)
        rates = (rule["learning_rate"],) * 2
        self.networks = Adversarial(*nets, rates, rule.get("b1", 0.9), stage["generator_updates"])
        self.real = networks.turned(case.inputs[0]["image"]).to(device=device, memory_format=layout)
        self.shape = (case.batch, case.config["networks"]["latent_size"])

    def __call__(self, latent: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        latent = (
            torch.rand(self.shape, device=self.real.device) * 2 - 1 if latent is None else latent
        )
        return self.networks.step(latent, self.real, lambda fake, logits: softplus(-logits).mean())


class ContextEncoder:
    """The training step of the context encoder."""

    def __init__(self, case: Case, device: str, layout: torch.memory_format):
        check(case.config)
        ours, stage = case.config["networks"], case.config["stages"]["context_encoder"]
        its, side = ours["generator"], ours["generator"]["size"]
        generator = networks.context_encoder_generator(
            features=its["trunk"]["features"],
            size=side,
            width=its["width"],
            bottleneck=its["bottleneck"],
        )
        critic = networks.context_encoder_discriminator(size=side, width=ours["critic"]["width"])
        nets = networks.loaded(generator, critic, case.state.networks, device, layout)
        rules = [stage["optimizer"][name] for name in ("generator", "critic")]
        self.networks = Adversarial(
            *nets, [rule["learning_rate"] for rule in rules], rules[0]["b1"], 1
        )
        place, images = {"device": device, "memory_format": layout}, case.inputs[0]["image"]
        cut = blocks.build(
            size=case.config["data"]["size"],
            side=side,
            holes=stage["holes"],
            networks=ours,
            label="the holes",
        )
        hole = cut.draw(jax.random.key(0), len(images))
        self.damaged = networks.turned(cut.damage(images, hole)).to(**place)
        self.block = networks.turned(cut.to_network(cut.cut(images, hole))).to(**place)
        self.weights = {label: term["weight"] for label, term in stage["losses"].items()}
        squared = stage["losses"]["reconstruction"]
        ring = squared["overlap"]
        self.importance = torch.full((1, 1, side, side), squared["ring_weight"], device=device)
        self.importance[:, :, ring:-ring, ring:-ring] = 1.0

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor]:
        def loss(fake, logits):
            error = (self.importance * (fake - self.block).square()).mean()
            return (
                self.weights["adversarial"] * softplus(-logits).mean()
                + self.weights["reconstruction"] * error
            )

        return self.networks.step(self.damaged, self.block, loss)


CASES: dict[str, Any] = {"latent": Latent, "dcgan": Dcgan, "context_encoder": ContextEncoder}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def prepare(precision: str | None) -> dict[str, Any]:
    """Set PyTorch up for speed: all cores, fused and tuned kernels, denormals flushed like XLA.

    Args:
      precision: of float32 products on a GPU; None: TF32, which is JAX's default there.

    Returns:
      Entries for the report.
    """
    torch.set_num_threads(cores())
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    torch.backends.cudnn.benchmark = True
    return {"version": torch.__version__, "threads": torch.get_num_threads(), "device": device()}


def device() -> str:
    """Name PyTorch's device: the kind of device that JAX runs on."""
    if jax.default_backend() == "cpu":
        return "cpu"
    if not torch.cuda.is_available():
        raise InputError(
            "--against=torch: JAX runs on a GPU and this PyTorch does not: "
            "install one built for CUDA"
        )
    return "cuda"


def as_work(start: Callable[[], Any]) -> Work:
    """Wrap a PyTorch function for measurement."""
    return Work(
        start, (lambda _: torch.cuda.synchronize()) if device() == "cuda" else (lambda _: None)
    )


def matrix_product(side: int) -> float:
    """Measure GFLOP/s of float32 matrix products, like ``measure.matrix_product``."""
    a = torch.ones(side, side, device=device())
    return rate(as_work(lambda: a @ a), 2 * side**3 / 1e9)


def fastest(case: Case) -> tuple[Work, str]:
    """Build a case in PyTorch in the fastest memory layout; return it with the layout's name."""
    built, layout = in_fastest_layout(case)
    return as_work(built), layout


def in_fastest_layout(case: Case) -> tuple[Any, str]:
    """Build a case in both memory layouts; return the faster one with the layout's name."""
    built = {name: CASES[case.name](case, device(), layout) for name, layout in LAYOUTS.items()}
    measured = {name: seconds(as_work(one), 1, warm=1) for name, one in built.items()}
    best = min(measured, key=lambda name: measured[name])
    return built[best], best


def descent(case: Case) -> tuple[Callable[[], Iterator[np.ndarray]], str]:
    """Build a whole search for ``descents``: its ``begin``, and the memory layout."""
    search, layout = in_fastest_layout(case)
    return search.chunks, layout


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Take one optimiser step."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
