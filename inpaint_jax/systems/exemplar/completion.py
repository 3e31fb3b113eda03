"""Systems that complete an image from its own patches: expectation maximisation, coarse to fine.

A sweep finds a neighbour among the known patches for every patch that overlaps the hole, and lets
these neighbours repaint the hole (Wexler et al. 2007). The method defines the comparison of patches
and the painting.
"""

import functools
import inspect
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inpaint_jax.blending import poisson_blend
from inpaint_jax.compositing import composite, fill
from inpaint_jax.errors import InputError
from inpaint_jax.systems.exemplar import nearest_field, patches, pyramid
from inpaint_jax.systems.exemplar.nearest_field import Field, Sources, Target, nothing
from inpaint_jax.systems.exemplar.onion import onion
from inpaint_jax.systems.exemplar.randomised_field import randomised
from inpaint_jax.systems.exemplar.sweep import Method, Sweep, enlarge_field, is_complete, usable
from inpaint_jax.systems.interface import Completion, System
from inpaint_jax.types import Hole, Image

FIELDS = ("auto", "exact", "patchmatch")
EXACT_UP_TO = 128 * 128  # source pixels, with "auto"
SMALL = 32  # pixels; scales with a shorter side up to this use patches of at most 5


class Progress(NamedTuple):
    """Images between coarse and fine; tuples have the finest scale first."""

    depths: tuple[jax.Array, ...]  # [B, H, W], see ``pyramid.depth``; 0 where a pixel is known
    sources: tuple[jax.Array, ...]  # [B, H, W], 1 where a pixel may belong to a source
    images: tuple[jax.Array, ...]  # [B, H, W, C], the estimates
    fields: tuple[Field, ...]  # [B, rows, columns]
    level: jax.Array  # int32 [B]
    entering: jax.Array  # bool [B], vote with the coarser level's field before the search
    left: jax.Array  # int32 [B], remaining sweeps at this level
    keys: jax.Array  # [B]
    done: jax.Array  # [B]


