"""Semantic image inpainting with deep generative models (Yeh et al., CVPR 2017).

Train a DCGAN on whole pictures. To complete a damaged one, descend in its latent space until what the generator
paints agrees with the known pixels near the hole and looks real to the critic; then paste, and blend by Poisson's
equation. Nothing is trained for holes, so any hole will do.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax import latent_inpainting as search_loop
from inpaint_jax import optimizers
from inpaint_jax.blending import poisson_blend
from inpaint_jax.compositing import composite, fill
from inpaint_jax.losses import LOSSES
from inpaint_jax.losses.contextual import importance_weight
from inpaint_jax.naming import resolve
from inpaint_jax.networks import NETWORKS
from inpaint_jax.networks.functional import build as build_network
from inpaint_jax.objective import objective
from inpaint_jax.systems import dcgan
from inpaint_jax.systems.interface import Completion, System


class Progress(NamedTuple):
    """Pictures under search, leading axis B; restarts are the second axis of ``searches``."""

    image: jax.Array  # [B, H, W, C], 0 inside the hole
    hole: jax.Array  # [B, H, W, 1]
    searches: search_loop.Search  # leaves [B, R, ...]
    done: jax.Array  # [B]


def build(
    *,
    size: int,
    networks: Mapping[str, Any],
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    stages: Mapping[str, Any],
) -> System:
    """The system.

    Args:
      size: side of the pictures.
      networks: ``generator`` and ``critic`` (``{"name", **fields}``), ``latent_size``.
      losses: the search's objective, ``{label: {"fn", "weight", **options}}``. Offered values, for one picture:
        ``prediction`` (the generator's), ``target`` (the damaged picture), ``hole``, ``importance``, ``completed``,
        ``fake_logits`` (critic of the prediction), ``latent``.
      search: ``optimizer``, ``iterations``, ``restarts``, ``start``, ``projection``, ``window`` of the importance
        weight, ``batch_norm``: "running" statistics, those of each "sample", or of the whole "batch" (which couples
        the pictures).
      blend: ``method`` ("poisson" or "paste"), ``edge`` as in ``blending.poisson_blend``.
      stages: ``{"dcgan": {"optimizer", "generator_updates", ...}}``.
    """
    generator = build_network(networks["generator"], NETWORKS, label="networks.generator")
    critic = build_network(networks["critic"], NETWORKS, label="networks.critic")
    tx = optimizers.build(search["optimizer"], label="search.optimizer")
    project = resolve(search["projection"], search_loop.PROJECTIONS, kind="search.projection")
    draw_start = resolve(search["start"], search_loop.STARTS, kind="search.start")
    mode = resolve(search["batch_norm"], BATCH_NORM, kind="search.batch_norm")
    finished = resolve(blend["method"], BLENDS, kind="blend.method")
    num_steps, chunk = search["iterations"], search_loop.chunk_length(search["iterations"])
    total = objective(losses, LOSSES)
    loop = {"tx": tx, "num_steps": num_steps, "chunk": chunk}

    def paint(states, latent):
        """latent [B, Z] -> pictures [B, H, W, C]; inside the map over pictures B is 1."""
        net = states["dcgan"].networks["generator"]
        return generator.apply(net.params, net.stats, latent, **mode)[0]

    def loss_of(states, image, hole):
        """The search's loss for one picture [H, W, C], as a function of one latent [Z]."""
        image, hole = image[None], hole[None]
        importance = importance_weight(hole, window=search["window"])
        net = states["dcgan"].networks["critic"]

        def loss(latent):
            prediction = paint(states, latent[None])
            fake_logits, _ = critic.apply(net.params, net.stats, prediction, **mode)
            values = {
                "prediction": prediction,
                "target": image,
                "hole": hole,
                "importance": importance,
                "completed": composite(image, prediction, hole),
                "fake_logits": fake_logits,
                "latent": latent[None],
            }
            value, parts = total(values)
            return value, {label: part[0] for label, part in parts.items()}

        return loss

    def begin(states, images, hole, keys, k):
        del states
        restarts = max(search["restarts"], k)

        def one(key):
            key_start, key_project = jax.random.split(key)
            latent = draw_start(key_start, (networks["latent_size"],))
            return search_loop.start(key_project, latent, tuple(total.weights), **loop)

        searches = jax.vmap(lambda key: jax.vmap(one)(jax.random.split(key, restarts)))(keys)
        return Progress(fill(images, hole), hole, searches, jnp.zeros(images.shape[0], bool))

    def advance(states, progress):
        def one_picture(image, hole, searches):
            loss = loss_of(states, image, hole)
            return jax.vmap(lambda s: search_loop.advance(s, loss, project=project, **loop))(searches)

        searches = jax.vmap(one_picture, axis_name="pictures")(progress.image, progress.hole, progress.searches)
        return progress._replace(searches=searches, done=searches.step[:, 0] >= num_steps)

    def finish(states, progress):
        order = jnp.argsort(progress.searches.best["total"], axis=1)
        ranked = jax.tree.map(lambda a: jax.vmap(lambda row, i: row[i])(a, order), progress.searches)

        def one_picture(image, hole, latents):
            prediction = jax.vmap(lambda latent: paint(states, latent[None])[0])(latents)
            images, holes = (jnp.broadcast_to(a, (len(latents), *a.shape)) for a in (image, hole))
            return finished(images, prediction, holes, **blend)

        images = jax.vmap(one_picture, axis_name="pictures")(progress.image, progress.hole, ranked.best_latent)
        traces = {name: trace[:, 0, :num_steps] for name, trace in ranked.trace.items()}
        return Completion(images, ranked.best, traces)

    stage = dcgan.stage(
        generator=generator,
        critic=critic,
        latent_size=networks["latent_size"],
        optimizer=stages["dcgan"]["optimizer"],
        generator_updates=stages["dcgan"]["generator_updates"],
    )
    return System(size, (stage,), lambda hole: None, begin, advance, finish)


BATCH_NORM = {
    "running": {"train": False},
    "sample": {"train": True},
    "batch": {"train": True, "axis_name": "pictures"},
}


def paste(image, prediction, hole, **_):
    """The generated pixels, pasted into the hole."""
    return composite(image, prediction, hole)


def poisson(image, prediction, hole, *, edge, **_):
    """The generated gradients, integrated from the hole's border inwards (Yeh et al., eq. 6)."""
    return poisson_blend(image, prediction, hole, edge=edge)


BLENDS = {"paste": paste, "poisson": poisson}
