"""What systems of latent search share: latents descend until what is painted for them agrees with what is known.

A generator that was trained on whole pictures paints; a critic says how real that looks. Then the answer is refined,
where a system refines, and pasted or blended. Nothing is trained for holes, so any hole will do.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax import latent_inpainting as search_loop
from inpaint_jax.blending import poisson_blend
from inpaint_jax.compositing import composite, fill
from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.losses.contextual import importance_weight
from inpaint_jax.naming import resolve
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.optimization import optimizers
from inpaint_jax.systems.interface import Completion, Stage, System
from inpaint_jax.types import Hole, Image, Latent


class Progress(NamedTuple):
    """Pictures under search, leading axis B; restarts are the second axis of ``searches``."""

    image: jax.Array  # [B, H, W, C], 0 inside the hole
    hole: jax.Array  # [B, H, W, 1]
    searches: search_loop.Search  # leaves [B, R, ...]
    done: jax.Array  # [B]


class LatentSearch(NamedTuple):
    """Pure functions; ``states`` hold the trained prior.

    Attributes:
      begin: as in ``System``.
      advance: likewise.
      finish: likewise.
      painted: as ``finish``, but with the generator's pictures as they are, neither refined nor blended.
      paint: ``(states, latent [B, Z]) -> pictures [B, H, W, C]``.
      loss: ``(states, damaged, hole, importance, latent [B, Z]) -> (mean, {term: [B]})``, the terms unweighted.
      importance: ``hole [B, H, W, 1] -> weight [B, H, W, 1]`` of the known pixels.
      weights: ``states -> {term: weight}``.
    """

    begin: Callable[..., Progress]
    advance: Callable[..., Progress]
    finish: Callable[..., Completion]
    painted: Callable[..., Completion]
    paint: Callable[..., Image]
    loss: Callable[..., tuple[jax.Array, dict[str, jax.Array]]]
    importance: Callable[[Hole], jax.Array]
    weights: Callable[..., dict[str, Any]]


def build(
    prior: str,
    *,
    generator: Network,
    critic: Network,
    latent_size: int,
    losses: Mapping[str, Any],
    search: Mapping[str, Any],
    blend: Mapping[str, Any],
    guess: Callable[..., Latent] | None = None,
    refine: Callable[..., Image] | None = None,
    judge: Callable[..., Mapping[str, Any]] | None = None,
    scales: Callable[..., Mapping[str, Any]] = lambda states: {},
) -> LatentSearch:
    """The search of a config.

    Args:
      prior: name of the stage that trains ``generator`` and ``critic``.
      generator: latents ``[B, Z]`` -> pictures.
      critic: pictures -> logits or scores ``[B]``.
      latent_size: Z.
      losses: the search's objective, ``{label: {"fn", "weight", **options}}``. Offered values, for one picture:
        ``prediction`` (the generator's), ``target`` (the damaged picture), ``hole``, ``importance``, ``completed``,
        ``fake_logits`` (critic of the prediction), ``completed_logits`` (of the completed picture), ``latent``.
      search: ``optimizer``, ``iterations``, ``tolerance`` and ``patience`` of an early finish (tolerance 0: none),
        ``restarts``, ``start`` ("uniform", "normal", or "learnt": by ``guess``, further restarts uniform),
        ``projection``, ``answer`` ("best" iterate or "last"), ``window`` of the importance weight (0: every known
        pixel weighs 1), ``batch_norm``: "running" statistics, those of each "sample", or of the whole "batch" (which
        couples the pictures).
      blend: ``method`` ("poisson" or "paste"), ``edge`` as in ``blending.poisson_blend``.
      guess: ``(states, damaged, hole) -> latents [B, Z]``, a learnt start.
      refine: ``(states, image, prediction, hole) -> prediction``, all ``[B, ...]``, before it is blended; None: not.
      judge: ``(states, prediction, completed) -> further values``, all ``[B, ...]``, offered to the losses.
      scales: ``states -> {term: factor}``, of weights that a stage has found.

    Raises:
      InputError: for names that stand for nothing, numbers that make no search, or a learnt start without a guess.
    """
    num_steps, patience, tolerance = search["iterations"], search["patience"], search["tolerance"]
    if min(num_steps, patience, search["restarts"]) < 1 or tolerance < 0:
        raise InputError("search: iterations, patience and restarts must be at least 1, tolerance at least 0")
    tx = optimizers.build(search["optimizer"], num_steps=num_steps, label="search.optimizer")
    project = resolve(search["projection"], search_loop.PROJECTIONS, kind="search.projection")
    learnt = search["start"] == "learnt"
    draw_start = resolve("uniform" if learnt else search["start"], search_loop.STARTS, kind="search.start")
    keep_last = resolve(search["answer"], ANSWERS, kind="search.answer")
    mode = resolve(search["batch_norm"], BATCH_NORM, kind="search.batch_norm")
    finished = resolve(blend["method"], BLENDS, kind="blend.method")
    chunk = search_loop.chunk_length(num_steps, at_most=patience)  # a search that is done leaves its slot at once
    total = objective(losses)
    loop = {"tx": tx, "num_steps": num_steps, "chunk": chunk}
    rules = {"project": project, "tolerance": tolerance, "patience": patience, "keep_last": keep_last}

    def paint(states, latent):
        """latent [B, Z] -> pictures [B, H, W, C]; inside the map over pictures B is 1."""
        net = states[prior].networks["generator"]
        return functional.predict(generator, net, latent, through=search_loop.shared, **mode)

    def importance(hole):
        return importance_weight(hole, window=search["window"]) if search["window"] else 1 - hole

    def search_loss(states, image, hole, weight, latent):
        """The loss of latents [B, Z] for damaged pictures [B, H, W, C], holes and weights: its mean, {term: [B]}."""
        prediction = paint(states, latent)
        completed = composite(image, prediction, hole)
        values = {
            "prediction": prediction,
            "target": image,
            "hole": hole,
            "importance": weight,
            "completed": completed,
            "fake_logits": score(states, prediction),
            "completed_logits": score(states, completed),  # what no loss asks for is not computed
            "latent": latent,
            **(judge(states, prediction, completed) if judge else {}),
        }
        return total(values, scales(states))

    def score(states, images):
        """The critic's logits [B] of pictures."""
        net = states[prior].networks["critic"]
        return functional.predict(critic, net, images, through=search_loop.shared, **mode)

    def weights(states):
        return total.scaled(scales(states))

    def begin(states, images, hole, keys, k):
        restarts, damaged = max(search["restarts"], k), fill(images, hole)

        def one(key, latent):
            return search_loop.start(key, latent, tuple(total.weights), **loop)

        def restart_keys(key):
            return jax.vmap(jax.random.split)(jax.random.split(key, restarts))  # [R, 2]: of the start, of the rest

        split = jax.vmap(restart_keys)(keys)
        latents = first_latents(states, damaged, hole, split[..., 0])
        searches = jax.vmap(jax.vmap(one))(split[..., 1], latents)
        return Progress(damaged, hole, searches, jnp.zeros(images.shape[0], bool))

    def first_latents(states, damaged, hole, keys):
        """Where the restarts begin: [B, R, Z]."""
        drawn = jax.vmap(jax.vmap(lambda key: draw_start(key, (latent_size,))))(keys)
        if not (learnt and guess):
            return drawn
        return drawn.at[:, 0].set(guess(states, damaged, hole))

    def advance(states, progress):
        def one_picture(image, hole, searches):
            image, hole = image[None], hole[None]
            weight = importance(hole)

            def loss(latent):
                value, parts = search_loss(states, image, hole, weight, latent[None])
                return value, {label: part[0] for label, part in parts.items()}

            return jax.vmap(lambda s: search_loop.advance(s, loss, **loop, **rules))(searches)

        searches = jax.vmap(one_picture, axis_name="pictures")(progress.image, progress.hole, progress.searches)
        return progress._replace(searches=searches, done=searches.done.all(axis=1))

    def painted(states, progress):
        order = jnp.argsort(progress.searches.best["total"], axis=1)
        ranked = jax.tree.map(lambda a: jax.vmap(lambda row, i: row[i])(a, order), progress.searches)

        def one_picture(latents):
            return jax.vmap(lambda latent: paint(states, latent[None])[0])(latents)

        images = jax.vmap(one_picture, axis_name="pictures")(ranked.best_latent)
        traces = {name: trace[:, 0, :num_steps] for name, trace in ranked.trace.items()}
        return Completion(images, ranked.best, traces, ranked.evaluations.sum(axis=1))

    def finish(states, progress):
        answer = painted(states, progress)

        def one_picture(image, hole, prediction):
            images, holes = (jnp.broadcast_to(a, (len(prediction), *a.shape)) for a in (image, hole))
            refined = refine(states, images, prediction, holes) if refine else prediction
            return finished(images, refined, holes, **blend)

        return answer._replace(images=jax.vmap(one_picture)(progress.image, progress.hole, answer.images))

    if learnt and mode["train"]:
        raise InputError('search.start: a learnt start is learnt with running statistics: search.batch_norm="running"')
    if learnt and guess is None:
        raise InputError("search.start: a learnt start needs the stage that learns it: a config with stages.encoder")
    return LatentSearch(begin, advance, finish, painted, paint, search_loss, importance, weights)


def system(search: LatentSearch, *stages: Stage, size: int) -> System:
    """The system of a method that completes by a latent search, under any hole.

    Args:
      search: of its config.
      stages: what it needs to be trained.
      size: side of the pictures.
    """
    return System(size, stages, search.begin, search.advance, search.finish, weights=search.weights)


ANSWERS = {"best": False, "last": True}

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
