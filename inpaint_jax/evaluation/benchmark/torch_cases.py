"""The benchmark cases in plain PyTorch: the same networks, losses and updates."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.benchmark import torch_networks as networks
from inpaint_jax.evaluation.benchmark.cases import Case
from inpaint_jax.evaluation.benchmark.measure import Work, rate, seconds
from inpaint_jax.losses.contextual import importance_weight
from inpaint_jax.naming import resolve
from inpaint_jax.systems.parts import blocks

ASSUMED = {  # per system: the only settings that this file implements
    "yeh": {
        "networks.generator.name": "dcgan.Generator",
        "networks.critic.name": "dcgan.Discriminator",
        "search.projection": "clip",
        "search.restarts": 1,
        "search.batch_norm": "running",
        "losses.contextual.fn": "contextual_l1",
        "losses.prior.fn": "generator_nonsaturating",
        "stages.dcgan.optimizer.name": "adam",
    },
    "context_encoder": {
        "networks.generator.name": "context_encoder.Generator",
        "networks.generator.trunk.name": "trunks.Strided",
        "networks.generator.trunk.use_bias": False,
        "networks.generator.slope": 0.2,
        "networks.generator.use_bias": False,
        "networks.critic.name": "context_encoder.Discriminator",
        "networks.critic.use_bias": False,
        "stages.context_encoder.losses.reconstruction.fn": "overlap_l2",
        "stages.context_encoder.losses.adversarial.fn": "generator_nonsaturating",
        "stages.context_encoder.optimizer.generator.name": "adam",
        "stages.context_encoder.optimizer.critic.name": "adam",
        "stages.context_encoder.stale_critic": False,
    },
}


class Latent:
    """Yeh's search for a batch of latents, ``case.iterations`` per call."""

    def __init__(self, case: Case, device: str, layout: torch.memory_format):
        check(case.config)
        (states,), progress = case.inputs, case.state
        self.generator, self.critic = pair(case, states["dcgan"].networks, device, layout)
        for network in (self.generator, self.critic):
            network.eval().requires_grad_(False)
        place = {"device": device, "memory_format": layout}
        self.search, self.weights = case.config["search"], {k: v["weight"] for k, v in case.config["losses"].items()}
        self.iterations = case.iterations
        self.target = networks.turned(progress.image).to(**place)
        importance = importance_weight(progress.hole, window=self.search["window"])
        self.importance = networks.turned(importance).to(**place)
        self.start = torch.tensor(np.asarray(progress.searches.latent[:, 0]), device=device)

    def loss(self, latent: torch.Tensor) -> torch.Tensor:
        """Return one number per image."""
        prediction = self.generator(latent)
        contextual = (self.importance * (prediction - self.target).abs()).sum((1, 2, 3))
        return self.weights["contextual"] * contextual + self.weights["prior"] * softplus(-self.critic(prediction))

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Search from the start: best latents ``[B, Z]``, and losses by iteration ``[T, B]``."""
        options = dict(self.search["optimizer"])
        update = resolve(options.pop("name"), UPDATES, kind="optimizer of the PyTorch benchmark")
        latent, memory = self.start, [torch.zeros_like(self.start)] * 2
        best, best_latent = torch.full_like(latent[:, 0], torch.inf), latent
        trace = []
        for step in range(self.iterations):
            latent.requires_grad_()
            total = self.loss(latent)
            [gradient] = torch.autograd.grad(total.sum(), latent)
            with torch.no_grad():
                best_latent = torch.where((total < best)[:, None], latent, best_latent)
                best = torch.minimum(total, best)
                trace.append(total)
                change, memory = update(gradient, memory, step, **options)
                latent = (latent - change).clamp(-1, 1)
        return best_latent, torch.stack(trace).detach()


def nag(gradient, memory, step, *, learning_rate, momentum=0.9, decay=1.0, decay_every=100):
    """Compute ``optimizers.nag``: the value to subtract, and the new memory."""
    push = learning_rate * decay ** (step // decay_every + 1) * gradient
    velocity = momentum * memory[0] + push
    return push + momentum * velocity, [velocity]


def adam(gradient, memory, step, *, learning_rate, b1=0.9, b2=0.999, eps=1e-8):
    """Compute ``optax.adam``: the value to subtract, and the new memory."""
    mean, square = b1 * memory[0] + (1 - b1) * gradient, b2 * memory[1] + (1 - b2) * gradient.square()
    root = (square / (1 - b2 ** (step + 1))).sqrt()
    return learning_rate * mean / (1 - b1 ** (step + 1)) / (root + eps), [mean, square]


UPDATES = {"nag": nag, "adam": adam}


class Adversarial:
    """A training step by Adam: the critic once, then the generator ``updates`` times."""

    def __init__(self, generator: nn.Module, critic: nn.Module, rates: Sequence[float], b1: float, updates: int):
        self.generator, self.critic, self.updates = generator, critic, updates
        self.generator_tx, self.critic_tx = (
            torch.optim.Adam(net.parameters(), rate, (b1, 0.999), fused=True)
            for net, rate in zip((generator, critic), rates, strict=True)
        )

    def step(self, given: torch.Tensor, real: torch.Tensor, loss: Callable) -> tuple[torch.Tensor, torch.Tensor]:
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
        nets = pair(case, case.state.networks, device, layout)
        rates = (rule["learning_rate"],) * 2
        self.networks = Adversarial(*nets, rates, rule.get("b1", 0.9), stage["generator_updates"])
        self.real = networks.turned(case.inputs[0]["image"]).to(device=device, memory_format=layout)
        self.shape = (case.batch, case.config["networks"]["latent_size"])

    def __call__(self, latent: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        latent = torch.rand(self.shape, device=self.real.device) * 2 - 1 if latent is None else latent
        return self.networks.step(latent, self.real, lambda fake, logits: softplus(-logits).mean())


class ContextEncoder:
    """The training step of the context encoder."""

    def __init__(self, case: Case, device: str, layout: torch.memory_format):
        check(case.config)
        ours, stage = case.config["networks"], case.config["stages"]["context_encoder"]
        its, side = ours["generator"], ours["generator"]["size"]
        generator = networks.context_encoder_generator(
            features=its["trunk"]["features"], size=side, width=its["width"], bottleneck=its["bottleneck"]
        )
        critic = networks.context_encoder_discriminator(size=side, width=ours["critic"]["width"])
        nets = loaded(generator, critic, case.state.networks, device, layout)
        rules = [stage["optimizer"][name] for name in ("generator", "critic")]
        self.networks = Adversarial(*nets, [rule["learning_rate"] for rule in rules], rules[0]["b1"], 1)
        place, images = {"device": device, "memory_format": layout}, case.inputs[0]["image"]
        cut = blocks.build(
            size=case.config["data"]["size"], side=side, holes=stage["holes"], networks=ours, label="the holes"
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
            return self.weights["adversarial"] * softplus(-logits).mean() + self.weights["reconstruction"] * error

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
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    torch.set_num_threads(cores or 1)
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
        raise InputError("--against=torch: JAX runs on a GPU and this PyTorch does not: install one built for CUDA")
    return "cuda"


def as_work(start: Callable[[], Any]) -> Work:
    """Wrap a PyTorch function for measurement."""
    return Work(start, (lambda _: torch.cuda.synchronize()) if device() == "cuda" else (lambda _: None))


def matrix_product(side: int) -> float:
    """Measure GFLOP/s of float32 matrix products, like ``measure.matrix_product``."""
    a = torch.ones(side, side, device=device())
    return rate(as_work(lambda: a @ a), 2 * side**3 / 1e9)


def fastest(case: Case) -> tuple[Work, str]:
    """Build a case in PyTorch in the fastest memory layout; return it with the layout's name."""
    works = {name: as_work(CASES[case.name](case, device(), layout)) for name, layout in LAYOUTS.items()}
    measured = {name: seconds(work, 1, warm=1) for name, work in works.items()}
    best = min(measured, key=lambda name: measured[name])
    return works[best], best


