"""Systems that compute on the host, one image at a time."""

from collections.abc import Callable

import jax
import numpy as np

from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts.feed_forward import single_pass

OnHost = Callable[[np.ndarray, np.ndarray], np.ndarray]


def on_host(complete: OnHost, *, supports: Callable[..., str | None] = lambda hole: None) -> System:
    """Make the system of a method that uses NumPy, OpenCV or the like.

    Args:
      complete: ``(image [H, W, C] in [-1, 1], 0 inside the hole, hole [H, W, 1]) -> [H, W, C]``;
        only pixels inside the hole are used.
      supports: see ``System``.

    Returns:
      A system of any size. A ``run`` on the host calls ``complete`` directly (``System.host``);
      compiled programs call back to it.
    """
    from jax.experimental.buffer_callback import buffer_callback  # experimental: only used here

    def batch(images, holes):
        pairs = zip(np.asarray(images), np.asarray(holes), strict=True)
        return np.stack([complete(image, hole) for image, hole in pairs]).astype(np.float32)

    def in_place(context, answer, images, hole):
        del context
        np.asarray(answer)[...] = batch(images, hole)

    def paint(states, images, hole):
        del states
        answer = jax.ShapeDtypeStruct(images.shape, images.dtype)
        return jax.lax.platform_dependent(
            images,
            hole,
            # pure_callback deadlocks on several CPU devices: waiting threads copy the arguments.
            cpu=buffer_callback(in_place, answer),
            default=lambda *given: jax.pure_callback(batch, answer, *given),
        )

    return single_pass(paint, supports=supports)._replace(host=complete)
