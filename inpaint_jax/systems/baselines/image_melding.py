"""Image melding, reduced to the completion of holes (Darabi et al. 2012).

The method is ``patchmatch`` with three differences. Patches are compared by colours and gradients.
A neighbour's colours are fitted to the patch's mean and contrast, within limits. The votes are
colours and gradients, from which a screened Poisson equation computes the image. The constants are
ours, because the paper's are for another colour space.
"""

import functools
import math

import jax
import jax.numpy as jnp

from inpaint_jax.blending import screened_poisson
from inpaint_jax.errors import InputError
from inpaint_jax.systems.exemplar import patches
from inpaint_jax.systems.exemplar.completion import completed_by
from inpaint_jax.systems.exemplar.distances import fitted, luma, with_gain_and_bias
from inpaint_jax.systems.exemplar.sweep import Method, Sweep, variance_of
from inpaint_jax.systems.exemplar.turned import turned
from inpaint_jax.systems.exemplar.votes import vote

GAIN, BIAS = (0.9, 1.5), (-0.2, 0.2)
TRANSFORMS = {
    "none": None,
    "rot_scale": functools.partial(
        turned, angles=(-math.pi / 8, 0.0, math.pi / 8), scales=(0.9, 1.0, 1.1)
    ),
}


@completed_by
def build(*, gradients: float = 2.0, colours: float = 0.1, transforms: str = "none") -> Method:
    """Build image melding; takes the options of ``exemplar`` too.

    Args:
      gradients: weight of the luma's derivatives relative to colours in the comparison of patches.
      colours: weight of the voted colours relative to the voted gradients in the image.
      transforms: transforms of the sources, besides gain and bias: "none", or "rot_scale", turned
        by 22.5 degrees either way and scaled to 0.9 and 1.1.

    Raises:
      InputError: options out of range.
    """
    if transforms not in TRANSFORMS:
        raise InputError(f"unknown transforms {transforms!r}; known: {', '.join(TRANSFORMS)}")
    if gradients < 0 or colours <= 0:
        raise InputError(
            f"gradients must be at least 0 and colours above 0, got {gradients} and {colours}"
        )

    def planes(image):
        derivatives = differences(luma(image)[..., None])
        return jnp.concatenate([image, *(gradients * derivative for derivative in derivatives)], -1)

    def paint(sweep: Sweep):
        channels = sweep.image.shape[-1]
        gain, bias = fits(sweep)
        hole = sweep.depth > 0.5
        # A step into the hole belongs to the known pixel on the left or above.
        beside = jnp.pad(hole[:, 1:], ((0, 0), (0, 1))) | jnp.pad(hole[1:], ((0, 1), (0, 0)))
        votes = vote(
            sweep.field,
            jnp.concatenate([sweep.stack, *jax.vmap(differences)(sweep.stack)], -1),
            sweep.known,
            hole | beside,
            jnp.concatenate([sweep.image, *differences(sweep.image)], -1),
            patch=sweep.patch,
            variance=variance_of(sweep),
            confidence=sweep.trust,
            scale=jnp.concatenate([gain, gain, gain], -1),
            shift=jnp.pad(bias, ((0, 0), (0, 0), (0, 2 * channels))),
        )
        colour, rightward, downward = jnp.split(votes[None], 3, axis=-1)
        missing = hole[None, ..., None].astype(jnp.float32)
        melded = screened_poisson(
            sweep.image[None], colour, rightward, downward, missing, weight=colours
        )
        return jnp.clip(melded[0], -1.0, 1.0)

    method = Method(planes, with_gain_and_bias(GAIN, BIAS), paint)
    copies = TRANSFORMS[transforms]
    return method._replace(copies=copies) if copies else method


def fits(sweep: Sweep, chunk: int = 1024) -> tuple[jax.Array, jax.Array]:
    """Fit gain and bias of every neighbour, ``[rows, columns, C]`` each; 1 and 0 if not wanted."""
    size, channels = sweep.wanted.size, sweep.image.shape[-1]
    positions, count = patches.listed(sweep.wanted, chunk)
    sources = jnp.concatenate([sweep.stack, sweep.known[..., None]], -1)

    def fit(number, anchors):
        del number
        target = patches.gather(sweep.image[None], anchors, sweep.patch)
        found = sweep.field.source.ravel()[jnp.minimum(anchors, size - 1)]
        source = patches.gather(sources, found, sweep.patch)
        return fitted(target, source[..., :-1], source[..., -1], GAIN, BIAS)

    def neutral(length):
        return jnp.ones((length, channels)), jnp.zeros((length, channels))

    fitting = patches.chunked(fit, neutral(len(positions)), positions, count, chunk)
    gain, bias = (
        whole.at[positions].set(part, mode="drop").reshape(*sweep.wanted.shape, channels)
        for whole, part in zip(neutral(size), fitting, strict=True)
    )
    return gain, bias


def differences(image: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Compute steps to the right and down, ``[H, W, C]`` each; 0 in the last column and row."""
    return (
        jnp.pad(image[:, 1:] - image[:, :-1], ((0, 0), (0, 1), (0, 0))),
        jnp.pad(image[1:] - image[:-1], ((0, 1), (0, 0), (0, 0))),
    )