def exemplar(
    method: Method,
    *,
    patch: int = 7,
    levels: int | None = None,
    nnf: str = "auto",
    passes: int = 2,
    first_sweeps: int = 10,
    sweeps: int = 5,
    confidence: float = 1.3,
) -> System:
    """Build the system of a method.

    An image begins at its coarsest scale, from an onion peel. If fewer than 64 patches are fully
    known, all patches become sources, and only known pixels are compared and copied. If that
    happens at the finest scale, as with random pixels, the image begins at the finest scale, from
    the harmonic surface.

    Args:
      method: how patches are compared, and how a sweep paints.
      patch: side of a patch, odd; at most 5 at scales of up to 32 pixels.
      levels: number of scales; None: down to 16 pixels.
      nnf: field of nearest neighbours: "exact", "patchmatch" (randomised), or "auto": exact up to
        128 x 128 source pixels.
      passes: passes of the randomised field per sweep; each sweep continues from the previous one.
        5 passes instead of 2 change a completion by less than 0.01 dB.
      first_sweeps: number of sweeps at the scale where an image begins.
      sweeps: number of sweeps at each finer scale.
      confidence: divides the weights of a pixel once per pixel of depth in the hole: its weight in
        the comparison of patches, and the weight of votes of the patch around it. Known content
        thus grows inwards (Wexler et al. 2007, section 3.2, for votes). 1: equal weights.

    Returns:
      A system of any image size, without stages. A chunk of ``advance`` is one sweep.

    Raises:
      InputError: options out of range; later, an image smaller than a patch.
    """
    if nnf not in FIELDS:
        raise InputError(f"unknown nnf {nnf!r}; known: {', '.join(FIELDS)}")
    if patch < 3 or patch % 2 == 0:
        raise InputError(f"patch must be odd and at least 3, got {patch}")
    if confidence < 1:
        raise InputError(f"confidence must be at least 1, got {confidence}")
    for name, number in (
        ("levels", levels),
        ("passes", passes),
        ("first_sweeps", first_sweeps),
        ("sweeps", sweeps),
    ):
        if number is not None and number < 1:
            raise InputError(f"{name} must be at least 1, got {number}")

    def side(shape):
        return min(patch, 5) if min(shape) <= SMALL else patch

    def trust_at(depth):
        return jnp.maximum(confidence**-depth, 1e-20)

    def begin(states, images: Image, hole: Hole, keys, k):
        del states, k
        coarsest = _shapes(images.shape[1:3], levels)[-1]
        if min(coarsest) < side(coarsest):
            raise InputError(
                f"an image of {images.shape[1:3]} pixels is smaller than a patch of "
                f"{side(coarsest)} at its coarsest scale {coarsest}: choose a "
                "smaller patch or fewer levels"
            )
        return jax.lax.map(lambda one: start(*one), (fill(images, hole), hole[..., 0], keys))

    def start(image, hole, key):
        known = (hole <= 0.5).astype(jnp.float32)
        scales, whole = [(method.extend(image, known), known)], [known]
        for _ in _shapes(image.shape[:2], levels)[1:]:
            scales.append(pyramid.halve(*scales[-1]))
            whole.append(pyramid.halve_whole(whole[-1]))
        last = len(scales) - 1
        complete = [is_complete(known, side(known.shape)) for _, known in scales]

        scattered, (coarse, coarse_known) = ~complete[0], scales[last]

        def harmonic(image, known):
            return poisson_blend(
                image[None], jnp.zeros_like(image)[None], 1.0 - known[None, ..., None]
            )[0]

        def at_finest():
            return (harmonic(*scales[0]), *(image for image, _ in scales[1:]))

        def at_coarsest():
            peel = lambda image, known: onion(image, known, patch=side(known.shape))  # noqa: E731
            guess = jax.lax.cond(complete[last], peel, harmonic, coarse, coarse_known)
            return (*(image for image, _ in scales[:last]), guess)

        return Progress(
            depths=tuple(pyramid.depth(known) for _, known in scales),
            sources=tuple(
                jnp.where(is_complete(sure, side(sure.shape)), sure, known)
                for sure, (_, known) in zip(whole, scales, strict=True)
            ),
            images=jax.lax.cond(scattered, at_finest, at_coarsest),
            fields=tuple(
                nothing(patches.grid(known.shape, side(known.shape))) for _, known in scales
            ),
            level=jnp.where(scattered, 0, last),
            entering=jnp.zeros((), bool),
            left=jnp.asarray(first_sweeps),
            keys=key,
            done=jnp.zeros((), bool),
        )

    def advance(states, progress):
        del states
        at_level = [lambda one, n=n: sweep(n, one) for n in range(len(progress.depths))]

        def one(progress):
            return jax.lax.cond(
                progress.done, lambda p: p, lambda p: jax.lax.switch(p.level, at_level, p), progress
            )

        # One image after the other: vmap would compute every scale for every image.
        return jax.lax.map(one, progress)

    def sweep(level, one: Progress) -> Progress:
        depth, image = one.depths[level], one.images[level]
        known, n = (depth < 0.5).astype(jnp.float32), side(depth.shape)
        stack, stack_known = method.copies(image, one.sources[level])
        rows, columns = patches.grid(depth.shape, n)
        trust = trust_at(depth)[n // 2 :, n // 2 :][:rows, :columns]
        last = (one.left == 1) & (level == 0)
        key, sampling = jax.random.split(one.keys)
        view = Sweep(
            image,
            depth,
            patches.counts(known, n) < n * n,
            one.fields[level],
            stack,
            stack_known,
            n,
            trust,
            last,
        )
        valid = usable(stack_known, n)
        view = view._replace(
            field=jax.lax.cond(
                one.entering, lambda: only(valid, view.field), lambda: search(sampling, view, valid)
            )
        )
        painted = jnp.where(depth[..., None] > 0.5, method.paint(view), image)
        one = one._replace(
            images=_put(one.images, level, painted),
            fields=_put(one.fields, level, view.field),
            entering=jnp.zeros((), bool),
            left=one.left - 1,
            keys=key,
            done=last,
        )
        if level == 0:
            return one
        return jax.lax.cond(
            one.left == 0, lambda one: refine(level, view, one), lambda one: one, one
        )

    def search(key, view: Sweep, valid) -> Field:
        """Find the neighbours (E-step)."""
        planes = jax.vmap(method.planes)(view.stack)
        sources = Sources(planes, view.known, valid)
        target = Target(planes[0], trust_at(view.depth), view.wanted)
        if nnf == "exact" or (nnf == "auto" and view.known.size <= EXACT_UP_TO):
            return nearest_field.exact(target, sources, method.comparison, patch=view.patch)
        start = view.field.source
        return randomised(
            key, target, sources, method.comparison, start, patch=view.patch, passes=passes
        )

    def refine(level, coarse: Sweep, one: Progress) -> Progress:
        """Enter the next finer scale: double the displacements, and vote with them first."""
        depth = one.depths[level - 1]
        n = side(depth.shape)
        guess = pyramid.enlarge(one.images[level], *depth.shape)
        image = jnp.where(depth[..., None] > 0.5, guess, one.images[level - 1])
        return one._replace(
            images=_put(one.images, level - 1, image),
            fields=_put(
                one.fields, level - 1, enlarge_field(coarse, patches.grid(depth.shape, n), n)
            ),
            entering=jnp.ones((), bool),
            level=one.level - 1,
            left=jnp.asarray(sweeps + 1),
        )

    def finish(states, progress):
        del states
        hole = jnp.minimum(progress.depths[0], 1.0)[..., None]
        images = progress.images[0]
        images = images[..., : images.shape[-1] - method.extra]
        return Completion(composite(images, jnp.clip(images, -1.0, 1.0), hole)[:, None], {}, {})

    return System(None, (), begin, advance, finish, most=1)


def completed_by(method: Callable[..., Method]) -> Callable[..., System]:
    """Make the builder of a baseline from the builder of its method.

    Args:
      method: keyword-only options -> the method.

    Returns:
      A function of these options and the options of ``exemplar``; the signature names all of them.
    """
    own, shared = (
        {name: p for name, p in inspect.signature(f).parameters.items() if p.kind is p.KEYWORD_ONLY}
        for f in (method, exemplar)
    )

    @functools.wraps(method)
    def build(**options):
        chosen = {name: options.pop(name) for name in own if name in options}
        return exemplar(method(**chosen), **options)

    vars(build)["__signature__"] = inspect.Signature([*own.values(), *shared.values()])
    return build


def _shapes(shape: tuple[int, ...], levels: int | None) -> list[tuple[int, int]]:
    """List the sizes of the scales, finest first."""
    count = pyramid.levels(*shape) if levels is None else levels
    return [(-(-shape[0] // 2**n), -(-shape[1] // 2**n)) for n in range(count)]


def only(valid: jax.Array, field: Field) -> Field:
    """Keep only neighbours that may be sources."""
    return field._replace(distance=jnp.where(valid.ravel()[field.source], field.distance, jnp.inf))


def _put(values: tuple, index: int, value) -> tuple:
    return (*values[:index], value, *values[index + 1 :])