def pair(case: Case, states: Any, device: str, layout: torch.memory_format) -> tuple[nn.Sequential, nn.Sequential]:
    """Build the generator and critic of a config with our weights."""
    settings, size = case.config["networks"], case.config["data"]["size"]
    ours, critic = settings["generator"], settings["critic"]
    return loaded(
        networks.dcgan_generator(
            size=size,
            width=ours.get("width", 1024),
            kernel=ours.get("kernel", 3),
            latent_size=settings["latent_size"],
        ),
        networks.dcgan_discriminator(size=size, width=critic.get("width", 64), kernel=critic.get("kernel", 5)),
        states,
        device,
        layout,
    )


def loaded(generator, critic, states, device: str, layout: torch.memory_format) -> tuple[nn.Sequential, nn.Sequential]:
    """Load our weights into both networks, and move them to the device."""
    for name, network in {"generator": generator, "critic": critic}.items():
        state = jax.device_get(states[name])
        networks.load(network, state.params, state.stats)
        network.to(device=device, memory_format=layout)
    return generator, critic


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Take one optimiser step."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def check(config: dict[str, Any]) -> None:
    """Raise InputError for a config with settings that this file does not implement."""
    for key, value in ASSUMED[config["system"]].items():
        found: Any = config
        for part in key.split("."):
            found = found.get(part)
        if found != value:
            raise InputError(f"the PyTorch benchmark is written for {key}={value!r}, the config has {found!r}")
