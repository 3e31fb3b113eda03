"""Completion from the image's own patches (Wexler et al. 2007; PatchMatch, Barnes et al. 2009)."""

import functools

from inpaint_jax.systems.exemplar.completion import exemplar
from inpaint_jax.systems.exemplar.distances import squared_difference
from inpaint_jax.systems.exemplar.sweep import Method, Sweep, variance_of
from inpaint_jax.systems.exemplar.texture import with_texture
from inpaint_jax.systems.exemplar.votes import vote
from inpaint_jax.systems.interface import System


def build(
    *,
    patch: int = 7,
    levels: int | None = None,
    nnf: str = "auto",
    passes: int = 2,
    first_sweeps: int = 10,
    sweeps: int = 5,
    confidence: float = 1.3,
    sharp: bool = False,
    texture: float = 1.0,
) -> System:
    """PatchMatch hole filling: patches are compared by colour, and the neighbours' colours averaged.

    Args:
      patch: see ``exemplar``, as the next six.
      levels: scales.
      nnf: "exact", "patchmatch" or "auto".
      passes: of the randomised field in a sweep.
      first_sweeps: at the coarsest scale.
      sweeps: at each finer scale.
      confidence: what a pixel counts less for every pixel that it lies inside the hole.
      sharp: let the last sweep take the weightiest vote instead of the mean: sharper to look at,
        and further from the truth.
      texture: weight of the mean steps around a pixel beside the colours, in the comparison of
        patches; 0 compares colours alone.

    Raises:
      InputError: options out of range.
    """

    def paint(sweep: Sweep):
        return vote(
            sweep.field,
            sweep.stack,
            sweep.known,
            sweep.depth > 0.5,
            sweep.image,
            patch=sweep.patch,
            variance=variance_of(sweep),
            confidence=sweep.trust,
            sharp=sweep.last & sharp,
        )

    method = Method(lambda image: image, squared_difference(), paint)
    if texture:
        method = method._replace(extend=functools.partial(with_texture, weight=texture), extra=2)
    return exemplar(
        method,
        patch=patch,
        levels=levels,
        nnf=nnf,
        passes=passes,
        first_sweeps=first_sweeps,
        sweeps=sweeps,
        confidence=confidence,
    )
