"""A training step of the context encoder, from the package's parts."""

from functools import partial
from typing import Any

import jax

from inpaint_jax import optimizers, state, steps
from inpaint_jax.benchmark.cases import Case, centre, drawn, pictures
from inpaint_jax.compositing import CAFFE_MEAN, fill
from inpaint_jax.losses import LOSSES
from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.functional import build as build_network
from inpaint_jax.objective import objective

ADVERSARIAL, RECONSTRUCTION = 0.001, 0.999
RATES = {"generator": 2e-3, "critic": 2e-4}


def case(batch: int, *, side: int = 128, width: int = 64, bottleneck: int = 4000) -> Case:
    """A training step of the centre context encoder (Pathak et al., as released): critic, generator, Adam.

    It is the step of a latent GAN with damaged pictures in the place of latents.

    Args:
      batch: pictures.
      side: of the pictures, a multiple of 32; the predicted block has half of it, the hole 7/16.
      width: of the networks.
      bottleneck: channels of the generator's waist.
    """
    spec = {"name": "context_encoder.Generator", "size": side // 2, "width": width, "bottleneck": bottleneck}
    generator = build_network(spec, NETWORKS)
    critic = build_network({"name": "context_encoder.Discriminator", "width": width}, NETWORKS)
    weights = {"generator_nonsaturating": {"weight": ADVERSARIAL}, "overlap_l2": {"weight": RECONSTRUCTION}}
    total = objective(weights, LOSSES)
    tx = {name: optimizers.build({"name": "adam", "learning_rate": rate, "b1": 0.5}) for name, rate in RATES.items()}
    adversarial_step = partial(
        steps.latent_gan_step,
        generate=generator.apply,
        criticize=critic.apply,
        critic_objective=objective({"discriminator_bce": {"weight": 1.0}}, LOSSES),
        generator_tx=tx["generator"],
        critic_tx=tx["critic"],
        generator_updates=1,
    )
    images = pictures(batch, side)

    def init(key):
        networks = {
            "generator": (*generator.init(key, images[:1]), tx["generator"]),
            "critic": (*critic.init(key, middle(images[:1])), tx["critic"]),
        }
        return state.create(key, networks)

    def function(state, images):
        damaged, block = damage(images), middle(images)
        return adversarial_step(
            state,
            {"image": block},
            state.key,
            draw_latent=lambda key, count: damaged,
            generator_objective=lambda values: total({**values, "target": block}),
        )

    config: dict[str, Any] = {"side": side, "width": width, "bottleneck": bottleneck}
    return Case("context_encoder", batch, 1, function, drawn(init), (images,), config)


def damage(images: Any) -> jax.Array:
    """What the generator is given: 7/16 of the side missing in the middle, which leaves the block a ring of truth."""
    return fill(images, centre(images, images.shape[1] * 7 // 16), value=CAFFE_MEAN)


def middle(images: Any) -> Any:
    """The block that is to be predicted: half of the side."""
    quarter = images.shape[1] // 4
    return images[:, quarter:-quarter, quarter:-quarter]
