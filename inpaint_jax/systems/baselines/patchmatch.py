"""Completion from the image's own patches (Wexler et al. 2007; PatchMatch, Barnes et al. 2009)."""

import functools

from inpaint_jax.errors import InputError
from inpaint_jax.systems.exemplar.completion import completed_by
from inpaint_jax.systems.exemplar.distances import squared_difference
from inpaint_jax.systems.exemplar.sweep import Method, Sweep, variance_of
from inpaint_jax.systems.exemplar.texture import with_texture
from inpaint_jax.systems.exemplar.votes import vote


@completed_by
def build(*, sharp: bool = False, texture: float = 1.0) -> Method:
    """Build PatchMatch hole filling: compare patches by colour, average the neighbours' colours.

    Takes the options of ``exemplar`` too.

    Args:
      sharp: let the last sweep take the vote of greatest weight instead of the mean. The result
        looks sharper, and is further from the truth.
      texture: weight of the mean steps around a pixel relative to colours in the comparison of
        patches; 0 compares colours alone.

    Raises:
      InputError: options out of range.
    """
    if texture < 0:
        raise InputError(f"texture must be at least 0, got {texture}")

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
    return method
