"""The floors of every table: a trained method must beat them to justify its training."""

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.blending import poisson_blend
from inpaint_jax.compositing import fill
from inpaint_jax.errors import InputError
from inpaint_jax.optimization.state import NetworkState, TrainState
from inpaint_jax.systems.interface import Stage, System
from inpaint_jax.systems.parts.feed_forward import single_pass
from inpaint_jax.systems.parts.membrane import membrane


def mean() -> System:
    """Fill the hole with the mean colour of the known pixels of the image or completed window."""

    def paint(states, images, hole):
        del states
        known = 1.0 - hole
        total = (known * fill(images, hole)).sum((1, 2), keepdims=True)
        return jnp.broadcast_to(
            total / jnp.maximum(known.sum((1, 2), keepdims=True), 1.0), images.shape
        )

    def host(image, hole):
        return np.broadcast_to(image[hole[..., 0] < 0.5].mean(0, dtype=np.float64), image.shape)

    return single_pass(paint)._replace(host=host)


def harmonic() -> System:
    """Fill the hole with a membrane, the smoothest surface through its border.

    This equals blending with constant guidance.
    """

    def paint(states, images, hole):
        del states
        return poisson_blend(images, jnp.zeros_like(images), hole)

    def host(image, hole):
        return membrane(image, hole[..., 0] > 0.5)

    return single_pass(paint)._replace(host=host)


def nearest(*, images: int = 1000) -> System:
    """Paste the hole of the nearest training image, by squared error over the known pixels.

    Args:
      images: size of the gallery. The stage "gallery" stores a batch per step, and replaces the
        oldest images when the gallery is full. As a method (``--against=nearest``) it searches all
        training images, or a limited number, as in ``nearest?images=1000``.
    """
    capacity = images

    def init(key, batch, earlier):
        del earlier
        gallery = jnp.zeros((capacity, *batch["image"].shape[1:]))
        filled = {"filled": jnp.zeros((), jnp.int32)}
        return TrainState(
            jnp.zeros((), jnp.int32), key, {"gallery": NetworkState(gallery, {}, ())}, filled
        )

    def step(state, batch, earlier, *, axis_name=None):
        del earlier
        images = batch["image"]
        if axis_name is not None:
            images = jax.lax.all_gather(images, axis_name, tiled=True)
        filled = state.schedule["filled"]
        rows = (filled + jnp.arange(len(images))) % capacity
        gallery = state.networks["gallery"]
        gallery = gallery._replace(params=gallery.params.at[rows].set(images))
        filled = filled + len(images)
        state = state._replace(
            step=state.step + 1, networks={"gallery": gallery}, schedule={"filled": filled}
        )
        return state, {"images": jnp.minimum(filled, capacity).astype(jnp.float32)}

    def paint(states, images, hole):
        gallery = states["gallery"].networks["gallery"].params
        if gallery.shape[1:] != images.shape[1:]:
            raise InputError(
                f"the gallery holds images of {gallery.shape[1:]}, but the damaged "
                f"image is {images.shape[1:]}"
            )
        filled = states["gallery"].schedule["filled"]

        def compare(best, candidate):  # one gallery image at a time: memory stays constant
            index, stored = candidate
            distance = ((1.0 - hole) * jnp.square(fill(images, hole) - stored[None])).sum((1, 2, 3))
            distance = jnp.where(index < filled, distance, jnp.inf)
            return jax.tree.map(
                lambda new, old: jnp.where(distance < best[0], new, old), (distance, index), best
            ), None

        start = (jnp.full(len(images), jnp.inf), jnp.zeros(len(images), jnp.int32))
        (_, chosen), _ = jax.lax.scan(
            compare, start, (jnp.arange(capacity, dtype=jnp.int32), gallery)
        )
        return gallery[chosen]

    return single_pass(paint, Stage("gallery", init, step))
