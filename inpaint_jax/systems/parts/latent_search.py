"""Latent search: latents descend until the generated images agree with the known pixels.

The generator was trained on whole images; a critic judges how real an image looks. Some systems
refine the generated image. The answer is pasted or blended. The training sees no holes, so any
hole can be completed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax import checks, parallel
from inpaint_jax import latent_inpainting as search_loop
from inpaint_jax.compositing import fill
from inpaint_jax.errors import InputError
from inpaint_jax.losses import objective
from inpaint_jax.losses.contextual import COUNTED
from inpaint_jax.networks.functional import Network
from inpaint_jax.systems.interface import Completion, Stage, System
from inpaint_jax.systems.parts.search_loss import SearchLoss
from inpaint_jax.systems.parts.search_rules import Rules, rules
from inpaint_jax.types import Hole, Image, Key, Latent

States = Mapping[str, Any]  # trained stages by name, including the prior


LAYERS = 30  # lower bound of the memory of generator and critic per image, in images


def check_memory(restarts: int, *, images: int, pixels: int) -> None:
    """Raise InputError for a search that does not fit into the memory of the devices.

    Args:
      restarts: per image.
      images: searched at once.
      pixels: per image, times the number of channels.
    """
    if (free := parallel.available_memory()) is not None:
        checks.memory(
            4 * restarts * images * pixels * LAYERS,  # float32
            f"a search with {restarts} restarts of {images} images at once",
            "choose fewer completions (--keep), restarts (search.restarts) or "
            "images at once (--slots)",
            available=free,
        )


class Progress(NamedTuple):
    """Images under search, leading axis B; restarts are the second axis of ``searches``."""

    image: jax.Array  # [B, H, W, C], 0 inside the hole
    hole: jax.Array  # [B, H, W, 1]
    searches: search_loop.Search  # leaves [B, R, ...]
    scales: Mapping[str, jax.Array]  # {term: [B]}, factors of the weights under these holes
    done: jax.Array  # [B]


@dataclass(frozen=True, eq=False)
class LatentSearch:
    """The descent on a loss, as the pure functions of a ``System``.

    Attributes:
      loss: loss of a latent.
      rules: rules of the descent.
      latent_size: Z.
      guess: ``(states, damaged, hole) -> latents [B, Z]``, the learnt start of the first restart.
      refine: ``(states, image, prediction, hole) -> prediction``, all ``[B, ...]``, before
        blending; None: no refinement.
    """

    loss: SearchLoss
    rules: Rules
    latent_size: int
    guess: Callable[..., Latent] | None = None
    refine: Callable[..., Image] | None = None

    def begin(
        self,
        states: States,
        images: Image,
        hole: Hole,
        keys: Key,
        k: int,
        *,
        family: jax.Array | None = None,
    ) -> Progress:
        """Begin at least ``k`` restarts per image, see ``System``."""
        restarts, damaged = max(self.rules.restarts, k), fill(images, hole)

        def restart_keys(key):
            return jax.vmap(jax.random.split)(jax.random.split(key, restarts))  # [R, 2]

        def one(key, latent):
            return search_loop.start(
                key,
                latent,
                tuple(self.loss.total.weights),
                tx=self.rules.tx,
                num_steps=self.rules.num_steps,
                chunk=self.rules.chunk,
            )

        split = jax.vmap(restart_keys)(keys)
        latents = self._first_latents(states, damaged, hole, split[..., 0])
        searches = jax.vmap(jax.vmap(one))(split[..., 1], latents)
        scales = self.loss.factors(states, hole, family)
        return Progress(damaged, hole, searches, scales, jnp.zeros(images.shape[0], bool))

    def _first_latents(self, states: States, damaged: Image, hole: Hole, keys: Key) -> jax.Array:
        """Draw or predict the first latents of the restarts, ``[B, R, Z]``."""

        def draw(key):
            return self.rules.draw_start(key, (self.latent_size,))

        drawn = jax.vmap(jax.vmap(draw))(keys)
        if not (self.rules.learnt and self.guess):
            return drawn
        return drawn.at[:, 0].set(self.guess(states, damaged, hole))

    def advance(self, states: States, progress: Progress) -> Progress:
        """Run one chunk of iterations of every restart, see ``System``."""
        rules, (images, restarts) = self.rules, progress.searches.done.shape
        check_memory(restarts, images=images, pixels=progress.image[0].size)

        def one_image(image, hole, searches, scales):
            image, hole = image[None], hole[None]
            scales = {label: factor[None] for label, factor in scales.items()}
            weight = self.loss.importance(hole)

            def loss(latent):
                value, parts = self.loss(states, image, hole, weight, latent[None], scales)
                return value, {label: part[0] for label, part in parts.items()}

            def one(search):
                return search_loop.advance(
                    search,
                    loss,
                    tx=rules.tx,
                    project=rules.project,
                    num_steps=rules.num_steps,
                    chunk=rules.chunk,
                    tolerance=rules.tolerance,
                    patience=rules.patience,
                    keep_last=rules.keep_last,
                )

            return jax.vmap(one)(searches)

        under_search = progress.image, progress.hole, progress.searches, progress.scales
        searches = jax.vmap(one_image, axis_name="images")(*under_search)
        return progress._replace(searches=searches, done=searches.done.all(axis=1))

    def painted(self, states: States, progress: Progress) -> Completion:
        """Return the generated images, neither refined nor blended; else as ``finish``.

        With the answer "mean", this is one image per image: the mean over the restarts. Its losses
        are means over the restarts too.
        """
        order = jnp.argsort(progress.searches.best["total"], axis=1)
        ranked = jax.tree.map(
            lambda a: jax.vmap(lambda row, i: row[i])(a, order), progress.searches
        )

        def one_image(latents):
            return jax.vmap(lambda latent: self.loss.paint(states, latent[None])[0])(latents)

        images = jax.vmap(one_image, axis_name="images")(ranked.best_latent)
        losses = ranked.best
        if self.rules.average:
            images, losses = jax.tree.map(
                lambda values: values.mean(1, keepdims=True), (images, losses)
            )
        traces = {name: trace[:, 0, : self.rules.num_steps] for name, trace in ranked.trace.items()}
        return Completion(images, losses, traces, ranked.evaluations.sum(axis=1))

    def finish(self, states: States, progress: Progress) -> Completion:
        """Refine and blend the best answers, see ``System``."""
        answer = self.painted(states, progress)

        def one_image(image, hole, prediction):
            images = jnp.broadcast_to(image, (len(prediction), *image.shape))
            holes = jnp.broadcast_to(hole, (len(prediction), *hole.shape))
            refined = self.refine(states, images, prediction, holes) if self.refine else prediction
            return self.rules.blend(images, refined, holes)

        images = jax.vmap(one_image)(progress.image, progress.hole, answer.images)
        return answer._replace(images=images)


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
    scales: Callable[..., Mapping[str, Any]] = lambda states, hole, family: {},
    families: tuple[str, ...] = (),
) -> LatentSearch:
    """Build the search of a config.

    Args:
      prior: name of the stage that trains ``generator`` and ``critic``.
      generator: latents ``[B, Z]`` -> images.
      critic: images -> logits or scores ``[B]``.
      latent_size: Z.
      losses: objective of the search, see ``losses.objective``. Values available for one image:
        ``prediction`` (the generated image), ``target`` (the damaged image), ``hole``,
        ``importance``, ``completed``, ``fake_logits`` (the critic's score of the prediction),
        ``completed_logits`` (the critic's score of the completed image), ``latent``.
      search: ``optimizer``; ``iterations``; ``tolerance`` and ``patience`` of an early finish
        (tolerance 0: none); ``restarts``; ``start``: "uniform", "normal", "learnt" (by ``guess``;
        further restarts are uniform), or your own ``module:attribute``, a function
        ``(key, shape) -> latents``; ``projection`` after every update: "clip", "stochastic",
        "none", or your own, a function ``(key, latent [Z]) -> latent [Z]``, see ``latents``;
        ``answer``: the "best" iterate or the "last", or the "mean" of the images of all restarts,
        each at its best iterate; ``window`` of the importance weight (0: every known pixel has
        weight 1), and the pixels ``counted`` in the window, "missing" (Yeh et al.) or "known"
        (their first code); ``batch_norm``: statistics that are "running", or of each "sample", or
        of the whole "batch", which couples the images.
      blend: ``method`` ("poisson" or "paste"), ``edge`` as in ``blending.poisson_blend``.
      guess: see ``LatentSearch``.
      refine: see ``LatentSearch``.
      judge: see ``SearchLoss``.
      scales: see ``SearchLoss``.
      families: see ``SearchLoss``.

    Raises:
      InputError: unknown name, search settings out of range, or a learnt start without a guess.
    """
    resolved, total = rules(search, blend), objective(losses)
    if resolved.learnt and resolved.mode["train"]:
        needed = 'running statistics: search.batch_norm="running"'
        raise InputError(f"search.start: a learnt start needs {needed}")
    if resolved.learnt and guess is None:
        needed = "a config with the stage stages.encoder, which learns it"
        raise InputError(f"search.start: a learnt start needs {needed}")
    counted = search.get("counted", "missing")  # configs from before 0.2 lack the key
    if counted not in COUNTED:
        raise InputError(f"search.counted: unknown pixels {counted!r}; known: {', '.join(COUNTED)}")
    window, mode = search["window"], resolved.mode
    loss = SearchLoss(
        prior, generator, critic, total, window, mode, counted, judge, scales, families
    )
    return LatentSearch(loss, resolved, latent_size, guess, refine)


def system(search: LatentSearch, *stages: Stage, size: int, **about) -> System:
    """Build the system of a method that completes by a latent search, under any hole.

    Args:
      search: the search.
      stages: stages to train.
      size: side of the images.
      **about: further fields of the ``System``.
    """
    weights, families = search.loss.weights, search.loss.families
    system = System(
        size, stages, search.begin, search.advance, search.finish, weights=weights, **about
    )
    most = 1 if search.rules.average else None
    return system._replace(families=families, watch=lowest_loss, most=most)


def lowest_loss(progress: Progress) -> dict[str, jax.Array]:
    """Return the loss of the best restart so far of every image, ``{"loss": [B]}``."""
    return {"loss": progress.searches.best["total"].min(axis=1)}
