"""Descent of pixels on an energy of feature patches, coarse to fine (Yang et al. 2017, 3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from inpaint_jax import latent_inpainting
from inpaint_jax.compositing import composite
from inpaint_jax.errors import InputError
from inpaint_jax.latent_inpainting import Search
from inpaint_jax.losses.binding import Objective
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.systems.interface import Completion
from inpaint_jax.systems.parts import feature_patches
from inpaint_jax.systems.parts.content import Content
from inpaint_jax.systems.parts.reduced import reduced, resized
from inpaint_jax.systems.parts.surroundings import surrounded
from inpaint_jax.types import Hole, Image, Key

FEATURES = "features"  # name of the stage that trains the feature network
CHUNK = 25  # maximum number of iterations per chunk
States = Mapping[str, Any]


class Scale(NamedTuple):
    """An image at one scale, with leading axis B in ``Progress``.

    Attributes:
      image: ``[h, w, C]``, 0 inside the hole.
      hole: ``[h, w, 1]``.
      guess: ``[h, w, C]``, the content, with unchanged known pixels.
      matched: ``[N, D]``, the target of each patch; 0 until the scale is entered.
      search: search over pixels ``[h, w, C]``.
    """

    image: jax.Array
    hole: jax.Array
    guess: jax.Array
    matched: jax.Array
    search: Search


class Progress(NamedTuple):
    """Images between coarse and fine, each at a separate scale."""

    scales: tuple[Scale, ...]  # finest first
    level: jax.Array  # int32 [B]
    done: jax.Array  # [B]


@dataclass(frozen=True, eq=False)
class Synthesis:
    """The descent of pixels, as the pure functions of a ``System``.

    Attributes are those of a config, with names resolved.
    """

    size: int
    content: Content
    network: Network
    energy: Objective
    tx: optax.GradientTransformation
    options: Mapping[str, Any]

    @property
    def chunk(self) -> int:
        """Return the iterations per call of ``advance``."""
        return latent_inpainting.chunk_length(self.options["iterations"], at_most=CHUNK)

    def features(self, states: States, images: Image) -> dict[str, jax.Array]:
        """Compute the feature maps of images ``[B, h, w, C]``."""
        net = states[FEATURES].networks["classifier"]
        maps = functional.predict(
            self.network, net, images, through=latent_inpainting.shared
        ).features
        if self.options["layer"] not in maps:
            raise InputError(
                f"search.layer: no layer {self.options['layer']!r} among {', '.join(maps)}"
            )
        return maps

    def patches(self, maps: Mapping[str, jax.Array]) -> jax.Array:
        """Cut the patches ``[N, D]`` from the maps ``[1, h, w, C]`` of one image."""
        return feature_patches.cut(
            maps[self.options["layer"]][0], self.options["patch"], self.options["stride"]
        )

    def sides(self, states: States) -> list[int]:
        """Return the sides of the scales, finest first.

        Only scales whose map is larger than a patch are used.
        """
        sides, layer = [], self.options["layer"]
        for level in range(self.options["scales"]):
            side = self.size // 2**level
            image = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
            if (
                side
                and min(jax.eval_shape(self.features, states, image)[layer].shape[1:3])
                > self.options["patch"]
            ):
                sides.append(side)
        if not sides:
            raise InputError(
                f"images of {self.size} pixels have no room for patches of "
                f"{self.options['patch']} in {layer}"
            )
        return sides

    def begin(self, states: States, images: Image, hole: Hole, keys: Key, k: int) -> Progress:
        """Begin at the coarsest scale, see ``System``."""
        del k
        guess = self.content.paint(states, images, hole, keys)
        sides = self.sides(states)

        def one(image, hole, guess, key):
            scales = []
            for side in sides:
                small, missing = reduced(image[None], hole[None], (side, side))
                first = composite(small, resized(guess[None], (side, side)), missing)[0]
                patches = jax.eval_shape(
                    lambda first=first: self.patches(self.features(states, first[None]))
                )
                matched = jnp.zeros(patches.shape) + 0.0 * first.sum()
                scales.append(Scale(small[0], missing[0], first, matched, self.start(key, first)))
            last = len(scales) - 1
            level = jnp.asarray(last, jnp.int32)
            return self.enter(states, last, Progress(tuple(scales), level, jnp.zeros((), bool)))

        return jax.lax.map(lambda each: one(*each), (images, hole, guess, keys))

    def start(self, key: Key, pixels: jax.Array) -> Search:
        """Create a search that begins with the given pixels ``[h, w, C]``."""
        return latent_inpainting.start(
            key,
            pixels,
            tuple(self.energy.weights),
            tx=self.tx,
            num_steps=self.options["iterations"],
            chunk=self.chunk,
        )

    def enter(self, states: States, level: int, one: Progress) -> Progress:
        """Begin a scale from the coarser answer, or from the content, and match every patch."""
        scale = one.scales[level]
        pixels, key = scale.guess, scale.search.key
        if level + 1 < len(one.scales):
            coarse = one.scales[level + 1]
            painted = composite(
                coarse.image[None], coarse.search.best_latent[None], coarse.hole[None]
            )
            pixels = composite(
                scale.image[None], resized(painted, scale.image.shape[:2]), scale.hole[None]
            )[0]
        side = self.options["patch"]
        filled = surrounded(scale.image[None], scale.hole[None], pixels[None])[0]
        known = 1.0 - scale.hole[..., 0]
        layer = self.options["layer"]
        shape = jax.eval_shape(lambda: self.features(states, filled[None]))[layer].shape[1:3]
        enough = (
            feature_patches.touching(scale.hole[..., 0], shape, side) == 0
        ).sum() >= feature_patches.FEWEST
        everywhere = jnp.ones_like(known)
        known = (
            jnp.where(enough, known, everywhere)
            if self.options["sources"] == "known"
            else everywhere
        )
        images, known = feature_patches.copies(
            filled, known, rotations=self.options["rotations"], scales=self.options["rescalings"]
        )

        def maps_of(image):
            return self.features(states, image[None])[layer][0]

        targets = self.patches(self.features(states, pixels[None]))
        matched = feature_patches.matches(targets, images, known, maps_of, side=side)
        return _with_scale(
            one, level, scale._replace(matched=matched, search=self.start(key, pixels))
        )

    def loss(self, states: States, scale: Scale):
        """Return the energy of pixels ``[h, w, C]`` at a scale.

        Returns:
          ``pixels -> (scalar, {term: []})``, with unweighted terms.
        """
        image, hole, guess = scale.image[None], scale.hole[None], scale.guess[None]
        guessed = self.features(states, guess)
        shape = guessed[self.options["layer"]].shape[1:3]
        touching = feature_patches.touching(
            scale.hole[..., 0], shape, self.options["patch"], self.options["stride"]
        )

        def energy(pixels):
            completed = composite(image, pixels[None], hole)
            features = self.features(states, completed)
            total, terms = self.energy(
                {
                    "completed": completed,
                    "features": features,
                    "guess": guess,
                    "guess_features": guessed,
                    "hole": hole,
                    "patches": self.patches(features)[None],
                    "matched_patches": scale.matched[None],
                    "patch_weight": touching[None],
                }
            )
            return total, {label: term[0] for label, term in terms.items()}

        return energy

    def advance(self, states: States, progress: Progress) -> Progress:
        """Run one chunk of iterations of every image at the current scale, see ``System``."""
        at_level = [
            lambda one, n=n: self.descend(states, n, one) for n in range(len(progress.scales))
        ]

        def one(progress):
            return jax.lax.cond(
                progress.done, lambda p: p, lambda p: jax.lax.switch(p.level, at_level, p), progress
            )

        # One image after the other: vmap would compute every scale for every image.
        return jax.lax.map(one, progress)

    def descend(self, states: States, level: int, one: Progress) -> Progress:
        """Run a chunk of iterations at a scale; after the last, enter the next scale."""
        scale = one.scales[level]
        search = latent_inpainting.advance(
            scale.search,
            self.loss(states, scale),
            tx=self.tx,
            project=latent_inpainting.unconstrained,
            num_steps=self.options["iterations"],
            chunk=self.chunk,
        )
        one = _with_scale(one, level, scale._replace(search=search))
        if level == 0:
            return one._replace(done=search.done)
        entered = lambda one: self.enter(states, level - 1, one)._replace(level=one.level - 1)  # noqa: E731
        return jax.lax.cond(search.done, entered, lambda one: one, one)

    def finish(self, states: States, progress: Progress) -> Completion:
        """Return the answers, see ``System``; traces run through the scales, coarse to fine."""
        del states
        finest = progress.scales[0]
        images = composite(
            finest.image, jnp.clip(finest.search.best_latent, -1.0, 1.0), finest.hole
        )
        searches = [scale.search for scale in reversed(progress.scales)]
        traces = {
            name: jnp.concatenate(
                [search.trace[name][:, : self.options["iterations"]] for search in searches], 1
            )
            for name in searches[0].trace
        }
        spent = jnp.cumsum(jnp.stack([search.evaluations for search in searches], 1), 1)
        before = jnp.pad(spent, ((0, 0), (1, 0)))[:, :-1].astype(jnp.float32)
        traces["evaluations"] += jnp.repeat(before, self.options["iterations"], axis=1)
        losses = {name: value[:, None] for name, value in finest.search.best.items()}
        return Completion(images[:, None], losses, traces, spent[:, -1])


def _with_scale(one: Progress, level: int, scale: Scale) -> Progress:
    return one._replace(scales=(*one.scales[:level], scale, *one.scales[level + 1 :]))
